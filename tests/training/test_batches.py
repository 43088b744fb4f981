import numpy as np
import pytest

from digit_core.runs.config import training_config
from digit_core.storage import paths
from digit_core.training.batches import NOT_A_DIGIT, MixedBatches, drawing_like_validation
from digit_core.training.synthetic.dataset import SyntheticDigits, generate, load_or_generate

MIXED = training_config(
    "two_block", batch_size=10, synthetic_digits=30, synthetic_digit_share=0.3, non_digits=20, non_digit_share=0.2
)


@pytest.fixture(scope="module")
def synthetic_digits():
    return generate(30, 20, seed=1)


def batches(synthetic_digits, config=MIXED) -> MixedBatches:
    images = np.repeat(np.arange(13, dtype=np.uint8)[:, None, None], 28, axis=1).repeat(28, axis=2)
    return MixedBatches(images, np.arange(13) % 10, config, synthetic_digits)


def test_the_number_of_processes_does_not_change_the_images(synthetic_digits):
    other = generate(30, 20, seed=1, processes=2)
    np.testing.assert_array_equal(other.images, synthetic_digits.images)
    np.testing.assert_array_equal(other.negatives, synthetic_digits.negatives)


def test_synthetic_digits_are_cached_and_generated_again_when_the_file_is_damaged(own_home):
    first = load_or_generate(16, 8, 3)
    (path,) = paths.data_folder().iterdir()
    changed = path.stat().st_mtime_ns
    np.testing.assert_array_equal(load_or_generate(16, 8, 3).images, first.images)
    assert path.stat().st_mtime_ns == changed
    path.write_bytes(b"damaged")
    np.testing.assert_array_equal(load_or_generate(16, 8, 3).images, first.images)


def test_a_batch_has_the_configured_shares(synthetic_digits):
    images, labels = batches(synthetic_digits)[0]
    assert images.shape == (10, 28, 28, 1)
    assert images.dtype == np.float32
    assert labels.shape == (10, 11)
    assert (labels.sum(1) == 1).all()
    assert (labels.argmax(1)[8:] == NOT_A_DIGIT).all()
    assert (labels.argmax(1)[:8] < NOT_A_DIGIT).all()


def test_without_non_digits_there_are_ten_classes(synthetic_digits):
    images, labels = batches(synthetic_digits, training_config("two_block", batch_size=10))[0]
    assert images.shape == (10, 28, 28, 1)
    assert labels.shape == (10, 10)


def test_an_epoch_has_every_image_once_including_the_last_ones(synthetic_digits):
    data = batches(synthetic_digits)
    shown = np.concatenate([np.round(data[i][0][:-5, 0, 0, 0] * 255) for i in range(len(data))])
    assert sorted(shown) == list(range(13))


def test_every_epoch_is_shuffled_differently_and_a_seed_repeats_it(synthetic_digits):
    first, again = batches(synthetic_digits), batches(synthetic_digits)
    before = first[0][0]
    first.set_epoch(1)
    assert not np.array_equal(first[0][0], before)
    np.testing.assert_array_equal(again[0][0], before)


def test_augmentation_is_as_strong_as_configured_and_milder_in_the_last_epochs(synthetic_digits):
    images = np.zeros((400, 28, 28), np.uint8)
    images[:, 4:24, 13:15] = 255

    def change(augmentation, epoch):
        settings = {"augmentation": augmentation, "epochs": 2, "mild_epochs": 1, "batch_size": 200}
        data = MixedBatches(images, np.zeros(400, int), MIXED.model_copy(update=settings), synthetic_digits)
        data.set_epoch(epoch)
        return np.abs(data[0][0][:100] - images[:100, ..., None] / 255).mean()

    assert change("none", 0) == pytest.approx(0, abs=1e-6)
    assert 0 < change("moderate", 1) < change("moderate", 0) < change("drawings", 0)
    assert change("drawings", 1) == change("moderate", 1)


def test_validation_has_the_held_out_images_and_fresh_digits(own_home):
    images, labels = drawing_like_validation(np.zeros((7, 28, 28), np.uint8), np.arange(7), synthetic_digits=20)
    assert images.shape == (27, 28, 28)
    assert list(labels[:7]) == list(range(7))
    assert images[:7].max() == 0
    assert (images[7:].max((1, 2)) > 0.5).all()


@pytest.mark.parametrize(("preset", "cursive"), [("quick", False), ("robust", True)])
def test_where_there_are_few_synthetic_digits_none_is_cursive(monkeypatch, preset, cursive):
    asked = []

    def generate(digits, negatives, seed, *, cursive):
        asked.append(cursive)
        return SyntheticDigits(
            *(np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.int64), np.zeros((1, 28, 28), np.uint8))
        )

    monkeypatch.setattr("digit_core.training.batches.load_or_generate", generate)
    MixedBatches(np.zeros((3, 28, 28), np.uint8), np.zeros(3, np.int64), training_config(preset))
    assert asked == [cursive]
