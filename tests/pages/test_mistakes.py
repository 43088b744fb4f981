import re

import numpy as np
import pytest

from digit_core.records.runs import SHIPPED, open_run, seal
from tests.pages.conftest import texts


@pytest.fixture
def with_mnist(mnist, monkeypatch):
    monkeypatch.setenv("DIGITS_MNIST", str(mnist))


def cards(app) -> list[tuple[int, int, float, int]]:
    html = "\n".join(element.proto.body for element in app.get("html"))
    found = re.findall(r"<b>(\d)</b> read as <b>(\d)</b><br>([\d.]+)% sure .*?no\. (\d+)", html)
    return [(int(true), int(read), float(sure), int(index)) for true, read, sure, index in found]


def test_without_mnist_there_is_a_sentence_and_a_button(open_page, no_mnist):
    app = open_page("mistakes")
    assert "not on this machine yet" in texts(app)
    assert "Download MNIST" in [button.label for button in app.main.button]


def test_every_mistake_is_shown_most_confident_first(open_page, with_mnist):
    app, predictions = open_page("mistakes"), open_run(SHIPPED).predictions()
    wrong = set(np.flatnonzero(predictions.predicted != predictions.labels))
    seen = cards(app)
    while len(app.main.number_input) and app.main.number_input[0].value < app.main.number_input[0].max:
        app.main.number_input[0].increment().run()
        seen += cards(app)
    assert {index for *_, index in seen} == wrong
    assert len(seen) == len(wrong)
    assert [sure for *_, sure, _ in seen] == sorted((sure for *_, sure, _ in seen), reverse=True)


def test_the_filters_leave_what_was_asked_for(open_page, with_mnist):
    app, predictions = open_page("mistakes"), open_run(SHIPPED).predictions()
    wrong = predictions.predicted != predictions.labels
    true = int(predictions.labels[wrong][0])
    read = int(predictions.predicted[wrong][0])
    app.main.selectbox(key="true_digit").select(true)
    app.main.selectbox(key="read_as").select(read).run()
    found = cards(app)
    assert found
    assert {(a, b) for a, b, *_ in found} == {(true, read)}
    app.main.selectbox(key="read_as").select(true).run()
    assert "Choose other digits" in texts(app)


def test_predictions_of_other_images_are_refused(open_page, add_run, with_mnist):
    run = add_run("20260301-120000-quick")
    predictions = run.predictions()
    np.savez(run.path / "predictions.npz", probabilities=predictions.probabilities, labels=predictions.labels[::-1])
    seal(run.path)
    assert "not about the test images" in texts(open_page("mistakes"))


def test_an_altered_mnist_file_is_a_sentence(open_page, tmp_path, monkeypatch):
    (tmp_path / "mnist.npz").write_bytes(b"altered")
    monkeypatch.setenv("DIGITS_MNIST", str(tmp_path / "mnist.npz"))
    assert "is not MNIST as published" in texts(open_page("mistakes"))
