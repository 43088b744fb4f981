import numpy as np
import pytest

from digit_core.inference.recognizer import Recognizer
from digit_core.preprocessing.segmentation import segment
from digit_core.runs.run import SHIPPED
from digit_core.training.synthetic import dataset
from digit_core.training.synthetic.cut_lines import Content, Line, content_of, generate_cut_digits


@pytest.fixture(scope="module")
def generated():
    return generate_cut_digits(150, 150, np.random.default_rng(0))


def bars(*columns: tuple[int, int]) -> list[np.ndarray]:
    """The ink of an upright bar for each pair of columns: float32 (60, 80), 0 or 1."""
    drawn = []
    for left, right in columns:
        ink = np.zeros((60, 80), np.float32)
        ink[10:50, left:right] = 1
        drawn.append(ink)
    return drawn


def contents(ink: np.ndarray, masks: list[np.ndarray]) -> set[tuple[int, int, int]]:
    """For each candidate: its first and last column, and its content."""
    line = Line(ink, (1, 7), tuple(masks))
    return {(each.box[0], each.box[2], content_of(each, line)) for each in segment(ink).candidates}


def test_a_candidate_is_its_digit_and_two_digits_are_none():
    one, seven = bars((20, 26), (34, 40))
    found = contents(np.maximum(one, seven), [one > 0, seven > 0])
    assert found == {(20, 26, 1), (34, 40, 7), (20, 40, Content.NO_DIGIT)}


def test_a_piece_of_one_digit_may_look_like_a_digit_and_is_not_used():
    left, right = bars((20, 26), (34, 40))
    found = contents(np.maximum(left, right), [(left > 0) | (right > 0), np.zeros((60, 80), bool)])
    assert found == {(20, 26, Content.UNCLEAR), (34, 40, Content.UNCLEAR), (20, 40, 1)}


def test_what_is_cut_from_lines_are_model_inputs_of_every_class_the_same_each_time(generated):
    images, labels, others = generated
    assert images.shape == others.shape == (150, 28, 28) and images.dtype == others.dtype == np.uint8
    assert set(labels) == set(range(10))
    assert (images.max(axis=(1, 2)) > 100).all() and (others.max(axis=(1, 2)) > 100).all()
    for first, again in zip(generated, generate_cut_digits(150, 150, np.random.default_rng(0)), strict=True):
        np.testing.assert_array_equal(first, again)


def test_most_labels_are_what_the_shipped_run_predicts(generated):
    images, labels, others = generated
    recognizer = Recognizer.load(SHIPPED)
    digits, none = (recognizer.predict_pictures(some.astype(np.float32) / 255) for some in (images, others))
    assert np.mean([each.digit == label for each, label in zip(digits, labels, strict=True)]) > 0.9
    assert np.mean([each.is_digit for each in digits]) > 0.8
    assert np.mean([each.is_digit for each in none]) < 0.3


def test_a_part_of_the_synthetic_images_is_cut_from_lines(monkeypatch):
    wanted = []

    def cut(digits, negatives, rng):
        wanted.append((digits, negatives))
        return generate_cut_digits(digits, negatives, rng)

    monkeypatch.setattr(dataset, "generate_cut_digits", cut)
    found = dataset.generate(160, 160, 3)
    assert len(found.images) == len(found.labels) == len(found.negatives) == 160
    digits, negatives = np.sum(wanted, axis=0)
    assert 0 < digits < 40 and 0 < negatives < 40
    wanted.clear()
    assert len(dataset.generate(16, 16, 3, cursive=False).images) == 16 and not wanted


def test_as_many_as_wanted_also_of_one_kind_alone():
    images, labels, others = generate_cut_digits(0, 5, np.random.default_rng(1))
    assert len(images) == len(labels) == 0 and len(others) == 5
