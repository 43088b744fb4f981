import numpy as np
import pytest

from digit_core.training.augmentation import Augmenter, Strength

NOTHING = Strength(rotation=0, slant=0, stretch=0, shift=0, elastic=0, pen=0)


def square(n: int = 3) -> np.ndarray:
    images = np.zeros((n, 28, 28), np.float32)
    images[:, 10:18, 8:20] = 1
    return images


def augmented(images: np.ndarray, **strength: float) -> np.ndarray:
    zero = dict.fromkeys(("rotation", "slant", "stretch", "shift", "elastic", "pen"), 0.0)
    return Augmenter(Strength(**{**zero, **strength}), np.random.default_rng(0))(images)


def test_no_strength_changes_nothing():
    images = np.random.default_rng(0).random((5, 28, 28)).astype(np.float32)
    np.testing.assert_allclose(Augmenter(NOTHING, np.random.default_rng(1))(images), images, atol=1e-5)


@pytest.mark.parametrize("change", ["rotation", "slant", "stretch", "shift", "elastic", "pen"])
def test_every_change_changes_something_and_differs_between_images(change):
    changed = augmented(square(), **{change: 0.3})
    assert np.abs(changed - square()).max() > 0.05
    assert np.abs(changed[0] - changed[1]).max() > 0.01


@pytest.mark.parametrize("count", [0, 1, 7])
def test_batches_of_any_size_keep_shape_type_and_range(count):
    changed = Augmenter(Strength(), np.random.default_rng(0))(square(count))
    assert changed.shape == (count, 28, 28) and changed.dtype == np.float32
    assert count == 0 or (changed.min() >= 0 and changed.max() <= 1)


def test_a_large_shift_leaves_an_empty_image():
    assert augmented(square(50), shift=1000.0).sum() < square(50).sum() / 10


def test_a_rotation_keeps_the_amount_of_ink():
    assert augmented(square(20), rotation=0.5).sum() == pytest.approx(square(20).sum(), rel=0.03)


def test_the_same_seed_gives_the_same_changes():
    first, again = (Augmenter(Strength(), np.random.default_rng(3))(square()) for _ in range(2))
    np.testing.assert_array_equal(first, again)
