import itertools
import json
import re
import time

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from digit_core.datasets.loading import load_dataset
from digit_core.jobs import trainings
from digit_core.jobs.background_task import BackgroundTask, TaskStatus
from digit_core.runs.active_run import activate
from digit_core.runs.run import SHIPPED, Run, open_run
from digit_core.storage import paths
from pages.components.filters import with_article
from pages.components.image_grid import PER_PAGE
from tests.constructed import refresh_config
from tests.pages.conftest import click_matrix, go_to, grid_html, matrix, texts, trigger
from tests.waiting import wait_for

_FOUND = open_run(SHIPPED).predictions()
MISCLASSIFIED = int((_FOUND.predicted != _FOUND.labels).sum())


@pytest.fixture
def with_mnist(mnist, monkeypatch):
    monkeypatch.setenv("DIGITS_MNIST", str(mnist))


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits")


@pytest.fixture
def digits_run(add_run, digits):
    """Add a run on the bundled digits that predicts 5 for every fourth 3 and 9 for every 8."""

    def add(name: str, *, mistakes: bool = True) -> Run:
        run = add_run(name)
        document = json.loads((run.path / "config.json").read_text())
        document["config"]["data"] = "digits"
        (run.path / "config.json").write_text(json.dumps(document))
        labels = digits.y_test
        predicted = labels.copy()
        if mistakes:
            predicted[np.flatnonzero(labels == 3)[::4]] = 5
            predicted[labels == 8] = 9
        confidence = np.linspace(0.5, 0.99, len(labels))
        probabilities = np.repeat((1 - confidence[:, None]) / 9, 10, 1).astype(np.float32)
        probabilities[np.arange(len(labels)), predicted] = confidence
        np.savez(run.path / "predictions.npz", probabilities=probabilities, labels=labels)
        refresh_config(run.path)
        return Run(run.path)

    return add


@pytest.fixture
def at_once(monkeypatch):
    """The page waits for the features, which are otherwise computed while it is shown."""
    start = BackgroundTask.start

    def and_wait(self):
        start(self)
        wait_for(lambda: not self.is_active())

    monkeypatch.setattr(BackgroundTask, "start", and_wait)


def cards(app) -> list[tuple[int, int, int]]:
    """Index, label and predicted digit of each card in the grid."""
    descriptions = re.findall(r'alt="Test image (\d+): an? (\d), predicted as (\d), [^"]+% sure"', grid_html(app))
    return [tuple(map(int, description)) for description in descriptions]


def indices(app) -> list[int]:
    return [index for index, *_ in cards(app)]


def pairs(app) -> set[tuple[int, int]]:
    """True and predicted digit of the images in the grid."""
    return {(label, predicted) for _, label, predicted in cards(app)}


def html(app) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def everything(app) -> str:
    """All texts, those of the dialog too."""
    kinds = ("markdown", "caption", "info", "warning", "error")
    return texts(app) + "\n".join(element.value for kind in kinds for element in getattr(app, kind))


def all_pages(app) -> list[int]:
    """The indices of the images on all pages of the grid."""
    seen = indices(app)
    while any(button.label == "Next" and not button.disabled for button in app.main.button):
        next(button for button in app.main.button if button.label == "Next").click().run()
        seen += indices(app)
    return seen


def test_without_mnist_the_matrix_is_shown_and_three_ways_to_images(open_page, no_mnist):
    app = open_page("mistakes", image="3")
    assert "not on this machine yet" in texts(app)
    assert f"{MISCLASSIFIED} misclassified" in matrix(app)["description"]
    assert {"Download MNIST", "Train on the bundled digits"} <= {button.label for button in app.main.button}
    assert "upload mnist.npz" in app.get("file_uploader")[0].label
    assert not app.get("dialog")


def test_mnist_can_be_uploaded(open_page, no_mnist, mnist):
    app = open_page("mistakes")
    app.get("file_uploader")[0].set_value(("mnist.npz", mnist.read_bytes(), "application/octet-stream")).run()
    assert not app.exception
    assert len(cards(app)) == MISCLASSIFIED


