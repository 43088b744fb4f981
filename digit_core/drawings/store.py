"""Drawings and labels in the database: added, looked up, deleted. Everything here raises DatabaseUnavailable.

Only the owner of the app sees or uses what others drew (`Action.OTHERS_DRAWINGS`). A person is known by an
id of 128 random bits that their browser keeps, or by their account, and each drawing by one of 122 bits: a
stranger cannot guess them, and no page shows them.
"""

import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from digit_core.access.actors import Action, Role, current_actor, require
from digit_core.drawings.labelled import NOT_A_DIGIT, Drawing, Label, LabelledImages
from digit_core.drawings.tables import DRAWINGS, LABELS
from digit_core.errors import LimitReached
from digit_core.storage import paths
from digit_core.storage.database import reading, writing

T = TypeVar("T")
_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
MOST_DRAWINGS = 20_000  # of one person
# Of the disk, for trainings and the owner: a visitor can have another browser, hence another person, at no cost.
_RESERVED_BYTES, _RESERVED_SHARE = 1_000_000_000, 0.1
_AT_A_TIME = 500  # ids in one statement


@dataclass(frozen=True)
class StoredDrawing:
    """A drawing as it is listed: its label (None if it was taken back) and the prediction that the person saw.

    `label` 0 to 9, or 10 for "not a digit"; `confidence` of `predicted`, 0 to 1; `created` in Unix seconds.
    """

    id: str
    created: float
    source: str
    run: str
    predicted: int
    confidence: float
    is_digit: bool
    label: int | None

    @property
    def is_right(self) -> bool | None:
        """Whether the prediction agrees with the label; None without a label."""
        if self.label is None:
            return None
        if self.label == NOT_A_DIGIT:
            return not self.is_digit
        return self.is_digit and self.label == self.predicted


def add(drawings: Iterable[Drawing], labels: Iterable[Label]) -> None:
    """Store drawings and labels, all or nothing; those that are stored already are left as they are.

    Labels of drawings that were deleted are left out. Raises LimitReached if a person would have too many drawings,
    or if the disk is nearly full and it is not the owner who adds them.
    """
    drawings, labels = list(drawings), list(labels)
    with writing() as connection:
        _check_room(connection, Counter(each.owner for each in drawings))
        insert = _INSERTS[connection.dialect.name]
        for some in _batched(each.row() for each in drawings):
            connection.execute(insert(DRAWINGS).on_conflict_do_nothing(index_elements=["id"]), some)
        wanted = {label.drawing for label in labels}
        known = {row.id for row in _by_id(connection, sa.select(DRAWINGS.c.id), sorted(wanted))}
        for some in _batched(vars(label) for label in labels if label.drawing in known):
            connection.execute(insert(LABELS).on_conflict_do_nothing(index_elements=["id"]), some)


def _check_room(connection: sa.Connection, added: Counter[str]) -> None:
    if added and current_actor().role is not Role.OWNER:
        disk = shutil.disk_usage(paths.home() if paths.home().is_dir() else paths.PROJECT)
        if disk.free < min(_RESERVED_BYTES, _RESERVED_SHARE * disk.total):
            raise LimitReached(
                "The disk is nearly full, so no more drawings are stored. Tell the person who runs this Digit Lab."
            )
    for owner, count in added.items():
        stored = connection.execute(sa.select(sa.func.count()).where(DRAWINGS.c.owner == owner)).scalar_one()
        if stored + count > MOST_DRAWINGS:
            raise LimitReached(
                f"You have {stored:,} labelled drawings, and at most {MOST_DRAWINGS:,} are kept for one person. "
                "Delete some in My drawings, then add more."
            )


def drawings_of(owner: str) -> list[StoredDrawing]:
    """A person's drawings, the newest first. Raises NotPermitted if they are another person's."""
    _require_own(owner)
    shown = (DRAWINGS.c[name] for name in ("id", "created", "source", "run", "predicted", "probabilities", "is_digit"))
    last = _last_labels().subquery()
    query = (
        sa.select(*shown, last.c.label)
        .outerjoin(last, sa.and_(last.c.drawing == DRAWINGS.c.id, last.c.owner == DRAWINGS.c.owner))
        .where(DRAWINGS.c.owner == owner)
        .order_by(DRAWINGS.c.created.desc(), DRAWINGS.c.id)
    )
    with reading() as connection:
        return [
            StoredDrawing(
                id, created, source, run, predicted, float(np.frombuffer(probabilities, "<f4").max()), is_digit, label
            )
            for id, created, source, run, predicted, probabilities, is_digit, label in connection.execute(query)
        ]


