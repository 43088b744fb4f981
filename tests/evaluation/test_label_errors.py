import numpy as np
import pytest

from digit_core.evaluation.label_errors import (
    CONFIRMED,
    REVIEWED,
    confident_errors,
    confirmed_in,
    margins,
    suspects,
    suspects_of,
    thresholds,
)
from digit_core.runs.run import SHIPPED, open_run


def sure_of(digits, sure=0.9):
    """Probabilities (n, 10) with `sure` on these digits and the rest spread evenly."""
    probabilities = np.full((len(digits), 10), (1 - sure) / 9)
    probabilities[np.arange(len(digits)), digits] = sure
    return probabilities


def test_a_threshold_is_the_mean_probability_of_the_label():
    probabilities = np.concatenate([sure_of([3, 3], 0.9), sure_of([3], 0.6)])
    limits = thresholds(probabilities, np.array([3, 3, 3]))
    assert limits[3] == pytest.approx(0.8)
    assert limits[4] == 1  # no image has this label, so none can reach its threshold


def test_a_switched_label_is_a_confident_error_and_comes_first():
    digits = np.tile(np.arange(10), 20)
    labels = digits.copy()
    labels[[5, 42]] = [8, 1]
    probabilities = sure_of(digits, 0.97)
    assert confident_errors(probabilities, labels).tolist() == [5, 42]
    found = suspects(probabilities, labels, confirmed=(42, 7))
    assert found.index.tolist() == [5, 42]
    assert found.guess.tolist() == [5, 2]
    assert found.label.tolist() == [8, 1]
    assert found.confident.all()
    assert found.confirmed.tolist() == [False, True]


def test_a_misclassification_with_low_confidence_is_no_confident_error():
    digits = np.tile(np.arange(10), 20)
    probabilities = sure_of(digits, 0.97)
    probabilities[0] = sure_of([6], 0.5)[0]  # labelled 0
    assert confident_errors(probabilities, digits).size == 0
    assert suspects(probabilities, digits).index[0] == 0  # but it comes first in the review list


def test_an_unsure_class_has_a_lower_threshold():
    labels = np.repeat([2, 7], 30)
    probabilities = np.concatenate([sure_of(np.full(30, 2), 0.99), sure_of(np.full(30, 7), 0.6)])
    probabilities[0] = sure_of([7], 0.6)[0]
    probabilities[30] = sure_of([2], 0.6)[0]
    # 0.6 reaches the threshold of 7 but not that of 2.
    assert confident_errors(probabilities, labels).tolist() == [0]


def test_the_margin_is_the_labels_probability_less_the_highest_of_the_rest():
    probabilities = np.array([[0.7, 0.2, 0.1] + [0.0] * 7, [0.1, 0.3, 0.6] + [0.0] * 7])
    margin, guess = margins(probabilities, np.array([0, 1]))
    assert margin == pytest.approx([0.5, -0.3])
    assert guess.tolist() == [1, 2]


def test_the_list_is_sorted_by_margin_and_independent_of_the_order_of_the_images():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 600)
    probabilities = rng.dirichlet(np.full(10, 0.3), 600)
    found = suspects(probabilities, labels)
    assert (np.diff(found.margin) >= 0).all()
    order = rng.permutation(600)
    assert order[suspects(probabilities[order], labels[order]).index].tolist() == found.index.tolist()


def test_fifteen_mnist_test_labels_are_confirmed_errors_and_none_in_other_data():
    assert len(CONFIRMED) == len(confirmed_in("mnist")) == 15
    assert confirmed_in("digits") == ()
    labels = open_run(SHIPPED).predictions().labels
    # The labels that the study gives for these images.
    given = [8, 0, 9, 4, 2, 5, 6, 6, 5, 5, 0, 1, 4, 6, 5]
    assert labels[list(CONFIRMED)].tolist() == given
    assert all(saw != label for saw, label in zip(CONFIRMED.values(), given, strict=True))


def test_the_shipped_runs_review_list_holds_most_confirmed_errors():
    run = open_run(SHIPPED)
    found, count = suspects_of(run), len(run.predictions().labels)
    assert len(found.index) == REVIEWED * count == 100
    assert found.confirmed.sum() > len(CONFIRMED) / 2
