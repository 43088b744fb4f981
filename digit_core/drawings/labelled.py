"""A drawing that a person labelled, ready to be stored."""

import io
import json
import time
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from digit_core.errors import InvalidLabel
from digit_core.inference.prediction import Prediction

NOT_A_DIGIT = 10  # the label of the eleventh class
LABELS = range(NOT_A_DIGIT + 1)
_LARGEST_INK = 280  # pixels a side, as stored
_MOST_POINTS = 20_000  # of a drawing, as stored: with more it is stored without its strokes


def new_id() -> str:
    """A random id: 32 hexadecimal digits."""
    return uuid.uuid4().hex


@dataclass(frozen=True)
class Label:
    """What a person said that a drawing is: 0 to 9, `NOT_A_DIGIT`, or None for a label taken back.

    `drawing`: the drawing's id; `owner`: the person's; `created` in Unix seconds. Raises InvalidLabel.
    """

    drawing: str
    owner: str
    label: int | None
    created: float = field(default_factory=time.time)
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        if self.label is not None and (type(self.label) is not int or self.label not in LABELS):
            raise InvalidLabel(f"A label is a digit from 0 to 9, or {NOT_A_DIGIT} for none. Got {self.label!r:.40}.")


@dataclass(frozen=True)
class Drawing:
    """A drawing, or the ink of a box on a picture, with the prediction that the person saw.

    `owner`: the person's id; `source`: "canvas", "picture" or "import"; `run`: the name of the run that
    predicted. `strokes`: arrays (n, 2) in canvas pixels, y down; `ink`: float32 (h, w), 0 (paper) to 1 (ink);
    each None where there is none.
    """

    owner: str
    source: str
    run: str
    prediction: Prediction
    strokes: Sequence[np.ndarray] | None = None
    ink: np.ndarray | None = None
    created: float = field(default_factory=time.time)
    id: str = field(default_factory=new_id)

    def row(self) -> dict[str, object]:
        """The drawing as a row of its table."""
        prediction = self.prediction
        return {
            "id": self.id,
            "owner": self.owner,
            "created": self.created,
            "source": self.source,
            "model_input": as_bytes(prediction.model_input),
            "strokes": _packed(self.strokes),
            "ink": _png(self.ink),
            "run": self.run,
            "predicted": int(prediction.digit),
            "probabilities": prediction.probabilities.astype("<f4").tobytes(),
            "digit_likeness": float(prediction.digit_likeness),
            "is_digit": bool(prediction.is_digit),
        }


@dataclass(frozen=True)
class LabelledImages:
    """Model inputs, uint8 (n, 28, 28), with labels (n,), 0 to 10, and the owner of each."""

    images: np.ndarray
    labels: np.ndarray
    owners: tuple[str, ...]


def as_bytes(model_input: np.ndarray) -> bytes:
    """A model input, float32 (28, 28), 0 to 1, as 784 bytes."""
    return np.floor(np.clip(model_input, 0, 1) * 255 + 0.5).astype(np.uint8).tobytes()


def unpacked(strokes: bytes) -> list[np.ndarray]:
    """The strokes of a row: arrays (n, 2) in canvas pixels."""
    return [np.array(stroke, np.float64).reshape(-1, 2) for stroke in json.loads(zlib.decompress(strokes))]


def _packed(strokes: Sequence[np.ndarray] | None) -> bytes | None:
    if strokes is None or sum(map(len, strokes)) > _MOST_POINTS:
        return None
    return zlib.compress(json.dumps([np.round(stroke, 1).tolist() for stroke in strokes]).encode())


def _png(ink: np.ndarray | None) -> bytes | None:
    if ink is None:
        return None
    image = Image.fromarray(np.floor(np.clip(ink, 0, 1) * 255 + 0.5).astype(np.uint8))
    image.thumbnail((_LARGEST_INK, _LARGEST_INK))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
