"""The figures say what scikit-learn says, and the same run gives the same files."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, confusion_matrix, precision_recall_curve

from digit_core.evaluation.report import evaluate
from digit_core.inference.probabilities import softmax
from digit_core.runs import run as run_folder
from digit_core.runs.run import DATA_FIGURES
from digit_core.training.figures import (
    average_precisions,
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


def test_average_precisions_and_curves_are_scikit_learns_own(predictions):
    figure = precision_recall_curves(predictions)
    for digit in range(10):
        truth, scores = predictions.labels == digit, predictions.probabilities[:, digit]
        expected = average_precision_score(truth, scores)
        assert average_precisions(predictions)[digit] == expected
        line = figure.axes[0].lines[digit]
        assert line.get_label() == f"{digit}  (AP {expected:.4f})"
        precision, recall, _ = precision_recall_curve(truth, scores, drop_intermediate=True)
        assert np.array_equal(line.get_xdata(), recall)
        assert np.array_equal(line.get_ydata(), precision)
        # Under the steps as drawn lies the average precision.
        assert -np.sum(np.diff(recall) * precision[:-1]) == pytest.approx(expected)


def test_a_digit_that_no_image_shows_has_no_curve(predictions):
    shown = predictions.labels != 3
    fewer = run_folder.Predictions(predictions.probabilities[shown], predictions.labels[shown])
    assert average_precisions(fewer)[3] is None
    assert len(precision_recall_curves(fewer).axes[0].lines) == 9


def test_each_row_of_the_rates_sums_to_a_hundred_and_an_empty_one_is_no_error(predictions):
    confusion = confusion_matrix(predictions.labels, predictions.predicted, labels=range(10))
    confusion[4] = 0
    figure = confusion_rates_heatmap(confusion)
    rows = np.zeros(10)
    for text in figure.axes[0].texts:
        rows[int(text.get_position()[1])] += float(text.get_text())
    assert rows == pytest.approx(np.where(np.arange(10) == 4, 0, 100), abs=0.5)


def test_the_worst_mistakes_are_the_surest_ones(predictions):
    found = titles(worst_mistakes(IMAGES, predictions))
    wrong = predictions.predicted != predictions.labels
    surest = np.sort(predictions.probabilities.max(1)[wrong])[::-1][:25]
    assert [title.splitlines()[1] for title in found] == [f"{share:.1%}" for share in surest]
    assert all(title[0] != title.splitlines()[0][-1] for title in found)


def test_without_a_mistake_the_figure_says_so():
    perfect = run_folder.Predictions(np.eye(10, dtype=np.float32), np.arange(10))
    figure = worst_mistakes(IMAGES[:10], perfect)
    assert [text.get_text() for text in figure.texts][-1] == "No test image is misread."


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