def test_another_file_is_refused_with_a_sentence(open_page, no_mnist):
    app = open_page("mistakes")
    app.get("file_uploader")[0].set_value(("mnist.npz", b"nonsense", "application/octet-stream")).run()
    assert "This file is not MNIST as published" in texts(app)
    assert not app.exception
    assert "Download MNIST" in [button.label for button in app.main.button]


def test_training_on_the_bundled_digits_starts_at_a_click(open_page, no_mnist, monkeypatch):
    configs = []
    monkeypatch.setattr(trainings, "start", configs.append)
    app = open_page("mistakes")
    next(button for button in app.main.button if button.label == "Train on the bundled digits").click().run()
    assert not app.exception
    assert [config.data for config in configs] == ["digits"]


def test_every_mistake_is_shown_most_confident_first(open_page, digits_run):
    predictions = digits_run("20260301-120000-quick").predictions()
    app = open_page("mistakes")
    wrong = np.flatnonzero(predictions.predicted != predictions.labels)
    assert f"**{len(wrong)}** of 359" in texts(app)
    assert all_pages(app) == sorted(wrong, key=lambda index: -predictions.probabilities[index].max())


def test_the_shipped_runs_mistakes_are_shown(open_page, with_mnist):
    app, predictions = open_page("mistakes"), open_run(SHIPPED).predictions()
    wrong = set(np.flatnonzero(predictions.predicted != predictions.labels))
    assert set(all_pages(app)) == wrong
    for index, label, predicted in cards(app):
        assert (label, predicted) == (predictions.labels[index], predictions.predicted[index])


@pytest.mark.parametrize(("index", "is_warned"), [(6651, True), (0, False)])
def test_a_confirmed_label_error_is_warned_of(open_page, with_mnist, monkeypatch, index, is_warned):
    # The features of 60,000 images are not computed for this.
    monkeypatch.setattr(BackgroundTask, "watch", lambda self: TaskStatus(state="running", message="Computing"))
    app = open_page("mistakes")
    app.number_input(key="gallery_number").set_value(index).run()
    assert ("they saw a 6 (Northcutt" in everything(app)) == is_warned


def test_the_boxes_select_exactly_the_images_of_a_cell(open_page, digits_run):
    predictions = digits_run("20260301-120000-quick").predictions()
    app = open_page("mistakes")
    app.selectbox(key="true_digit").select(3).run()
    assert pairs(app) == {(3, 5)}
    assert app.query_params["true"] == "3"
    app.selectbox(key="predicted_digit").select(5).run()
    cell = np.flatnonzero((predictions.labels == 3) & (predictions.predicted == 5))
    assert set(indices(app)) == set(cell)
    assert "Images of a 3 predicted as 5" in texts(app)
    app.selectbox(key="predicted_digit").select(7).run()
    assert "No images match" in texts(app)
    next(button for button in app.button if button.label == "Show all").click().run()
    assert pairs(app) == {(3, 5), (8, 9)}
    assert "true" not in app.query_params
    assert app.selectbox(key="true_digit").value == "any"


def test_a_cell_of_the_diagonal_shows_the_correct_predictions(open_page, digits_run):
    predictions = digits_run("20260301-120000-quick").predictions()
    app = open_page("mistakes", true="3", predicted="3")
    right = np.flatnonzero((predictions.labels == 3) & (predictions.predicted == 3))
    assert set(indices(app)) == set(right)


def test_all_images_are_shown_a_page_at_a_time(open_page, digits_run):
    predictions = digits_run("20260301-120000-quick").predictions()
    app = open_page("mistakes", show="all", sort="index")
    assert len(cards(app)) == PER_PAGE
    assert all_pages(app) == list(range(359))
    # Another order starts at its first page.
    app.selectbox(key="gallery_sort").select("loss").run()
    assert indices(app)[0] == np.flatnonzero(predictions.predicted != predictions.labels)[-1]
    assert app.query_params["sort"] == "loss"


def test_a_run_without_mistakes_has_no_images_to_show(open_page, digits_run):
    digits_run("20260301-120000-quick", mistakes=False)
    app = open_page("mistakes")
    assert "**0** of 359" in texts(app)
    assert "No image is misclassified." in texts(app)
    assert "No images match" in texts(app)