def count_labelled(owner: str) -> int:
    """How many of a person's drawings have a label."""
    last = _last_labels().where(LABELS.c.owner == owner).subquery()
    with reading() as connection:
        return connection.execute(sa.select(sa.func.count()).where(last.c.label.is_not(None))).scalar_one()


def model_inputs(ids: Sequence[str]) -> dict[str, np.ndarray]:
    """The model inputs of drawings, uint8 (28, 28), by id; without those that were deleted."""
    found = {}
    with reading() as connection:
        for row in _by_id(connection, sa.select(DRAWINGS.c.id, DRAWINGS.c.model_input), ids):
            found[row.id] = _image(row.model_input)
    return found


def strokes_of(id: str) -> tuple[bytes | None, bytes | None] | None:
    """A drawing's strokes and ink as they are stored (`digit_core.drawings.labelled`); None if it was deleted."""
    with reading() as connection:
        row = connection.execute(sa.select(DRAWINGS.c.strokes, DRAWINGS.c.ink).where(DRAWINGS.c.id == id)).first()
    return tuple(row) if row else None


def delete(owner: str, ids: Collection[str]) -> None:
    """Delete a person's drawings of these ids with all their labels; other people's stay. Raises NotPermitted."""
    _require_own(owner)
    with writing() as connection:
        for some in _batched(ids):
            connection.execute(sa.delete(DRAWINGS).where(DRAWINGS.c.owner == owner, DRAWINGS.c.id.in_(some)))


def people() -> dict[str, int]:
    """How many labelled drawings each person has. Raises NotPermitted."""
    require(Action.OTHERS_DRAWINGS)
    last = _last_labels().subquery()
    query = sa.select(last.c.owner, sa.func.count()).where(last.c.label.is_not(None)).group_by(last.c.owner)
    with reading() as connection:
        return {row[0]: row[1] for row in connection.execute(query.order_by(last.c.owner))}


def labelled_images(owners: Collection[str] | None = None, without: Collection[str] = ()) -> LabelledImages:
    """What people labelled, oldest first: of these owners (all if None), but not of those in `without`.

    Each person's last label for a drawing counts, and a drawing that a person gave twice counts once.
    Raises NotPermitted if others than the person who asks are among them.
    """
    if owners is None:
        require(Action.OTHERS_DRAWINGS)
    else:
        _require_own(*owners)
    last = _last_labels().subquery()
    query = (
        sa.select(DRAWINGS.c.model_input, last.c.label, last.c.owner)
        .join(last, last.c.drawing == DRAWINGS.c.id)
        .where(last.c.label.is_not(None))
        .order_by(DRAWINGS.c.created, DRAWINGS.c.id)
    )
    with reading() as connection:
        rows = {
            (row.model_input, row.owner): row.label  # the last label of equal drawings
            for row in connection.execute(query)
            if (owners is None or row.owner in owners) and row.owner not in without
        }
    images = np.array([_image(content) for content, _ in rows], np.uint8).reshape(-1, 28, 28)
    return LabelledImages(images, np.array(list(rows.values()), np.int64), tuple(owner for _, owner in rows))


def _require_own(*owners: str) -> None:
    """Raise NotPermitted if one of the owners is not the person who asks, unless that is the owner of the app."""
    if set(owners) - {current_actor().person}:
        require(Action.OTHERS_DRAWINGS)


def _last_labels() -> sa.Select:
    """The rows of `labels` that count: each person's last one for each drawing."""
    later = LABELS.alias()
    is_replaced = (
        sa.exists()
        .where(later.c.drawing == LABELS.c.drawing, later.c.owner == LABELS.c.owner)
        .where(sa.tuple_(later.c.created, later.c.number) > sa.tuple_(LABELS.c.created, LABELS.c.number))
    )
    return sa.select(LABELS.c.drawing, LABELS.c.owner, LABELS.c.label).where(~is_replaced)


def _by_id(connection: sa.Connection, query: sa.Select, ids: Sequence[str]) -> Iterator[sa.Row]:
    for some in _batched(ids):
        yield from connection.execute(query.where(DRAWINGS.c.id.in_(some)))


def _batched(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while some := list(islice(iterator, _AT_A_TIME)):
        yield some


def _image(content: bytes) -> np.ndarray:
    return np.frombuffer(content, np.uint8).reshape(28, 28)
