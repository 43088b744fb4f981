import threading

import pytest

from digit_core.drawings import store, writer
from digit_core.drawings.labelled import Label
from digit_core.drawings.writer import Change, Waiting, Writer
from digit_core.errors import DatabaseUnavailable


class Away:
    """A database that is away until it is told to be back."""

    def __init__(self):
        self.is_back = threading.Event()

    def add(self, drawings, labels):
        if not self.is_back.is_set():
            raise DatabaseUnavailable("The database cannot be used. It is away.")
        store.add(drawings, labels)


def change(drawing, label=4):
    return Change([drawing], [Label(drawing.id, drawing.owner, label)])


def test_what_is_saved_is_stored_at_once(database_address, make_drawing):
    assert Writer().save(change(make_drawing()))
    assert store.people() == {"anna": 1}


def test_while_the_database_is_away_changes_wait_and_are_stored_in_their_order(database_address, make_drawing):
    away = Away()
    patient = Writer(away.add, pause=0.01)
    drawing = make_drawing()
    assert not patient.save(change(drawing, 9))
    away_label = Change(labels=[Label(drawing.id, "anna", 4)])
    assert not patient.save(away_label)
    assert patient.waiting() == Waiting(2, "The database cannot be used. It is away.")
    away.is_back.set()
    assert patient.wait(20)
    assert patient.waiting() == Waiting()
    assert store.drawings_of("anna")[0].label == 4
    assert patient.save(change(make_drawing(seed=1)))


def test_the_queue_has_an_end_and_says_so(monkeypatch, make_drawing):
    monkeypatch.setattr(writer, "MOST_WAITING", 3)
    away = Away()
    patient = Writer(away.add, pause=0.01)
    for seed in range(3):
        assert not patient.save(change(make_drawing(seed=seed)))
    with pytest.raises(DatabaseUnavailable, match="It is away. 3 labels wait for it already, so this one was not kept"):
        patient.save(change(make_drawing(seed=4)))
    assert patient.waiting().count == 3
