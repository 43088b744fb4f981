"""What a person says about the digit on the canvas, and about a box on a picture."""

import json
import subprocess
import sys

import pytest

from digit_core.drawings import store, writer
from digit_core.storage import database, paths
from pages.components import browser_window
from tests.pages.conftest import texts, trigger
from tests.pages.test_draw import STROKE, digit_boxes, sevens
from tests.pages.test_draw import drawn as put

ME = "a" * 32


@pytest.fixture(autouse=True)
def me(monkeypatch):
    monkeypatch.setattr(browser_window, "_name", lambda key, cookie: ME)
    yield
    database.close()


def component(app):
    return next(c.proto for c in app.get("bidi_component") if c.proto.component_name == "feedback")


def shown(app) -> dict:
    return json.loads(component(app).json)


def say(app, value, token=None):
    sent = {"token": shown(app)["token"] if token is None else token, "value": value}
    return trigger(app, component(app).id, "labelled", sent)


@pytest.fixture
def drawn(open_page):
    """The Draw page with a seven on its canvas."""
    return put(open_page("draw"), STROKE)


def test_nothing_is_stored_and_no_database_created_before_somebody_says_something(drawn):
    assert shown(drawn)["label"] is None and "Is this right?" in shown(drawn)["says"]
    assert not paths.database_file().exists()


def test_a_label_is_stored_with_the_drawing_and_its_prediction(drawn):
    say(drawn, 1)
    assert shown(drawn)["label"] == 1 and shown(drawn)["says"] == "It is a 1: stored in My drawings."
    (drawing,) = store.drawings_of(ME)
    assert (drawing.label, drawing.predicted, drawing.source, drawing.run) == (1, 7, "canvas", "shipped")
    strokes, ink = store.strokes_of(drawing.id)
    assert strokes and ink is None


def test_a_correction_of_a_correction_is_another_label_of_the_same_drawing_and_undo_takes_it_back(drawn):
    for value in (1, 7, 10, None):
        say(drawn, value)
    (drawing,) = store.drawings_of(ME)
    assert drawing.label is None and shown(drawn)["label"] is None
    with store.reading() as connection:
        said = connection.execute(store.sa.select(store.LABELS.c.label).order_by(store.LABELS.c.number)).scalars().all()
    assert said == [1, 7, 10, None]


def test_a_drawing_labelled_again_after_a_reload_is_stored_once(open_page):
    for value in (1, 4):
        say(put(open_page("draw"), STROKE), value)
    (drawing,) = store.drawings_of(ME)
    assert drawing.label == 4


@pytest.mark.parametrize("value", [11, -1, "4", 4.5, True, [4], {}])
def test_what_is_no_label_changes_nothing(drawn, value):
    say(drawn, value)
    assert not drawn.exception and not paths.database_file().exists()


def test_a_label_for_another_drawing_than_the_one_shown_is_ignored(drawn):
    say(drawn, 4, token="0" * 40)
    assert not paths.database_file().exists()


def test_while_the_database_is_away_the_label_waits_and_the_page_says_so(drawn, monkeypatch):
    patient = writer.Writer(pause=0.01)
    monkeypatch.setattr(writer, "WRITER", patient)
    monkeypatch.setenv("DIGITS_DATABASE_URL", "postgresql://digits@/x?host=/nowhere")
    say(drawn, 4)
    assert shown(drawn)["label"] == 4
    problem = shown(drawn)["problem"]
    assert "1 label waits to be stored. The database cannot be used. The server does not answer." in problem
    assert "stored in" not in shown(drawn)["says"]
    put(drawn, STROKE)
    assert not drawn.exception and "The canvas is blank" not in texts(drawn)
    monkeypatch.delenv("DIGITS_DATABASE_URL")
    assert patient.wait(20)
    assert [drawing.label for drawing in store.drawings_of(ME)] == [4]


def test_a_label_that_cannot_even_wait_is_not_shown_as_given(drawn, monkeypatch):
    monkeypatch.setattr(writer, "MOST_WAITING", 0)
    patient = writer.Writer(pause=0.01)
    patient._queue.append(writer.Change())
    monkeypatch.setattr(writer, "WRITER", patient)
    say(drawn, 4)
    assert shown(drawn)["label"] is None and "was not kept" in shown(drawn)["problem"]


def test_a_corrected_digit_of_a_number_is_stored_with_the_ink_of_its_box(open_page):
    app = put(open_page("draw"), *sevens(100, 330))
    box = json.loads(digit_boxes(app).split('data-box="')[2].split('"')[0])
    boxes = next(c.proto for c in app.get("bidi_component") if c.proto.component_name == "digit_boxes")
    trigger(app, boxes.id, "corrected", {"box": box, "value": 1})
    (drawing,) = store.drawings_of(ME)
    assert (drawing.label, drawing.predicted, drawing.source) == (1, 7, "canvas")
    strokes, ink = store.strokes_of(drawing.id)
    assert strokes is None and ink.startswith(b"\x89PNG")
    trigger(app, boxes.id, "corrected", {"box": box, "value": None})
    assert store.drawings_of(ME)[0].label is None


def test_the_app_imports_the_database_only_when_something_is_stored():
    modules = "digit_core.jobs.trainings, digit_core.drawings.training_set, digit_core.drawings.labelled"
    code = f"import sys, {modules}; print('sqlalchemy' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=paths.PROJECT, capture_output=True, text=True, check=True)
    assert result.stdout.split()[-1] == "False"
