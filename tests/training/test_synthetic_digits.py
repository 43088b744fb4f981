import numpy as np
import pytest

from digit_core.training.synthetic import dataset
from digit_core.training.synthetic.cursive_templates import CURSIVE_SHARES, CURSIVE_TEMPLATES, left_tailed_nine
from digit_core.training.synthetic.digit_templates import DIGIT_TEMPLATES
from digit_core.training.synthetic.digits import generate_digits, generate_scans
from digit_core.training.synthetic.letter_templates import LETTERS, parse_plan
from digit_core.training.synthetic.non_digits import generate_non_digits
from digit_core.training.synthetic.pen_curves import arc, corners, line, perturb, smooth
from digit_core.training.synthetic.regional_templates import REGIONAL_TEMPLATES, SHARES, flagged_one


def test_a_curve_goes_through_its_control_points():
    points = line((0, 0), (1, 2), (3, 1), (4, 4))
    curve = smooth(points)
    for point in points:
        assert np.hypot(*(curve - point).T).min() < 1e-9


def test_a_repeated_point_is_a_corner_between_straight_lines():
    curve = smooth(corners((0, 0), (1, 0), (1, 1)))
    on_either_leg = (np.abs(curve[:, 1]) < 1e-9) | (np.abs(curve[:, 0] - 1) < 1e-9)
    assert on_either_leg.all()


def test_an_arc_starts_and_ends_at_the_given_angles():
    points = arc((0, 0), (2, 1), 0, 90)
    np.testing.assert_allclose(points[[0, -1]], [[2, 0], [0, 1]], atol=1e-12)


@pytest.mark.parametrize("template", [*DIGIT_TEMPLATES, *REGIONAL_TEMPLATES.values(), *CURSIVE_TEMPLATES.values()])
def test_every_perturbed_template_has_finite_strokes(template):
    rng = np.random.default_rng(0)
    for _ in range(200):
        strokes = perturb(template(rng), rng)
        assert all(stroke.ndim == 2 and stroke.shape[1] == 2 for stroke in strokes)
        assert np.isfinite(np.concatenate(strokes)).all()


def test_the_same_seed_generates_the_same_digits():
    first, again = (generate_digits(40, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


def test_synthetic_digits_are_model_inputs_of_every_class():
    images, labels = generate_digits(200, np.random.default_rng(0))
    assert images.shape == (200, 28, 28) and images.dtype == np.uint8
    assert set(labels) == set(range(10))
    assert (images.max(axis=(1, 2)) > 200).all()


def test_the_flag_of_a_one_rises_to_its_top():
    rng = np.random.default_rng(0)
    flags = [one[0][[0, 2]] for one in (flagged_one(rng) for _ in range(300))]
    rises = np.array([np.degrees(np.arctan2(start[1] - top[1], top[0] - start[0])) for start, top in flags])
    assert np.quantile(rises, 0.05) > 20, "a flag that is nearly level makes a seven"


def test_the_tail_of_a_left_tailed_nine_hangs_from_the_left_half_of_its_bowl():
    rng = np.random.default_rng(0)
    for plan in (left_tailed_nine(rng) for _ in range(300)):
        tail, bowl = plan[-1][-1], np.concatenate(plan)[:-2]
        assert tail[0] < (bowl[:, 0].min() + bowl[:, 0].max()) / 2 + 0.1, "on the right it is an ordinary nine"


@pytest.mark.parametrize("digit", range(10))
def test_every_digit_is_also_written_as_the_school_teaches_it(digit):
    assert SHARES.get(digit, 0) + CURSIVE_SHARES.get(digit, 0) <= 0.6


def test_scans_are_model_inputs_of_every_class_with_uneven_ink():
    images, labels = generate_scans(200, np.random.default_rng(0))
    assert images.shape == (200, 28, 28) and images.dtype == np.uint8
    assert set(labels) == set(range(10))
    assert (images.max(axis=(1, 2)) > 100).all()
    drawn, _ = generate_digits(200, np.random.default_rng(0))

    def grey(some: np.ndarray) -> float:
        return ((some > 40) & (some < 200)).sum() / (some > 40).sum()

    assert grey(images) > grey(drawn)


def test_scans_are_cached(own_home, monkeypatch):
    first = dataset.load_or_generate_scans(3, 1)
    monkeypatch.setattr(dataset, "generate_scans", None)
    again = dataset.load_or_generate_scans(3, 1)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


def test_non_digits_are_model_inputs_and_differ():
    images = generate_non_digits(120, np.random.default_rng(0))
    assert images.shape == (120, 28, 28) and images.dtype == np.uint8
    assert len({image.tobytes() for image in images}) == 120
    assert (images.max(axis=(1, 2)) > 100).all()


def test_every_letter_has_a_plan_inside_the_grid():
    for variants in LETTERS:
        for plan in variants:
            points = np.concatenate(plan)
            assert points.min() >= 0 and points.max() <= 1


def test_the_notation_of_plans():
    straight, curved = parse_plan("00 90,~09 49 99")
    np.testing.assert_allclose(straight, [[0, 0], [0, 0], [1, 0], [1, 0]])
    np.testing.assert_allclose(curved, [[0, 1], [4 / 9, 1], [1, 1]])


def test_a_few_images_are_generated_without_other_processes(own_home, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a process pool for nothing")

    monkeypatch.setattr(dataset, "ProcessPoolExecutor", refuse)
    assert len(dataset.load_or_generate(0, 0, 1).images) == 0
