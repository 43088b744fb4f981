import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss, precision_score, recall_score

from digit_core.evaluation.metrics import reliability
from digit_core.evaluation.report import evaluate
from digit_core.inference.probabilities import digit_likeness, digit_probabilities
from digit_core.training.calibration import fit_calibration, fit_picture_temperature


def _made_up(n=400, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, n)
    logits = rng.normal(0, 1, (n, 10))
    logits[np.arange(n), labels] += 2.5
    return logits, labels


def test_every_metric_is_scikit_learns():
    logits, labels = _made_up()
    probabilities = digit_probabilities(logits, 1.0).astype(np.float64)
    probabilities /= probabilities.sum(1, keepdims=True)
    metrics, predicted = evaluate(probabilities, labels), probabilities.argmax(1)
    assert metrics.accuracy == accuracy_score(labels, predicted)
    assert metrics.loss == log_loss(labels, probabilities, labels=range(10))
    assert metrics.precision == pytest.approx(precision_score(labels, predicted, average="macro"), abs=1e-15)
    assert metrics.recall == pytest.approx(recall_score(labels, predicted, average="macro"), abs=1e-15)
    assert metrics.f1 == pytest.approx(f1_score(labels, predicted, average="macro"), abs=1e-15)
    assert metrics.confusion == confusion_matrix(labels, predicted).tolist()
    assert sum(row.support for row in metrics.per_class) == metrics.test_images == len(labels)


def test_perfect_predictions_have_perfect_metrics():
    labels = np.arange(10)
    metrics = evaluate(np.eye(10), labels)
    assert (metrics.accuracy, metrics.precision, metrics.recall, metrics.f1) == (1, 1, 1, 1)
    assert metrics.calibration_error == 0
    assert metrics.confusion == np.eye(10, dtype=int).tolist()


def test_a_digit_that_is_never_predicted_has_precision_and_recall_0():
    metrics = evaluate(np.eye(10)[[0, 0]], np.array([0, 1]))
    assert metrics.per_class[1].precision == 0
    assert metrics.per_class[1].recall == 0


def test_temperature_scaling_recovers_a_known_temperature():
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (20000, 10))
    honest = digit_probabilities(logits, 1.0)
    labels = (honest.cumsum(1) > rng.random((len(logits), 1))).argmax(1)
    fitted = fit_calibration(logits * 3, labels)
    assert fitted.temperature == pytest.approx(3, rel=0.03)
    before = reliability(digit_probabilities(logits * 3, 1.0), labels).error
    assert fitted.error_before == pytest.approx(before)
    assert fitted.error_after < 0.02 < before
    assert fit_picture_temperature(logits / 4, labels) == pytest.approx(1 / 2, rel=0.03), "halfway from 1 to 1 / 4"


def test_the_threshold_accepts_nearly_all_correct_predictions():
    logits, labels = _made_up(5000)
    threshold = fit_calibration(logits, labels).likeness_threshold
    right = logits.argmax(1) == labels
    assert 0.99 <= (digit_likeness(logits)[right] >= threshold).mean() <= 0.998


def test_the_eleventh_class_lowers_the_digit_likeness():
    logits = np.zeros((2, 11))
    logits[0, 10], logits[1, 4] = 20, 20
    likeness = digit_likeness(logits)
    assert likeness[0] < 1e-6
    assert likeness[1] > 1 - 1e-6
    assert digit_probabilities(logits, 1.0).shape == (2, 10)
