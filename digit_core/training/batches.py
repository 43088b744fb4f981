"""Training batches, mixed from a data set, synthetic digits and non-digits.

Every batch holds a fixed share of each. MNIST's images are strongly augmented if the
configuration says so, because all of them were written in one school's handwriting; synthetic
ones only mildly, because they vary already.
"""

import math
from copy import copy

import keras
import numpy as np
from scipy.special import softmax

from digit_core.inference.litert import Classifier
from digit_core.inference.probabilities import N_DIGITS
from digit_core.preprocessing.normalize import to_float
from digit_core.runs.config import TrainingConfig
from digit_core.training.augmentation import Augmenter, Strength
from digit_core.training.synthetic.dataset import (
    TRAINING_SEED,
    VALIDATION_SEED,
    SyntheticDigits,
    load_or_generate,
    load_or_generate_scans,
)

NO_DRAWINGS = np.empty((0, 28, 28), np.uint8), np.empty(0, np.int64)
_MANY = 0.15  # share of synthetic digits from which some are cursive
_LABEL_SHARE = 0.5  # the label's part of a synthetic image's target; the rest is the teacher's
NOT_A_DIGIT = N_DIGITS  # label of the eleventh class
STRONG = Strength()
MODERATE = Strength(rotation=0.1, slant=0.12, stretch=0.08, shift=1.0, elastic=0.7, pen=0.3)  # bends less, shifts more
MILD = Strength(rotation=0.06, slant=0.08, stretch=0.06, shift=0.7, elastic=0.6, pen=0.4)
_STRENGTHS = {"drawings": STRONG, "moderate": MODERATE}


def class_count(config: TrainingConfig) -> int:
    """10, or 11 if there are non-digits to learn "not a digit" from."""
    return N_DIGITS + (config.non_digits > 0)


class MixedBatches(keras.utils.PyDataset):
    """Batches for `Model.fit`; each epoch has every image of the data set once.

    Batches are float32 (batch, 28, 28, 1), 0 to 1, and one-hot float32 (batch, 10 or 11). A batch
    depends on the configuration, the epoch and the batch's number alone.

    Parameters
    ----------
    images, labels : training images, uint8 (n, 28, 28), and labels (n,).
    synthetic : synthetic digits and non-digits; by default as many as the configuration says.
    drawings : images and labels as above, of which each batch has its share.
    teacher : a network whose probabilities, for all but the drawings, stand in for the labels; of synthetic images,
        where there are no drawings, for half of each label.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        config: TrainingConfig,
        synthetic: SyntheticDigits | None = None,
        drawings: tuple[np.ndarray, np.ndarray] = NO_DRAWINGS,
        teacher: Classifier | None = None,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=16)
        self._images, self._labels, self._config = images, labels, config
        # Few synthetic digits are those that most people write: `quick` has 99.29 % on MNIST with the cursive ones
        # among them and 99.34 % without (means of five seeds), and accepts more letters.
        cursive = config.synthetic_digit_share >= _MANY
        self._synthetic = synthetic or load_or_generate(
            config.synthetic_digits, config.non_digits, TRAINING_SEED, cursive=cursive
        )
        self._n_digits = int(config.batch_size * config.synthetic_digit_share + 0.5)
        self._n_negatives = int(config.batch_size * config.non_digit_share + 0.5)
        self._drawings, self._drawing_labels = drawings
        self._teacher = teacher
        # Of a synthetic image the label is certain, and a teacher may not know what is new in the generator. Beside
        # drawings the teacher is the network itself, which is to stay as it is.
        self._label_share = 0.0 if len(drawings[0]) else _LABEL_SHARE
        self._n_drawings = int(config.batch_size * config.drawing_share + 0.5) if len(self._drawings) else 0
        self._n_images = max(config.batch_size - self._n_digits - self._n_negatives - self._n_drawings, 1)
        self._one_hot = np.eye(class_count(config), dtype=np.float32)
        self.set_epoch(0)

    def __len__(self) -> int:
        return self._config.steps_per_epoch or math.ceil(len(self._images) / self._n_images)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        config, pool = self._config, self._synthetic
        rng = np.random.default_rng((config.seed, self._epoch, index))
        start = index * self._n_images % len(self._order)  # an epoch of given steps may be longer than the data set
        picked = self._order[start : start + self._n_images]
        digits = rng.integers(0, len(pool.images), self._n_digits) if self._n_digits else []
        negatives = rng.integers(0, len(pool.negatives), self._n_negatives) if self._n_negatives else []
        images = to_float(self._images[picked])
        synthetic = to_float(np.concatenate([pool.images[digits], pool.negatives[negatives]]))
        if strength := _STRENGTHS.get(config.augmentation):
            mild = self._epoch >= config.epochs - config.mild_epochs
            images = Augmenter(MILD if mild else strength, rng)(images)
            synthetic = Augmenter(MILD, rng)(synthetic)
        elif config.rotation or config.scaling:
            strength = Strength(math.radians(config.rotation), 0.0, config.scaling, 0.0, 0.0, 0.0)
            images = Augmenter(strength, rng)(images)
        labels = [self._labels[picked], pool.labels[digits], np.full(len(negatives), NOT_A_DIGIT)]
        inputs = np.concatenate([images, synthetic])
        targets = self._one_hot[np.concatenate(labels).astype(np.int64)]
        if self._teacher is not None:
            taught = softmax(self._teacher.logits_in_batches(inputs), axis=1)
            share = np.repeat([0.0, self._label_share], [len(images), len(synthetic)]).astype(np.float32)[:, None]
            targets = (1 - share) * taught + share * targets
        if self._n_drawings:
            drawn = rng.integers(0, len(self._drawings), self._n_drawings)
            inputs = np.concatenate([inputs, Augmenter(MILD, rng)(to_float(self._drawings[drawn]))])
            targets = np.concatenate([targets, self._one_hot[self._drawing_labels[drawn]]])
        return inputs[..., None], targets

    def without_drawings(self) -> "MixedBatches":
        """The same batches, of the other images alone."""
        others = copy(self)
        others._n_drawings = 0
        return others

    def set_epoch(self, epoch: int) -> None:
        """Shuffle the images for an epoch, counted from 0."""
        self._epoch = epoch
        self._order = np.random.default_rng((self._config.seed, epoch)).permutation(len(self._images))


def drawing_like_validation(
    images: np.ndarray, labels: np.ndarray, synthetic_digits: int = 6000
) -> tuple[np.ndarray, np.ndarray]:
    """Validation data that resembles what people draw, for calibration.

    Held-out images, uint8 (n, 28, 28), strongly augmented, and synthetic digits that no training
    uses: float32 (m, 28, 28), 0 to 1, and int64 labels (m,). None of these is cursive: a nine like a P, accepted
    as a digit by itself, would have the letter accepted, too.
    """
    synthetic = load_or_generate(synthetic_digits, 0, VALIDATION_SEED, cursive=False)
    augment = Augmenter(STRONG, np.random.default_rng(VALIDATION_SEED))
    augmented = [augment(to_float(images[i : i + 500])) for i in range(0, len(images), 500)]
    return np.concatenate([*augmented, to_float(synthetic.images)]), np.concatenate([labels, synthetic.labels])


def scan_like_validation(count: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    """Validation data that resembles digits on paper: float32 (count, 28, 28), 0 to 1, and labels (count,).

    Synthetic scans alone: MNIST's images would have been scanned, cut out and cleaned by the same people as those
    of the training.
    """
    images, labels = load_or_generate_scans(count, VALIDATION_SEED)
    return to_float(images), labels
