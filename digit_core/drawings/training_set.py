"""What a run is to learn from: labelled drawings, some of them held back to see what it has learned."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digit_core.drawings.labelled import NOT_A_DIGIT, LabelledImages
from digit_core.errors import DataDamaged

DRAWINGS_FILE = "drawings.npz"  # in the working folder of a training
_ENOUGH = 10  # drawings: of fewer, none is held back
_ONE_IN = 5


@dataclass(frozen=True)
class TrainingSet:
    """Images, uint8 (n, 28, 28), labels, int64 (n,), 0 to 10, and which are held back, bool (n,)."""

    images: np.ndarray
    labels: np.ndarray
    held_back: np.ndarray

    def learned(self) -> tuple[np.ndarray, np.ndarray]:
        """Images and labels of those that are not held back."""
        return self.images[~self.held_back], self.labels[~self.held_back]

    def of_class_count(self, count: int) -> "TrainingSet":
        """Without the labels that a network of so many classes does not know: 10 classes have no "not a digit"."""
        known = self.labels < count
        return TrainingSet(self.images[known], self.labels[known], self.held_back[known])

    def digest(self) -> str:
        """The SHA-256 of images and labels."""
        return hashlib.sha256(self.images.tobytes() + self.labels.astype("<i8").tobytes()).hexdigest()

    def as_bytes(self) -> bytes:
        """As a file for `read_training_set`."""
        file = io.BytesIO()
        np.savez_compressed(file, images=self.images, labels=self.labels, held_back=self.held_back)
        return file.getvalue()


def training_set(labelled: LabelledImages) -> TrainingSet:
    """One in five drawings of each label is held back, chosen by its content: the same the next time."""
    held_back = np.zeros(len(labelled.labels), bool)
    if len(held_back) >= _ENOUGH:
        contents = [hashlib.sha256(image.tobytes()).digest() for image in labelled.images]
        # Sorted by label, every fifth: labels with fewer than five drawings are represented together.
        order = sorted(range(len(contents)), key=lambda place: (labelled.labels[place], contents[place]))
        held_back[order[_ONE_IN // 2 :: _ONE_IN]] = True
    return TrainingSet(labelled.images, labelled.labels, held_back)


def read_training_set(folder: Path, classes: int = NOT_A_DIGIT + 1) -> TrainingSet:
    """The drawings in a working folder, for a network of so many classes: 10 know no "not a digit".

    Raises DataDamaged, also if none is left to learn from.
    """
    try:
        with np.load(folder / DRAWINGS_FILE, allow_pickle=False) as file:
            found = TrainingSet(file["images"], file["labels"], file["held_back"])
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataDamaged(f"The drawings of this training cannot be read ({error}). Start it anew.") from None
    found = found.of_class_count(classes)
    if found.held_back.all():
        raise DataDamaged(
            "There are no drawings that this model can learn from: it knows digits only, and no “not a digit”."
        )
    return found
