import numpy as np
import pytest

from digit_core.learning.practice import NOT_A_DIGIT, Practice, validation_like_drawings
from digit_core.learning.written import page, write
from digit_core.records import home
from digit_core.records.config import training_config

MIXED = training_config(
    "two_block", batch_size=10, written=30, written_share=0.3, counterexamples=20, counterexample_share=0.2
)


@pytest.fixture(scope="module")
def written():
    return write(30, 20, seed=1)


def practice(written, config=MIXED) -> Practice:
    images = np.repeat(np.arange(13, dtype=np.uint8)[:, None, None], 28, axis=1).repeat(28, axis=2)
    return Practice(images, np.arange(13) % 10, config, written)


def test_the_number_of_processes_does_not_change_what_is_written(written):
    other = write(30, 20, seed=1, processes=2)
    np.testing.assert_array_equal(other.images, written.images)
    np.testing.assert_array_equal(other.others, written.others)


def test_a_page_is_kept_and_written_anew_when_it_is_damaged(own_home):
    first = page(16, 8, 3)
    (path,) = home.data_folder().iterdir()
    changed = path.stat().st_mtime_ns
    np.testing.assert_array_equal(page(16, 8, 3).images, first.images)
    assert path.stat().st_mtime_ns == changed
    path.write_bytes(b"damaged")
    np.testing.assert_array_equal(page(16, 8, 3).images, first.images)


def test_a_batch_is_mixed_as_it_was_told(written):
    images, labels = practice(written)[0]
    assert images.shape == (10, 28, 28, 1)
    assert images.dtype == np.float32
    assert labels.shape == (10, 11)
    assert (labels.sum(1) == 1).all()
    assert (labels.argmax(1)[8:] == NOT_A_DIGIT).all()
    assert (labels.argmax(1)[:8] < NOT_A_DIGIT).all()


def test_without_counterexamples_there_are_ten_classes(written):
    images, labels = practice(written, training_config("two_block", batch_size=10))[0]
    assert images.shape == (10, 28, 28, 1)
    assert labels.shape == (10, 10)


def test_an_epoch_shows_every_image_once_the_last_ones_too(written):
    data = practice(written)
    shown = np.concatenate([np.round(data[i][0][:-5, 0, 0, 0] * 255) for i in range(len(data))])
    assert sorted(shown) == list(range(13))


def test_every_epoch_is_dealt_anew_and_a_seed_repeats_it(written):
    first, again = practice(written), practice(written)
    before = first[0][0]
    first.begin(1)
    assert not np.array_equal(first[0][0], before)
    np.testing.assert_array_equal(again[0][0], before)


def test_images_are_bent_as_far_as_asked_and_less_in_the_last_epochs(written):
    images = np.zeros((400, 28, 28), np.uint8)
    images[:, 4:24, 13:15] = 255

    def change(augmentation, epoch):
        settings = {"augmentation": augmentation, "epochs": 2, "gentle_epochs": 1, "batch_size": 200}
        data = Practice(images, np.zeros(400, int), MIXED.model_copy(update=settings), written)
        data.begin(epoch)
        return np.abs(data[0][0][:100] - images[:100, ..., None] / 255).mean()

    assert change("none", 0) == pytest.approx(0, abs=1e-6)
    assert 0 < change("moderate", 1) < change("moderate", 0) < change("drawings", 0)
    assert change("drawings", 1) == change("moderate", 1)


def test_validation_has_the_held_out_images_and_fresh_digits(own_home):
    images, labels = validation_like_drawings(np.zeros((7, 28, 28), np.uint8), np.arange(7), written=20)
    assert images.shape == (27, 28, 28)
    assert list(labels[:7]) == list(range(7))
    assert images[:7].max() == 0
    assert (images[7:].max((1, 2)) > 0.5).all()
