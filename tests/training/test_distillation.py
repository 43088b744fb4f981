import numpy as np
import pytest

from digit_core.errors import DamagedRun, InvalidConfig
from digit_core.inference.probabilities import softmax
from digit_core.jobs.training_job import TEACHERS
from digit_core.runs.config import training_config
from digit_core.runs.run import SHIPPED
from digit_core.storage.paths import SHIPPED_RUN
from digit_core.training.batches import NOT_A_DIGIT, MixedBatches
from digit_core.training.distillation import MeanTeacher, read_teachers
from digit_core.training.synthetic.dataset import SyntheticDigits

NOTHING = SyntheticDigits(np.empty((0, 28, 28), np.uint8), np.empty(0, np.int64), np.empty((0, 28, 28), np.uint8))


class Sure:
    """A network that gives one class a probability, whatever the image, and shares the rest among ten others."""

    def __init__(self, digit: int, probability: float) -> None:
        self.row = np.full(11, (1 - probability) / 10)
        self.row[digit] = probability

    def logits_in_batches(self, images: np.ndarray) -> np.ndarray:
        return np.tile(np.log(self.row) + 5, (len(images), 1)).astype(np.float32)


def test_the_softmax_of_the_mean_teacher_is_the_mean_of_its_members():
    members = [Sure(1, 0.9), Sure(2, 0.5)]
    found = softmax(MeanTeacher(members).logits_in_batches(np.zeros((3, 28, 28), np.float32)))
    assert found == pytest.approx(np.tile((members[0].row + members[1].row) / 2, (3, 1)), abs=1e-6)


def test_the_students_batches_have_the_teachers_probabilities_for_labels():
    config = training_config(
        "quick", synthetic_digits=0, synthetic_digit_share=0, non_digit_share=0.25, batch_size=8, teachers=("a", "b")
    )
    images, labels = np.zeros((20, 28, 28), np.uint8), np.zeros(20, np.int64)
    pool = SyntheticDigits(NOTHING.images, NOTHING.labels, np.zeros((5, 28, 28), np.uint8))
    _, targets = MixedBatches(images, labels, config, pool, teacher=MeanTeacher([Sure(3, 0.7)]))[0]
    is_digit = targets[:, NOT_A_DIGIT] < 0.4
    assert 0 < is_digit.sum() < 8
    assert targets[is_digit, 3] == pytest.approx(np.full(is_digit.sum(), 0.7), abs=1e-6)
    assert targets[~is_digit][:, [3, NOT_A_DIGIT]] == pytest.approx(np.array([[0.35, 0.515]] * (~is_digit).sum())), (
        "of a synthetic image the label is certain, and counts half"
    )


def test_teachers_are_found_in_the_working_folder_or_among_the_runs(own_home, tmp_path):
    config = training_config("quick", teachers=(SHIPPED, "20260101-000000-quick"))
    (tmp_path / TEACHERS).mkdir()
    (tmp_path / TEACHERS / "20260101-000000-quick.tflite").write_bytes((SHIPPED_RUN / "model.tflite").read_bytes())
    images = np.random.default_rng(0).random((2, 28, 28), np.float32)
    assert read_teachers(config, tmp_path).logits_in_batches(images).shape == (2, 11)
    assert read_teachers(training_config("quick"), tmp_path) is None


def test_teachers_with_other_classes_are_refused(own_home, tmp_path):
    with pytest.raises(DamagedRun, match="shipped has 11 classes, and a network with these settings 10"):
        read_teachers(training_config("two_block", teachers=(SHIPPED,)), tmp_path)


def test_drawings_and_teachers_exclude_each_other():
    with pytest.raises(InvalidConfig, match="exclude each other"):
        training_config("quick", base_run=SHIPPED, drawings=3, drawing_share=0.1, teachers=(SHIPPED,))
