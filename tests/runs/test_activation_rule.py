"""When a training's run becomes active by itself."""

import numpy as np
import pytest
from scipy.stats import binomtest

from digit_core.runs.activation_rule import judge, mcnemar
from digit_core.runs.run import SHIPPED, open_run
from digit_core.runs.run_names import parse_run_name
from tests.constructed import LABELS, construct_run

OLD, NEW = "20260101-120000-quick", "20260102-120000-quick"
OLD_TITLE, NEW_TITLE = (parse_run_name(name).title for name in (OLD, NEW))


def wrong(*indices):
    """Predictions that are wrong at these test images."""
    return {index: int(LABELS[index] + 1) % 10 for index in indices}


def test_a_run_that_is_significantly_worse_is_kept_and_not_activated(own_home):
    verdict = judge(construct_run(NEW, wrong=wrong(*range(10))), construct_run(OLD))
    assert not verdict.activate
    assert verdict.reason == f"Kept, not activated: 10 fewer test images correct than {OLD_TITLE} (McNemar p = 0.002)"


def test_a_run_that_is_worse_by_what_may_be_chance_is_activated(own_home):
    verdict = judge(construct_run(NEW, wrong=wrong(1, 2, 3)), construct_run(OLD, wrong=wrong(4)))
    assert verdict.activate
    assert verdict.reason.startswith(f"Activated: 2 fewer test images correct than {OLD_TITLE}, which may be chance")


def test_a_better_run_and_an_equal_one_are_activated(own_home):
    old = construct_run(OLD, wrong=wrong(5))
    assert (
        judge(construct_run(NEW), old).reason
        == f"Activated: 1 more test image correct than {OLD_TITLE} (McNemar p = 1)"
    )
    equal = construct_run("20260103-120000-quick", wrong=wrong(7))
    assert judge(equal, old).reason == f"Activated: as many test images correct as {OLD_TITLE}"


def test_the_test_is_of_pairs_and_not_of_accuracies(own_home):
    # 8 fewer of 200 are no significant difference of accuracies, but they are all on one side.
    old, new = construct_run(OLD), construct_run(NEW, wrong=wrong(*range(8)))
    assert not judge(new, old).activate
    noisy = construct_run("20260103-120000-quick", wrong=wrong(*range(40, 60)))
    assert judge(construct_run("20260104-120000-quick", wrong=wrong(*range(60, 88))), noisy).activate


def test_runs_of_different_data_are_not_compared_but_mnist_replaces_the_bundled_digits(own_home):
    digits = construct_run(OLD, data="digits", digest="digits", batch_size=64)
    mnist = construct_run(NEW, wrong=wrong(*range(50)))
    assert judge(mnist, digits).activate
    verdict = judge(digits, mnist)
    assert not verdict.activate
    assert verdict.reason == f"Kept, not activated: trained on the bundled digits, {NEW_TITLE} on MNIST"
    other = construct_run("20260103-120000-quick", digest="another")
    assert "trained on another version of MNIST" in judge(other, mnist).reason


def test_the_same_data_tested_on_other_images_are_not_compared(own_home):
    verdict = judge(construct_run(NEW, labels=np.roll(LABELS, 1)), construct_run(OLD))
    assert (verdict.activate, "not tested on the same images" in verdict.reason) == (False, True)


def test_the_shipped_run_has_a_name_for_people(own_home):
    assert judge(open_run(SHIPPED), open_run(SHIPPED)).reason.endswith("correct as the shipped model")


@pytest.mark.parametrize("only", [(0, 0), (3, 11), (40, 22), (5, 5)])
def test_mcnemar_is_the_exact_binomial_test(only):
    wanted = binomtest(only[0], sum(only), 0.5).pvalue if sum(only) else 1.0
    assert mcnemar(*only) == pytest.approx(wanted, rel=1e-9)
