"""Metrics of a run's test-set predictions, by class and by threshold, with 95 % intervals.

`probabilities` are (n, 10), rows summing to 1; `labels` int (n,), 0 to 9. NumPy alone, since the app
shows them and scikit-learn would add 60 MB and 0.6 s to it; the tests compare the two.
"""

from dataclasses import dataclass

import numpy as np

from digit_core.inference.probabilities import N_DIGITS, softmax

BINS = 15  # of confidence, equally wide (Guo et al. 2017)
_Z = 1.959963984540054  # 97.5 % quantile of the normal distribution
_RESAMPLES = 2000
_EPSILON = np.finfo(np.float64).eps
_LEAST = np.finfo(np.float64).tiny  # so that a probability of 0 has a logarithm


@dataclass(frozen=True)
class ByClass:
    """Metrics of each class against all others: arrays (10,), intervals (10, 2).

    A class that is never predicted has precision 0, one without images recall 0, each with the interval 0 to 1.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray
    precision_interval: np.ndarray
    recall_interval: np.ndarray
    f1_interval: np.ndarray


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision and recall (k + 1,) at the ascending thresholds (k,), ending with the point (1, 0).

    `average` is the average precision: the area under the steps.
    """

    precision: np.ndarray
    recall: np.ndarray
    thresholds: np.ndarray
    average: float


@dataclass(frozen=True)
class Reliability:
    """Confidence against accuracy in equal bins: arrays (bins,), NaN where a bin is empty.

    `count` of images, their mean `confidence`, their `accuracy` with its Wilson interval (bins, 2);
    `error` is the expected calibration error, 0 to 1.
    """

    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    interval: np.ndarray
    error: float


@dataclass(frozen=True)
class RiskCoverage:
    """Accuracy when predictions below a confidence are rejected: arrays (k,), `threshold` ascending.

    `coverage` is the share of images that are not rejected, `accuracy` that of their predictions,
    with its Wilson interval (k, 2).
    """

    threshold: np.ndarray
    coverage: np.ndarray
    accuracy: np.ndarray
    interval: np.ndarray


def wilson_interval(share, n):
    """The 95 % interval of a share of n trials (Wilson 1927): low and high, 0 to 1 without trials.

    `share` and `n` are numbers or arrays of one shape, and so are low and high.
    """
    share, trials = np.where(n, share, 0.5), np.maximum(n, 1)
    middle = (share + _Z**2 / (2 * trials)) / (1 + _Z**2 / trials)
    half = _Z / (1 + _Z**2 / trials) * np.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
    low = np.where(n, np.maximum(middle - half, 0.0), 0.0)
    high = np.where(n, np.minimum(middle + half, 1.0), 1.0)
    return (float(low), float(high)) if np.ndim(low) == 0 else (low, high)


def confusion_matrix(predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """int (10, 10): [t, p] counts images of digit t predicted as p."""
    return np.bincount(labels * N_DIGITS + predicted, minlength=N_DIGITS**2).reshape(N_DIGITS, N_DIGITS)


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy in nats; probabilities are clipped at 2.2e-16, as in scikit-learn."""
    exact = probabilities.astype(np.float64)
    own = exact[np.arange(len(labels)), labels] / exact.sum(1)
    return float(-np.log(np.clip(own, _EPSILON, 1 - _EPSILON)).mean())


def by_class(confusion: np.ndarray) -> ByClass:
    """Precision, recall and F1 of each class from a confusion matrix (10, 10).

    Precision and recall have Wilson intervals. F1 is no share of trials, so its interval comes from a
    bootstrap of 2,000 resamples (Efron 1979), or is that of recall for a class without mistakes, which
    no resample has.
    """
    right, shown, predicted = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    precision, recall = _divide(right, predicted), _divide(right, shown)
    total = confusion.sum()
    draws = np.random.default_rng(0).multinomial(total, confusion.ravel() / total, _RESAMPLES)
    draws = draws.reshape(_RESAMPLES, N_DIGITS, N_DIGITS)
    resampled = _divide(2.0 * np.diagonal(draws, axis1=1, axis2=2), draws.sum(1) + draws.sum(2))
    f1_interval = np.quantile(resampled, [0.025, 0.975], axis=0).T
    recall_interval = np.stack(wilson_interval(recall, shown), 1)
    faultless = (right == shown) & (right == predicted)  # includes classes without images and predictions
    f1_interval = np.where(faultless[:, None], recall_interval, f1_interval)
    return ByClass(
        precision=precision,
        recall=recall,
        f1=_divide(2.0 * right, 1.0 * shown + predicted),
        support=shown,
        precision_interval=np.stack(wilson_interval(precision, predicted), 1),
        recall_interval=recall_interval,
        f1_interval=f1_interval,
    )


def precision_recall(scores: np.ndarray, truth: np.ndarray) -> PrecisionRecall:
    """The curve of one class: `scores` (n,), higher is likelier; `truth` bool (n,), with at least one True."""
    order, ranked, last = _ranking(scores)
    found = np.cumsum(truth[order], dtype=np.float64)[last]
    precision = np.append((found / (last + 1.0))[::-1], 1.0)
    recall = np.append((found / found[-1])[::-1], 0.0)
    average = float(max(0.0, -np.sum(np.diff(recall) * precision[:-1])))
    return PrecisionRecall(precision, recall, ranked[last][::-1], average)


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """float64 (n, 10): probabilities at temperature 1, rescaled to another one (Guo et al. 2017).

    softmax(z / T) is softmax(z) to the power of 1 / T, divided by its sum.
    """
    return softmax(np.log(np.maximum(probabilities.astype(np.float64), _LEAST)) / temperature)


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> Reliability:
    """Accuracy by confidence, in `bins` equal bins."""
    confidence = probabilities.max(1).astype(np.float64)
    right = probabilities.argmax(1) == labels
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(which, minlength=bins)
    some = np.where(count, count, np.nan)
    mean = np.bincount(which, confidence, bins) / some
    share = np.bincount(which, right, bins) / some
    return Reliability(
        count=count,
        confidence=mean,
        accuracy=share,
        interval=np.stack(wilson_interval(share, count), 1),
        error=float(np.nansum(np.abs(mean - share) * count) / len(labels)),
    )


def risk_coverage(probabilities: np.ndarray, labels: np.ndarray) -> RiskCoverage:
    """Accuracy against coverage, at every confidence that occurs."""
    order, ranked, last = _ranking(probabilities.max(1))
    last = last[::-1]
    kept = last + 1
    share = np.cumsum(probabilities[order].argmax(1) == labels[order])[last] / kept
    return RiskCoverage(ranked[last], kept / len(labels), share, np.stack(wilson_interval(share, kept), 1))


def reject_below(curve: RiskCoverage, threshold: float) -> int | None:
    """Index on the curve when predictions below `threshold` are rejected; None if all are."""
    point = int(np.searchsorted(curve.threshold, threshold))
    return point if point < len(curve.threshold) else None


def _ranking(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order of descending scores, the sorted scores, and the last place of each distinct score."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    return order, ranked, np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)


def _divide(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, and 0 where there is nothing to divide by."""
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=whole > 0)
