"""The tabs of the Results page."""

import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn import metrics

from digit_core.evaluation.label_errors import CONFIRMED
from digit_core.jobs import task_queue
from digit_core.jobs.background_task import TaskStatus
from digit_core.jobs.tasks import Point, Robustness, robustness_source, robustness_task, save_robustness
from digit_core.runs.notes import write_note
from digit_core.runs.run import SHIPPED, open_run
from tests.constructed import refresh_config
from tests.pages.conftest import grid_html, texts

OTHER = "20260101-120000-quick"


@pytest.fixture
def open_section(open_page):
    """Open the Results page with one of its tabs in front."""

    def show(section: str, run: str = SHIPPED):
        return open_page("results", run=run, tab=section.lower().replace(" ", "-"))

    return show


def charts(app) -> dict[str, str]:
    """The text alternative of each chart, by its title; the confusion matrix has none."""
    specs = [(json.loads(element.proto.spec), element.proto.alt) for element in app.get("vega_lite_chart")]
    return {spec["title"]["text"]: alternative for spec, alternative in specs if "title" in spec}


def files(app) -> set[str]:
    """The names of the CSV files that are offered."""
    return {button.proto.id.split("-csv-")[-1] for button in app.get("download_button") if "-csv-" in button.proto.id}


def damage(run, **arrays):
    """Another `predictions.npz`, sealed as if it were the run's own."""
    found = run.predictions()
    np.savez(run.path / "predictions.npz", **{"probabilities": found.probabilities, "labels": found.labels} | arrays)
    refresh_config(run.path)


def test_only_the_open_section_is_computed(open_section):
    assert charts(open_section("Overview")) == {}  # but the curves, which are a component of their own
    assert set(charts(open_section("Per-class metrics"))) == {"Precision-recall curves"}
    assert set(charts(open_section("Confidence"))) == {
        "Reliability diagram",
        "Accuracy by share rejected",
    }


@pytest.mark.parametrize("section", ["Overview", "Per-class metrics", "Confidence"])
def test_every_chart_has_a_caption_and_can_be_downloaded(open_section, section):
    app = open_section(section)
    shown = charts(app)
    assert all(len(caption) > 40 for caption in shown.values())
    assert all(caption in texts(app) for caption in shown.values())
    assert len(app.get("bidi_component")) >= len(shown)
    assert len(files(app)) >= len(shown)


def test_the_per_class_metrics_are_scikit_learns(open_section):
    found = open_run(SHIPPED).predictions()
    app = open_section("Per-class metrics")
    table = app.main.dataframe[0].value
    precision, recall, f1, support = metrics.precision_recall_fscore_support(found.labels, found.predicted)
    average = metrics.average_precision_score(np.eye(10)[found.labels], found.probabilities, average=None)
    for column, wanted in (
        ("precision", 100 * precision),
        ("recall", 100 * recall),
        ("f1", 100 * f1),
        ("images", support),
        ("average_precision", average),
    ):
        assert table[column].tolist() == wanted.tolist()
    low, high = (float(bound.rstrip("%")) for bound in table["precision_interval"][0].split(" to "))
    assert low < 100 * precision[0] < high


def test_a_run_whose_test_set_lacks_a_digit_is_shown(open_section, add_run):
    run = add_run(OTHER)
    found = run.predictions()
    some = found.labels != 4
    damage(run, probabilities=found.probabilities[some], labels=found.labels[some])
    table = open_section("Per-class metrics", OTHER).main.dataframe[0].value
    assert table["images"][4] == 0
    assert np.isnan(table["average_precision"][4])
    assert table["recall_interval"][4] == "0.00% to 100.00%"


@pytest.mark.parametrize(
    ("section", "metric", "shown"),
    [
        ("Per-class metrics", None, "Mean average precision 0.1"),
        ("Confidence", ("Calibration error, uncalibrated", "100%"), "accuracy of these images **0%**"),
        ("Label errors", ("Test accuracy", "0%"), "predicts the label of the other 0"),
    ],
)
def test_a_run_that_predicts_nothing_correctly_has_metrics_too(
    open_section, add_run, section, metric, shown, mnist, monkeypatch
):
    monkeypatch.setenv("DIGITS_MNIST", str(mnist))
    run = add_run(OTHER)
    labels = run.predictions().labels
    damage(run, probabilities=np.eye(10, dtype=np.float32)[(labels + 1) % 10])
    app = open_section(section, OTHER)
    assert not app.error
    assert shown in texts(app)
    if metric is None:
        assert app.main.dataframe[0].value["recall"].tolist() == [0] * 10
    else:
        assert metric in {(each.label, each.value) for each in app.main.metric}


def test_the_threshold_slider_shows_what_rejecting_brings(open_section):
    app = open_section("Confidence")
    assert "Coverage **9" in texts(app)
    app.main.select_slider[0].set_value(0.0).run()
    accuracy = open_run(SHIPPED).metrics.accuracy
    assert f"Coverage **100%**, accuracy of these images **{accuracy:.2%}**" in texts(app)


def test_rejecting_everything_is_shown(open_section, add_run):
    run = add_run(OTHER)
    damage(run, probabilities=np.full((len(run.predictions().labels), 10), 0.1, np.float32))
    app = open_section("Confidence", OTHER)
    assert "Coverage **0%**: no image" in texts(app)


def test_the_calibration_error_is_shown_before_and_after_calibration(open_section):
    run, app = open_run(SHIPPED), open_section("Confidence")
    shown = {metric.label: metric.value for metric in app.main.metric}
    assert shown["Calibration error, uncalibrated"] == f"{run.metrics.calibration_error:.2%}"
    assert f"at temperature {run.calibration.temperature:.2f}" in texts(app)


