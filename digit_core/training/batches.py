"""What a network learns from, batch by batch: a data set, generated digits, and what is no digit.

Every batch holds a fixed share of each. MNIST's images are changed a lot when the
configuration asks for it, because all of them were written by one school's hand; generated
ones less, because they vary already.
"""

import math
from dataclasses import dataclass

import keras
import numpy as np

from digit_core.inference.probabilities import N_DIGITS
from digit_core.preprocessing.normalize import to_float
from digit_core.runs.config import TrainingConfig
from digit_core.training.augmentation import Augmenter, Strength
from digit_core.training.synthetic.dataset import TRAINING_SEED, VALIDATION_SEED, SyntheticDigits, load_or_generate

NOT_A_DIGIT = N_DIGITS  # label of the eleventh class
STRONG = Strength()
MODERATE = Strength(turn=0.1, slant=0.12, stretch=0.08, shift=1.0, elastic=0.7, pen=0.3)  # bends less, moves more
MILD = Strength(turn=0.06, slant=0.08, stretch=0.06, shift=0.7, elastic=0.6, pen=0.4)
_STRENGTHS = {"drawings": STRONG, "moderate": MODERATE}


@dataclass(frozen=True)
class Mixture:
    """How many of each kind a batch holds: `known` images of the data set, `written`, `others`."""

    known: int
    synthetic_digits: int = 0
    negatives: int = 0


def mixture(config: TrainingConfig) -> Mixture:
    """The configuration's shares of a batch; at least one image of the data set is in each."""
    synthetic_digits = int(config.batch_size * config.synthetic_digit_share + 0.5)
    negatives = int(config.batch_size * config.non_digit_share + 0.5)
    return Mixture(max(config.batch_size - synthetic_digits - negatives, 1), synthetic_digits, negatives)


def classes(config: TrainingConfig) -> int:
    """10, or 11 when there are counter-examples to learn "not a digit" from."""
    return N_DIGITS + (config.non_digits > 0)


def simple_strength(config: TrainingConfig) -> Strength:
    """Turning and scaling alone, as far as the configuration says."""
    return Strength(math.radians(config.rotation), 0.0, config.scaling, 0.0, 0.0, 0.0)


class MixedBatches(keras.utils.PyDataset):
    """Batches for `Model.fit`: an epoch shows every image of the data set once, the rest as the mixture says.

    Batches are float32 (batch, 28, 28, 1), 0 to 1, and one-hot float32 (batch, 10 or 11). What is
    in a batch depends on the configuration, the epoch and the batch's number alone.

    Parameters
    ----------
    images, labels : training images, uint8 (n, 28, 28), and labels (n,).
    written : generated images; the configuration's own by default.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        config: TrainingConfig,
        synthetic_digits: SyntheticDigits | None = None,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=16)
        self._images, self._labels, self._config = images, labels, config
        self._synthetic_digits = synthetic_digits or load_or_generate(
            config.synthetic_digits, config.non_digits, TRAINING_SEED
        )
        self._mixture = mixture(config)
        self._one_hot = np.eye(classes(config), dtype=np.float32)
        self.set_epoch(0)

    def __len__(self) -> int:
        return math.ceil(len(self._images) / self._mixture.known)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng((self._config.seed, self._epoch, index))
        mix, synthetic_digits = self._mixture, self._synthetic_digits
        picked = self._order[index * mix.known : (index + 1) * mix.known]
        digits = rng.integers(0, len(synthetic_digits.images), mix.synthetic_digits) if mix.synthetic_digits else []
        negatives = rng.integers(0, len(synthetic_digits.negatives), mix.negatives) if mix.negatives else []
        known = to_float(self._images[picked])
        made = to_float(np.concatenate([synthetic_digits.images[digits], synthetic_digits.negatives[negatives]]))
        if strength := _STRENGTHS.get(self._config.augmentation):
            calm = self._epoch >= self._config.epochs - self._config.mild_epochs
            known = Augmenter(MILD if calm else strength, rng)(known)
            made = Augmenter(MILD, rng)(made)
        elif self._config.rotation or self._config.scaling:
            known = Augmenter(simple_strength(self._config), rng)(known)
        labels = [self._labels[picked], synthetic_digits.labels[digits], np.full(len(negatives), NOT_A_DIGIT)]
        return np.concatenate([known, made])[..., None], self._one_hot[np.concatenate(labels).astype(np.int64)]

    def set_epoch(self, epoch: int) -> None:
        """Deal the images for an epoch, counted from 0."""
        self._epoch = epoch
        self._order = np.random.default_rng((self._config.seed, epoch)).permutation(len(self._images))


def drawing_like_validation(
    images: np.ndarray, labels: np.ndarray, synthetic_digits: int = 6000
) -> tuple[np.ndarray, np.ndarray]:
    """Validation data that looks like what people draw, to calibrate by.

    Held-out images, uint8 (n, 28, 28), put through the changes of training, and freshly written
    digits that no training has seen: float32 (m, 28, 28), 0 to 1, and int64 labels (m,).
    """
    fresh = load_or_generate(synthetic_digits, 0, VALIDATION_SEED)
    augment = Augmenter(STRONG, np.random.default_rng(VALIDATION_SEED))
    changed = [augment(to_float(images[i : i + 500])) for i in range(0, len(images), 500)]
    return np.concatenate([*changed, to_float(fresh.images)]), np.concatenate([labels, fresh.labels])
