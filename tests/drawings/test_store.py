import time
from types import SimpleNamespace

import numpy as np
import pytest

from digit_core.access.actors import COMMAND, Actor, Role, acting_as
from digit_core.drawings import store
from digit_core.drawings.labelled import NOT_A_DIGIT, Label, unpacked
from digit_core.errors import InvalidLabel, LimitReached

pytestmark = pytest.mark.usefixtures("database_address")


def add(*drawings, label=4, **times):
    store.add(drawings, [Label(drawing.id, drawing.owner, label, **times) for drawing in drawings])


def test_a_drawing_comes_back_as_it_was_stored(make_drawing):
    strokes = [np.array([[1.04, 2.0], [30.0, 40.5]]), np.array([[5.0, 6.0]])]
    drawing = make_drawing(strokes=strokes, ink=np.eye(300, dtype=np.float32))
    add(drawing)
    (found,) = store.drawings_of("anna")
    assert (found.id, found.run, found.source, found.predicted, found.label) == (drawing.id, "shipped", "canvas", 4, 4)
    assert found.confidence == pytest.approx(0.91) and found.is_right and found.created == drawing.created
    image = store.model_inputs([drawing.id])[drawing.id]
    np.testing.assert_allclose(image / 255, drawing.prediction.model_input, atol=0.5 / 255)
    packed, ink = store.strokes_of(drawing.id)
    assert ink.startswith(b"\x89PNG")
    for stroke, original in zip(unpacked(packed), strokes, strict=True):
        np.testing.assert_allclose(stroke, original, atol=0.05)


def test_the_last_label_counts_and_none_is_overwritten(make_drawing):
    drawing = make_drawing()
    store.add([drawing], [Label(drawing.id, "anna", 9, created=1.0)])
    store.add([], [Label(drawing.id, "anna", 4, created=2.0)])
    assert store.drawings_of("anna")[0].label == 4
    store.add([], [Label(drawing.id, "anna", None, created=3.0)])
    assert store.drawings_of("anna")[0].label is None
    assert store.count_labelled("anna") == 0
    with store.reading() as connection:
        assert connection.execute(store.sa.select(store.sa.func.count()).select_from(store.LABELS)).scalar() == 3


def test_the_same_thing_stored_twice_is_there_once(make_drawing):
    drawing = make_drawing()
    label = Label(drawing.id, "anna", 4)
    for _ in range(2):
        store.add([drawing], [label])
    assert len(store.drawings_of("anna")) == 1 and store.people() == {"anna": 1}


def test_everybody_sees_and_deletes_only_their_own(make_drawing):
    ours, theirs = make_drawing("anna", seed=1), make_drawing("ben", seed=2)
    add(ours, theirs)
    store.delete("anna", [ours.id, theirs.id])
    assert store.drawings_of("anna") == [] and [each.id for each in store.drawings_of("ben")] == [theirs.id]
    store.add([], [Label(ours.id, "anna", 3)])  # it waited in a queue until the drawing was gone
    assert store.people() == {"ben": 1}


def test_each_person_counts_once_a_drawing_and_one_can_be_left_out(make_drawing):
    one = make_drawing("anna", seed=1)
    again, theirs = make_drawing("anna", seed=1), make_drawing("ben", seed=1)
    add(one, label=9, created=1.0)
    add(again, theirs, label=4, created=2.0)
    everyone = store.labelled_images()
    assert sorted(zip(everyone.owners, everyone.labels.tolist(), strict=True)) == [("anna", 4), ("ben", 4)]
    assert store.labelled_images(without=["ben"]).owners == ("anna",)
    assert store.labelled_images(["ben"]).owners == ("ben",)
    assert store.labelled_images([]).images.shape == (0, 28, 28)


def test_the_newest_come_first_and_thousands_are_no_problem(make_drawing):
    drawings = [make_drawing(seed=each, created=float(each)) for each in range(1200)]
    store.add(drawings, [])
    assert [each.created for each in store.drawings_of("anna")] == list(range(1199, -1, -1))
    assert len(store.model_inputs([each.id for each in drawings])) == 1200
    store.delete("anna", [each.id for each in drawings[:1100]])
    assert len(store.drawings_of("anna")) == 100


@pytest.mark.parametrize(
    ("label", "is_digit", "right"),
    [(4, True, True), (9, True, False), (4, False, False), (10, True, False), (10, False, True)],
)
def test_a_prediction_is_right_if_it_says_what_the_person_says(label, is_digit, right):
    drawing = store.StoredDrawing("a", 0.0, "canvas", "shipped", 4, 0.9, is_digit, label)
    assert drawing.is_right is right


@pytest.mark.parametrize("label", [-1, 11, "4", 4.0, True, np.int64(4)])
def test_a_label_is_a_digit_or_none(label):
    with pytest.raises(InvalidLabel, match=f"0 to 9, or {NOT_A_DIGIT} for none"):
        Label("a", "anna", label)


def test_a_drawing_of_very_many_points_is_stored_without_its_strokes(make_drawing):
    drawing = make_drawing(strokes=[np.zeros((1_000_000, 2))])
    add(drawing)
    assert store.strokes_of(drawing.id) == (None, None)


def test_no_query_takes_time_that_grows_with_the_square_of_what_is_stored(make_drawing):
    def seconds(owner, count):
        drawings = [make_drawing(owner, seed=0, run=str(each)) for each in range(count)]
        store.add(drawings, [Label(drawing.id, owner, 4) for drawing in drawings])
        began = time.perf_counter()
        store.people(), store.drawings_of(owner), store.labelled_images([owner]), store.count_labelled(owner)
        return time.perf_counter() - began

    small = min(seconds(f"small {each}", 500) for each in range(3))
    assert seconds("large", 8000) < 16 * 6 * small, "linear would be 16 times as long, and quadratic 256 times"


def test_visitors_cannot_fill_the_disk(make_drawing, monkeypatch):
    monkeypatch.setattr(store.shutil, "disk_usage", lambda _: SimpleNamespace(total=10e9, free=0.9e9))
    with acting_as(Actor(Role.VISITOR, "key", person="anna")), pytest.raises(LimitReached, match="disk is nearly full"):
        add(make_drawing())
    assert store.count_labelled("anna") == 0
    with acting_as(COMMAND):
        add(make_drawing())
    assert store.count_labelled("anna") == 1