def test_confirmed_label_errors_are_marked(open_section, mnist, monkeypatch):
    monkeypatch.setenv("DIGITS_MNIST", str(mnist))
    app, found = open_section("Label errors"), open_run(SHIPPED).predictions()
    rest = np.delete(np.arange(len(found.labels)), list(CONFIRMED))
    shown = {metric.label: metric.value for metric in app.main.metric}
    assert shown["Without the 15"] == f"{(found.predicted == found.labels)[rest].mean():.2%}"
    assert shown["Confirmed errors in the list"].endswith(" of 15")
    app.main.get("button_group")[0].select("confirmed").run()
    marked = grid_html(app).count("label error confirmed</b>")
    assert f"{marked} of 15" == shown["Confirmed errors in the list"]
    assert grid_html(app).count("data:image/png") == marked
    assert f"{SHIPPED}-labels" in files(app)


def test_without_mnist_the_list_has_no_images(open_section, no_mnist):
    app = open_section("Label errors")
    assert "not on this machine yet" in texts(app)
    assert "labelled <b>" in grid_html(app)
    assert "<img" not in grid_html(app)


@pytest.mark.parametrize("section", ["Overview", "Per-class metrics"])
def test_a_damaged_file_gives_a_message_and_the_rest_of_the_page_is_shown(open_section, add_run, section):
    run = add_run(OTHER)
    (run.path / "predictions.npz").write_bytes(b"0" * (run.path / "predictions.npz").stat().st_size)
    app = open_section(section, OTHER)
    assert "predictions.npz cannot be read" in texts(app)
    assert "Test accuracy" in [metric.label for metric in app.main.metric]


@pytest.fixture
def started(monkeypatch) -> list:
    """The commands of the processes that would have been started; this one stands in for them."""
    commands = []

    def start(log, command):
        commands.append(command[3:])
        return SimpleNamespace(pid=os.getpid())

    monkeypatch.setattr(task_queue, "start_process", start)
    return commands


def keep_robustness_of(run, right=90):
    curves = {"rotation": [Point(strength=0, right=right), Point(strength=30, right=right - 40)]}
    save_robustness(run, Robustness(run=run.name, source=robustness_source(run), images=100, seconds=1, curves=curves))


def button(app, label):
    return next(b for b in app.main.button if b.label == label)


def test_robustness_is_measured_on_demand_and_then_shown(open_section, started):
    app, run = open_section("Robustness"), open_run(SHIPPED)
    assert "has not been measured yet" in texts(app)
    assert not charts(app)
    button(app, "Measure").click().run()
    assert not app.exception
    assert started == [("robustness", SHIPPED)]
    assert "Measure" not in [b.label for b in app.main.button]
    task = robustness_task(run)
    with task.queue.locked():
        task.queue.remove(task.path)
    task.clear_status()
    keep_robustness_of(run)
    app.run()
    assert charts(app) == {"Rotation": "The shipped model: 90% or more from 0 to 0; 50.00% at 30."}


def test_several_runs_are_in_one_chart(open_section, add_run, started):
    run = add_run(OTHER)
    keep_robustness_of(open_run(SHIPPED))
    app = open_section("Robustness")
    app.main.multiselect[0].select(OTHER).run()
    assert "**Quick, 01 Jan 12:00:00** has not been measured yet" in texts(app)
    assert len(charts(app)) == 1
    keep_robustness_of(run, right=70)
    app.run()
    assert "Quick, 01 Jan 12:00:00: below 90% everywhere." in charts(app)["Rotation"]


def test_runs_with_the_same_title_stay_two_lines_and_a_title_is_not_markdown(open_section, add_run, started):
    twin = "20260101-120000-quick-2"
    for run, right in ((add_run(OTHER), 90), (add_run(twin), 70)):
        keep_robustness_of(run, right=right)
    write_note(SHIPPED, "*best* of $5 and $6", "")
    app = open_section("Robustness")
    assert r"**\*best\* of \$5 and \$6** has not been measured yet" in texts(app)
    for name in (OTHER, twin):
        app.main.multiselect[0].select(name).run()
    caption = charts(app)["Rotation"]
    assert f"({OTHER}): 90% or more" in caption
    assert f"({twin}): below 90%" in caption


def test_a_failed_measurement_gives_a_message_and_can_be_tried_again(open_section, started):
    robustness_task(open_run(SHIPPED)).write_status(TaskStatus(state="failed", message="The disk is full."))
    app = open_section("Robustness")
    assert "The disk is full." in texts(app)
    button(app, "Try again").click().run()
    assert started == [("robustness", SHIPPED)]
    assert "The disk is full." not in texts(app)


def test_a_home_that_cannot_be_written_gives_a_message(open_section, own_home):
    own_home.write_text("a file where the folder should be")
    app = open_section("Robustness")
    button(app, "Measure").click().run()
    assert not app.exception
    assert "could not be written: part of the path is a file" in texts(app)


@pytest.mark.parametrize("section", ["Per-class metrics", "Confidence", "Label errors", "Robustness"])
def test_a_run_on_other_data_has_every_section(open_section, trained_run, no_mnist, section):
    app = open_section(section, trained_run.name)
    assert not app.main.error
    if section == "Label errors":
        assert "No label of scikit-learn digits is known to be wrong" in texts(app)
        assert "data:image/png" in grid_html(app)