def test_the_matrix_has_a_description_for_each_cell_and_frames_the_selected_one(open_page, digits_run):
    predictions = digits_run("20260301-120000-quick").predictions()
    shown = matrix(open_page("mistakes", true="8", predicted="9"))
    assert "Confusion matrix" in shown["description"]
    assert len(shown["cells"]) == 100
    assert [cell["description"] for cell in shown["cells"] if cell["edge"] != "transparent"] == [
        f"8 predicted as 9: {int((predictions.labels == 8).sum())} images"
    ]


def test_a_click_selects_a_cell_and_a_second_one_gives_it_up(open_page, digits_run):
    digits_run("20260301-120000-quick")
    app = open_page("mistakes")
    assert pairs(click_matrix(app, 3, 5)) == {(3, 5)}
    assert (app.query_params["true"], app.query_params["predicted"]) == ("3", "5")
    assert pairs(click_matrix(app, 3, 5)) == {(3, 5), (8, 9)}
    assert app.selectbox(key="true_digit").value == "any"


@pytest.mark.parametrize("value", [None, "x", [3], [3, 10], [-1, 5], [True, 5], [3.0, 5], {"a": 1}])
def test_anything_else_that_a_browser_sends_selects_nothing(open_page, digits_run, value):
    digits_run("20260301-120000-quick")
    app = open_page("mistakes")
    trigger(
        app,
        next(c.proto.id for c in app.get("bidi_component") if "confusion" in c.proto.component_name),
        "clicked",
        value,
    )
    assert not app.exception
    assert "true" not in app.query_params


def late(app: AppTest, **address: str) -> AppTest:
    """The browser has not received the last change: it sends that address with the next click."""
    app.query_params.clear()
    app.query_params.update(address)
    return app


def test_a_click_with_a_late_address_undoes_nothing(open_page, digits_run):
    digits_run("20260301-120000-quick")
    app = open_page("mistakes")
    app.selectbox(key="true_digit").select(8).run()
    late(app).main.segmented_control(key="gallery_show").set_value("all").run()
    assert (app.query_params["true"], app.query_params["show"]) == ("8", "all")
    late(app, run="20260301-120000-quick", true="8").selectbox(key="predicted_digit").select(9).run()
    assert (app.query_params["true"], app.query_params["predicted"], app.query_params["show"]) == ("8", "9", "all")


def test_a_click_with_late_boxes_undoes_nothing(open_page, digits_run):
    digits_run("20260301-120000-quick")
    app = open_page("mistakes")
    boxes = [
        state for state in app._tree.get_widget_states().widgets if state.id.endswith(("true_digit", "predicted_digit"))
    ]
    assert len(boxes) == 2
    click_matrix(app, 3, 5)
    states = app._tree.get_widget_states()
    for state, old in itertools.product(states.widgets, boxes):
        if state.id == old.id:
            state.CopyFrom(old)
    app._run(states)
    assert pairs(app) == {(3, 5)}


def test_an_address_that_is_new_is_followed(open_page, digits_run):
    digits_run("20260301-120000-quick")
    app = open_page("mistakes")
    app.selectbox(key="true_digit").select(8).run()
    late(app, true="3").run()
    assert pairs(app) == {(3, 5)}


def test_after_a_while_a_former_address_is_no_longer_late(open_page, digits_run, monkeypatch):
    digits_run("20260301-120000-quick")
    app = open_page("mistakes", true="3")
    app.selectbox(key="true_digit").select(8).run()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 60)
    late(app, true="3").run()
    assert pairs(app) == {(3, 5)}


def test_invalid_values_in_the_address_give_messages_and_the_run_stays(open_page, digits_run):
    digits_run("20260301-120000-quick")
    name = digits_run("20260201-120000-quick").name
    app = open_page("mistakes", run=name, true="17", image="359", sort="best")
    assert texts(app).count("in the address must be") == 3
    assert pairs(app) == {(3, 5), (8, 9)}
    app.selectbox(key="true_digit").select(8).run()
    assert app.query_params["run"] == name
    assert app.main.selectbox[0].value == name
    assert pairs(app) == {(8, 9)}


