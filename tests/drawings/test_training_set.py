import numpy as np
import pytest

from digit_core.drawings.labelled import LabelledImages
from digit_core.drawings.training_set import DRAWINGS_FILE, read_training_set, training_set
from digit_core.errors import DataDamaged


def labelled(count: int, seed: int = 0) -> LabelledImages:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 28, 28)).astype(np.uint8)
    return LabelledImages(images, np.arange(count) % 10, ("anna",) * count)


def test_one_in_five_is_held_back_the_same_ones_in_any_order():
    given = labelled(30)
    drawings = training_set(given)
    assert drawings.held_back.sum() == 6 and len(drawings.learned()[1]) == 24
    assert len(set(drawings.labels[drawings.held_back])) == 6
    turned = training_set(LabelledImages(given.images[::-1], given.labels[::-1], given.owners))
    np.testing.assert_array_equal(turned.held_back[::-1], drawings.held_back)


def test_of_a_few_drawings_none_is_held_back():
    assert not training_set(labelled(9)).held_back.any()


def test_the_file_holds_the_same(tmp_path):
    drawings = training_set(labelled(12))
    (tmp_path / DRAWINGS_FILE).write_bytes(drawings.as_bytes())
    found = read_training_set(tmp_path)
    assert found.digest() == drawings.digest()
    np.testing.assert_array_equal(found.held_back, drawings.held_back)


@pytest.mark.parametrize("content", [b"", b"nothing"])
def test_a_damaged_file_is_told(tmp_path, content):
    (tmp_path / DRAWINGS_FILE).write_bytes(content)
    with pytest.raises(DataDamaged, match="Start it anew"):
        read_training_set(tmp_path)


def test_a_network_without_non_digits_learns_no_non_digits(tmp_path):
    given = labelled(20)
    drawings = training_set(LabelledImages(given.images, np.where(given.labels == 3, 10, given.labels), given.owners))
    (tmp_path / DRAWINGS_FILE).write_bytes(drawings.as_bytes())
    assert 10 in read_training_set(tmp_path).labels and 10 not in read_training_set(tmp_path, 10).labels
    letters = training_set(LabelledImages(given.images, np.full(20, 10), given.owners))
    (tmp_path / DRAWINGS_FILE).write_bytes(letters.as_bytes())
    with pytest.raises(DataDamaged, match="it knows digits only"):
        read_training_set(tmp_path, 10)
