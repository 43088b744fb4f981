import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from digit_core.evaluation.metrics import (
    by_class,
    confusion_matrix,
    log_loss,
    precision_recall,
    reject_below,
    reliability,
    risk_coverage,
    tempered,
    wilson_interval,
)
from digit_core.runs.run import SHIPPED, open_run

DIGITS = list(range(10))


def made_up(n=500, seed=0, decimals=None, sharpness=2.5):
    """Probabilities and labels; few `decimals` make many ties."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, n)
    logits = rng.normal(0, 1, (n, 10))
    logits[np.arange(n), labels] += sharpness
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return (probabilities if decimals is None else probabilities.round(decimals)), labels


PREDICTIONS = {
    "random": made_up(),
    "with ties": made_up(decimals=1),
    "hardly better than guessing": made_up(decimals=2, sharpness=0.1),
    "perfect": (np.eye(10)[np.repeat(DIGITS, 3)], np.repeat(DIGITS, 3)),
    "all wrong": (np.eye(10)[np.repeat(DIGITS, 3)], (np.repeat(DIGITS, 3) + 1) % 10),
    "all alike": (np.full((40, 10), 0.1), np.arange(40) % 10),
    "one class never predicted, one without images": (np.eye(10)[[0, 0, 3, 3]], np.array([0, 1, 3, 0])),
}


@pytest.fixture(params=PREDICTIONS.values(), ids=PREDICTIONS)
def predictions(request):
    return request.param


def test_precision_recall_and_f1_are_scikit_learns_to_the_last_digit(predictions):
    probabilities, labels = predictions
    predicted = probabilities.argmax(1)
    ours = by_class(confusion_matrix(predicted, labels))
    theirs = metrics.precision_recall_fscore_support(labels, predicted, labels=DIGITS, zero_division=0)
    for mine, wanted in zip((ours.precision, ours.recall, ours.f1, ours.support), theirs, strict=True):
        assert mine.tolist() == wanted.tolist()
    assert (
        confusion_matrix(predicted, labels).tolist()
        == metrics.confusion_matrix(labels, predicted, labels=DIGITS).tolist()
    )


def test_curves_and_average_precision_are_scikit_learns_to_the_last_digit(predictions):
    probabilities, labels = predictions
    for digit in DIGITS:
        truth = labels == digit
        if truth.any():
            same_curve(probabilities[:, digit], truth)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=40).filter(
        lambda p: any(t for _, t in p)
    )
)
def test_curves_with_ties_are_scikit_learns(pairs):
    scores, truth = (np.array(column) for column in zip(*pairs, strict=True))
    same_curve((scores / 6).astype(np.float32), truth)


def same_curve(scores, truth):
    ours, theirs = precision_recall(scores, truth), metrics.precision_recall_curve(truth, scores)
    for mine, wanted in zip((ours.precision, ours.recall, ours.thresholds), theirs, strict=True):
        assert mine.tolist() == wanted.tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of one class alone
        assert ours.average == metrics.average_precision_score(truth, scores)


def test_the_loss_is_scikit_learns(predictions):
    probabilities, labels = predictions
    exact = probabilities / probabilities.sum(1, keepdims=True)
    assert log_loss(probabilities, labels) == pytest.approx(
        metrics.log_loss(labels, exact, labels=DIGITS), rel=1e-14, abs=1e-15
    )


def test_the_shipped_runs_figures_are_those_it_was_evaluated_with():
    run = open_run(SHIPPED)
    recorded, found = run.metrics, run.predictions()
    assert confusion_matrix(found.predicted, found.labels).tolist() == recorded.confusion
    assert by_class(np.array(recorded.confusion)).f1.tolist() == [row.f1 for row in recorded.per_class]
    assert log_loss(found.probabilities, found.labels) == pytest.approx(recorded.loss, rel=1e-12)
    # That one was summed in single precision.
    assert reliability(found.probabilities, found.labels).error == pytest.approx(recorded.calibration_error, rel=1e-4)


def test_the_wilson_interval_is_that_of_the_textbook():
    # 9 of 10, 95 %: 0.5958 to 0.9821 (Brown, Cai and DasGupta 2001 give the method)
    low, high = wilson_interval(0.9, 10)
    assert (round(low, 4), round(high, 4)) == (0.5958, 0.9821)
    assert wilson_interval(1.0, 50)[1] == 1.0
    assert wilson_interval(0.0, 50)[0] == 0.0


def test_intervals_of_arrays_are_elementwise_and_0_to_1_without_trials():
    low, high = wilson_interval(np.array([0.9, np.nan, 0.0]), np.array([10, 0, 50]))
    assert (low[0], high[0]) == wilson_interval(0.9, 10)
    assert (low[1], high[1]) == (0, 1)
    assert (low[2], high[2]) == wilson_interval(0.0, 50)


def test_every_interval_holds_its_metric(predictions):
    probabilities, labels = predictions
    found = by_class(confusion_matrix(probabilities.argmax(1), labels))
    for figure, interval in (
        (found.precision, found.precision_interval),
        (found.recall, found.recall_interval),
        (found.f1, found.f1_interval),
    ):
        assert (interval[:, 0] <= figure + 1e-12).all()
        assert (figure <= interval[:, 1] + 1e-12).all()


def test_the_f1_interval_of_a_class_without_mistakes_is_that_of_recall():
    found = by_class(np.diag(np.full(10, 36)))
    assert (found.f1 == 1).all()
    assert found.f1_interval == pytest.approx(found.recall_interval)
    assert (found.f1_interval[:, 0] < 0.91).all()


def test_the_bootstrap_of_f1_is_deterministic_and_agrees_with_resampled_images():
    probabilities, labels = made_up(2000)
    predicted = probabilities.argmax(1)
    confusion = confusion_matrix(predicted, labels)
    found = by_class(confusion).f1_interval
    assert (found == by_class(confusion).f1_interval).all()
    rng = np.random.default_rng(1)
    resampled = []
    for _ in range(400):
        drawn = rng.integers(0, len(labels), len(labels))
        resampled.append(metrics.f1_score(labels[drawn], predicted[drawn], average=None))
    assert found == pytest.approx(np.quantile(resampled, [0.025, 0.975], axis=0).T, abs=0.012)


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    probabilities = np.full((10, 10), 0.1 / 9)
    probabilities[:, 3] = 0.9
    assert reliability(probabilities, np.full(10, 3)).error == pytest.approx(0.1)
    assert reliability(probabilities, np.array([3] * 9 + [4])).error == pytest.approx(0.0, abs=1e-12)


def test_every_image_is_in_one_bin_and_empty_bins_are_nan():
    probabilities = np.full((4, 10), 0.3 / 9)
    probabilities[:, 5] = 0.7
    diagram = reliability(probabilities, np.array([5, 5, 5, 0]))
    assert diagram.count.tolist() == [0] * 10 + [4] + [0] * 4
    assert diagram.confidence[10] == pytest.approx(0.7)
    assert diagram.accuracy[10] == 0.75
    assert diagram.interval[10].tolist() == list(wilson_interval(0.75, 4))
    assert np.isnan(diagram.accuracy[0])
    assert diagram.error == pytest.approx(0.05)


def test_tempered_probabilities_are_those_of_the_divided_logits():
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 3, (50, 10))

    def softmax(z):
        return np.exp(z) / np.exp(z).sum(1, keepdims=True)

    assert tempered(softmax(logits), 0.6) == pytest.approx(softmax(logits / 0.6), rel=1e-9)
    assert tempered(softmax(logits), 1.0) == pytest.approx(softmax(logits), rel=1e-12)
    certain = tempered(np.eye(10, dtype=np.float32), 0.5)
    assert certain == pytest.approx(np.eye(10))
    assert np.isfinite(certain).all()


def test_rejection_keeps_the_most_confident_and_treats_ties_alike():
    probabilities = np.full((5, 10), 0.0)
    probabilities[:, 0] = [0.9, 0.6, 0.9, 0.5, 0.95]
    labels = np.array([0, 1, 1, 1, 0])
    curve = risk_coverage(probabilities, labels)
    assert curve.threshold.tolist() == [0.5, 0.6, 0.9, 0.95]
    assert curve.coverage.tolist() == [1, 0.8, 0.6, 0.2]
    assert curve.accuracy.tolist() == [0.4, 0.5, 2 / 3, 1]
    assert curve.interval[2].tolist() == list(wilson_interval(2 / 3, 3))
    assert reject_below(curve, 0) == 0
    assert reject_below(curve, 0.55) == 1
    assert reject_below(curve, 0.9) == 2
    assert reject_below(curve, 0.96) is None