def test_the_view_is_restored_on_coming_back_to_the_page(open_page, digits_run):
    name = digits_run("20260201-120000-quick").name
    app = open_page("mistakes", run=name, true="8", image="1")
    go_to(app, "results")
    for key in list(app.query_params):  # as Streamlit does on the way to another page
        del app.query_params[key]
    go_to(app, "mistakes")
    assert app.query_params["run"] == name
    assert pairs(app) == {(8, 9)}
    assert not app.get("dialog")


def test_an_image_is_opened_by_its_number_and_the_next_one_by_a_button(open_page, digits_run, digits):
    run = digits_run("20260301-120000-quick")
    other = digits_run("20260201-120000-quick", mistakes=False)
    index = int(np.flatnonzero(digits.y_test == 8)[0])
    app = open_page("mistakes", sort="index")
    app.number_input(key="gallery_number").set_value(index).run()
    assert app.query_params["image"] == str(index)
    assert app.get("dialog")
    assert f"No. {index}: an 8, predicted as 9 — misclassified" in everything(app)
    assert "Occlusion map." in html(app)
    assert "1 of 1 correct" in everything(app)
    assert other.name not in everything(app)
    assert f"9: {run.predictions().probabilities[index, 9]:.1%}" in html(app)  # as stored with the run
    next(button for button in app.button if button.label == "Next image").click().run()
    shown = indices(app)
    assert app.query_params["image"] == str(shown[shown.index(index) + 1])


def test_five_neighbours_are_shown_once_all_features_are_computed(open_page, digits_run, at_once):
    digits_run("20260301-120000-quick")
    app = open_page("mistakes", image="0")
    app.run()
    assert not app.exception
    assert html(app).count('data-testid="neighbour"') == 5
    assert len(list(paths.features_folder().glob("*.npy"))) == 1


def test_a_disk_that_cannot_be_written_affects_only_the_neighbours(open_page, digits_run, at_once):
    digits_run("20260301-120000-quick")
    paths.features_folder().write_text("a file where the folder should be")
    app = open_page("mistakes", image="0")
    assert "The nearest images could not be found." in everything(app)
    assert "could not be written" in everything(app)
    assert "Occlusion map." in html(app)
    paths.features_folder().unlink()
    next(button for button in app.button if button.label == "Try again").click().run()
    app.run()
    assert html(app).count('data-testid="neighbour"') == 5


def test_an_image_put_on_the_canvas_is_predicted_there(open_page, digits_run, digits, monkeypatch):
    digits_run("20260301-120000-quick")
    app = open_page("mistakes", image="2")
    went = []
    # AppTest knows no other pages; the browser test goes there.
    monkeypatch.setattr(st, "switch_page", went.append)
    next(button for button in app.button if button.label == "Put it on the canvas").click().run()
    assert went == ["pages/draw.py"]
    del app.query_params["image"]
    go_to(app, "draw")
    assert f"scikit-learn digits test image 2, {with_article(digits.y_test[2])}" in texts(app)
    assert 'data-testid="digit"' in html(app)


def test_the_dialog_names_the_model_that_the_canvas_really_uses(open_page, digits_run, add_run):
    digits_run("20260301-120000-quick")
    model = add_run("20260201-120000-lenet5").path / "model.tflite"
    activate("20260201-120000-lenet5")
    model.write_bytes(b"x" * model.stat().st_size)
    app = open_page("mistakes", run="20260301-120000-quick", image="2")
    assert "The canvas uses the active model, the shipped model." in everything(app)


def test_predictions_for_other_images_give_an_error(open_page, add_run, with_mnist):
    run = add_run("20260301-120000-quick")
    predictions = run.predictions()
    np.savez(run.path / "predictions.npz", probabilities=predictions.probabilities, labels=predictions.labels[::-1])
    refresh_config(run.path)
    assert "not about the test images" in texts(open_page("mistakes"))


def test_an_altered_mnist_file_gives_a_message(open_page, tmp_path, monkeypatch):
    (tmp_path / "mnist.npz").write_bytes(b"altered")
    monkeypatch.setenv("DIGITS_MNIST", str(tmp_path / "mnist.npz"))
    assert "is not MNIST as published" in texts(open_page("mistakes"))
