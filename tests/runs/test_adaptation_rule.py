import pytest

from digit_core.runs.activation_rule import judge_adaptation
from digit_core.runs.schemas import Adaptation, Comparison


def compared(images: int, before: int, after: int) -> Comparison:
    return Comparison(
        images=images, before=before, after=after, only_before=max(before - after, 0), only_after=max(after - before, 0)
    )


def adaptation(**changes) -> Adaptation:
    usual = {
        "base_run": "shipped",
        "test": compared(10_000, 9966, 9960),
        "held_back": compared(6, 1, 4),
        "learned": compared(24, 3, 24),
        "contradicted": 2,
    }
    return Adaptation(**usual | changes)


def test_what_learned_and_forgot_little_is_activated():
    verdict = judge_adaptation(adaptation())
    assert verdict.activate
    assert verdict.reason == (
        "Activated: of the drawings learned from 24 of 24 are right, of those held back 4 of 6 (1 before); "
        "test images right: −6 of 10,000"
    )


def test_without_drawings_held_back_the_test_images_decide():
    nothing = compared(0, 0, 0)
    assert judge_adaptation(adaptation(held_back=nothing, learned=compared(1, 0, 1), contradicted=1)).activate
    assert not judge_adaptation(adaptation(held_back=nothing, test=compared(10_000, 9966, 9955))).activate


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"test": compared(10_000, 9966, 9955)}, "11 fewer of 10,000 test images correct than before, more than 0.1%"),
        ({"held_back": compared(6, 4, 3)}, "of 6 drawings held back 3 are predicted correctly, 4 before"),
        ({"contradicted": 9}, "9 of 30 labels contradict the others"),
    ],
)
def test_a_step_back_is_kept_and_not_activated(changes, reason):
    verdict = judge_adaptation(adaptation(**changes))
    assert not verdict.activate and verdict.reason.startswith(f"Kept, not activated: {reason}")
