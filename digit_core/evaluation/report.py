"""The metrics of a run, from its probabilities on the test set."""

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, precision_recall_fscore_support

from digit_core.evaluation.metrics import reliability, wilson_interval
from digit_core.inference.probabilities import N_DIGITS
from digit_core.runs.schemas import ClassMetrics, Metrics

_DIGITS = list(range(N_DIGITS))


def evaluate(probabilities: np.ndarray, labels: np.ndarray, **facts) -> Metrics:
    """All metrics of a run from `probabilities` (n, 10), rows summing to 1, and `labels` (n,).

    `facts` are further fields of `Metrics` (training time and the like). Precision, recall and F1
    of a digit that is never predicted or has no images are 0, as in scikit-learn.
    """
    predicted = probabilities.argmax(1)
    precision, recall, f1, support = precision_recall_fscore_support(labels, predicted, labels=_DIGITS, zero_division=0)
    accuracy = float(accuracy_score(labels, predicted))
    exact = probabilities.astype(np.float64)
    return Metrics(
        accuracy=accuracy,
        accuracy_interval=wilson_interval(accuracy, len(labels)),
        loss=float(log_loss(labels, exact / exact.sum(1, keepdims=True), labels=_DIGITS)),
        precision=float(precision.mean()),
        recall=float(recall.mean()),
        f1=float(f1.mean()),
        calibration_error=reliability(probabilities, labels).error,
        per_class=[
            ClassMetrics(digit=d, precision=precision[d], recall=recall[d], f1=f1[d], support=support[d])
            for d in _DIGITS
        ],
        confusion=confusion_matrix(labels, predicted, labels=_DIGITS).tolist(),
        test_images=len(labels),
        **facts,
    )
