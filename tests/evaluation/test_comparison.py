import numpy as np
import pytest
from scipy import stats

from digit_core.errors import DamagedRun
from digit_core.evaluation.comparison import by_seed, data_of, disagreement, mcnemar, spread
from digit_core.runs import run as run_folder
from tests.constructed import LABELS, construct_run, make_probabilities


def predictions(wrong: dict[int, int], labels=LABELS) -> run_folder.Predictions:
    return run_folder.Predictions(make_probabilities(labels, wrong), labels)


def test_every_image_is_in_exactly_one_cell():
    found = disagreement(predictions({10: 5, 21: 7, 30: 4, 40: 9}), predictions({30: 4, 40: 8, 51: 2, 61: 2, 71: 2}))
    assert list(np.flatnonzero(found.only_b)) == [10, 21]
    assert list(np.flatnonzero(found.only_a)) == [51, 61, 71]
    assert list(np.flatnonzero(found.both_wrong)) == [30, 40]
    assert list(np.flatnonzero(found.differently_wrong)) == [40]
    assert found.both_right.sum() == len(LABELS) - 7
    assert found.p_value == pytest.approx(stats.binomtest(3, 5).pvalue)


def test_swapping_the_runs_swaps_the_cells_and_nothing_else():
    one, other = predictions({10: 5, 21: 7}), predictions({30: 4})
    there, back = disagreement(one, other), disagreement(other, one)
    assert (there.only_a == back.only_b).all()
    assert (there.only_b == back.only_a).all()
    assert there.p_value == back.p_value


def test_a_run_agrees_with_itself():
    found = disagreement(predictions({10: 5}), predictions({10: 5}))
    assert not found.only_a.any() and not found.only_b.any() and not found.differently_wrong.any()
    assert found.p_value == 1


def test_runs_on_other_images_are_refused():
    with pytest.raises(DamagedRun, match="different images"):
        disagreement(predictions({}), predictions({}, LABELS[::-1].copy()))
    with pytest.raises(DamagedRun, match="different images"):
        disagreement(predictions({}), predictions({}, LABELS[:50]))


@pytest.mark.parametrize(
    ("only_a", "only_b"), [(1, 0), (0, 6), (21, 9), (9, 21), (15, 15), (15, 16), (34, 300), (4000, 4200)]
)
def test_the_p_value_is_the_binomial_tests(only_a, only_b):
    expected = stats.binomtest(only_a, only_a + only_b, 0.5, alternative="two-sided").pvalue
    assert mcnemar(only_a, only_b) == pytest.approx(expected, rel=1e-9)


def test_the_p_value_of_no_disagreement_is_1_and_of_a_vast_one_nearly_0():
    assert mcnemar(0, 0) == 1
    assert mcnemar(10_000, 0) < 1e-300


@pytest.mark.parametrize("values", [[0.991, 0.992], [0.98, 0.985, 0.99, 0.97], [1.0, 1.0, 1.0]])
def test_the_interval_over_seeds_is_students(values):
    found = spread(values)
    error = stats.sem(values)
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), error) if error else (values[0], values[0])
    assert found.interval == pytest.approx((low, high))
    assert (found.mean, found.n) == (pytest.approx(np.mean(values)), len(values))


def test_one_seed_has_no_interval():
    assert spread([0.99]).interval is None


def test_runs_that_differ_only_in_their_seed_are_grouped(own_home):
    trained = [
        construct_run("20260105-000000-quick", seed=0),
        construct_run("20260104-000000-quick", seed=1),
        construct_run("20260103-000000-quick", seed=1),  # the same once more
        construct_run("20260102-000000-quick", seed=2, epochs=4),
        construct_run("20260101-000000-quick", seed=3, digest="other data"),
        construct_run("20260101-000000-lenet5", "lenet5", seed=0),
    ]
    groups = [[run.name for run in group] for group in by_seed(trained)]
    assert groups == [
        ["20260105-000000-quick", "20260104-000000-quick"],
        ["20260102-000000-quick"],
        ["20260101-000000-quick"],
        ["20260101-000000-lenet5"],
    ]
    assert [len(same) for same in data_of(trained).values()] == [5, 1]


def test_runs_with_different_known_compute_dtypes_are_kept_apart(own_home):
    known = ["bfloat16", None, "float32", "bfloat16", "float32"]
    trained = [construct_run(f"2026010{n}-000000-quick", seed=n, compute_dtype=p) for n, p in enumerate(known, 1)]
    assert [[run.config.seed for run in group] for group in by_seed(trained)] == [[1, 2, 4], [3, 5]]
    assert [[run.config.seed for run in group] for group in by_seed(trained[1:])] == [[2, 3, 5], [4]]
