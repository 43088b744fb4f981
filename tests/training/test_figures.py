"""The figures show the run's metrics, and the same run gives the same files."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from digit_core.evaluation.report import evaluate
from digit_core.inference.probabilities import softmax
from digit_core.runs import run as run_folder
from digit_core.runs.run import DATA_FIGURES
from digit_core.training.figures import (
    confusion_rates_heatmap,
    draw_figures,
    precision_recall_curves,
    sample_predictions,
    worst_mistakes,
)

HISTORY = [
    {"epoch": 1, "loss": 1, "accuracy": 0.7, "val_loss": 0.9, "val_accuracy": 0.8},
    {"epoch": 2, "loss": 0.5, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.9},
]
IMAGES = np.zeros((300, 28, 28), np.uint8)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def predictions() -> run_folder.Predictions:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, len(IMAGES))
    logits = rng.normal(0, 1, (len(IMAGES), 10))
    logits[np.arange(len(IMAGES)), labels] += 2.5
    return run_folder.Predictions(softmax(logits).astype(np.float32), labels)


def titles(figure) -> list[str]:
    return [axis.get_title() for axis in figure.axes if axis.get_title()]


def test_the_curve_of_each_digit_is_drawn_with_its_average_precision():
    """Three scores for one digit 0: ranked first, third and fourth of four; by hand, AP = (1 + 2/3 + 3/4) / 3."""
    labels = np.array([0, 1, 0, 0])
    scores = np.array([0.9, 0.8, 0.7, 0.6], np.float32)
    probabilities = np.zeros((4, 10), np.float32)
    probabilities[:, 0], probabilities[:, 1] = scores, 1 - scores
    axis = precision_recall_curves(run_folder.Predictions(probabilities, labels)).axes[0]
    zero, one = axis.lines  # the other digits have no image
    assert zero.get_label() == f"0  (AP {(1 + 2 / 3 + 3 / 4) / 3:.4f})"
    assert one.get_label() == "1  (AP 0.3333)"  # third by its score of 0.2
    points = set(zip(zero.get_xdata().round(4), zero.get_ydata().round(4), strict=True))
    assert points == {(1, 0.75), (0.6667, 0.6667), (0.3333, 0.5), (0.3333, 1), (0, 1)}
    # The area under the drawn steps is the average precision.
    area = -np.sum(np.diff(zero.get_xdata()) * zero.get_ydata()[:-1])
    assert area == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_each_row_of_the_rates_sums_to_a_hundred_and_an_empty_one_is_no_error(predictions):
    confusion = confusion_matrix(predictions.labels, predictions.predicted, labels=range(10))
    confusion[4] = 0
    figure = confusion_rates_heatmap(confusion)
    rows = np.zeros(10)
    for text in figure.axes[0].texts:
        rows[int(text.get_position()[1])] += float(text.get_text())
    assert rows == pytest.approx(np.where(np.arange(10) == 4, 0, 100), abs=0.5)


def test_the_worst_mistakes_are_the_most_confident_ones(predictions):
    found = titles(worst_mistakes(IMAGES, predictions))
    wrong = predictions.predicted != predictions.labels
    highest = np.sort(predictions.probabilities.max(1)[wrong])[::-1][:25]
    assert [title.splitlines()[1] for title in found] == [f"{share:.1%}" for share in highest]
    assert all(title[0] != title.splitlines()[0][-1] for title in found)


def test_without_a_misclassified_image_the_figure_says_so():
    perfect = run_folder.Predictions(np.eye(10, dtype=np.float32), np.arange(10))
    figure = worst_mistakes(IMAGES[:10], perfect)
    assert [text.get_text() for text in figure.texts][-1] == "No test image is misclassified."


def test_the_samples_are_chosen_by_the_seed_alone(predictions):
    first, again, other = (titles(sample_predictions(IMAGES, predictions, seed)) for seed in (7, 7, 8))
    assert first == again != other
    assert len(first) == 25
    assert len(titles(sample_predictions(IMAGES[:3], predictions, 0))) == 3


def test_every_figure_is_written_as_png_and_svg_and_the_same_twice(predictions, tmp_path):
    metrics = evaluate(predictions.probabilities, predictions.labels)
    for name in ("one", "two"):
        draw_figures(tmp_path / name, HISTORY, metrics, predictions, IMAGES)
    names = {"confusion", "confusion_rates", "curves", "precision_recall", *DATA_FIGURES}
    assert {path.name for path in (tmp_path / "one").iterdir()} == {f"{n}.{e}" for n in names for e in ("png", "svg")}
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    assert not plt.get_fignums()
