import numpy as np
import pytest

from digit_core import Recognizer
from digit_core.inference.occlusion import MOST_PATCHES, PATCH, Explainer, covered, explain
from digit_core.runs.run import SHIPPED, open_run
from scripts.benchmarks.drawings import FOUR, SEVEN


def picture(*boxes) -> np.ndarray:
    """Full ink in boxes of top, bottom, left, right."""
    image = np.zeros((28, 28), np.float32)
    for top, bottom, left, right in boxes:
        image[top:bottom, left:right] = 1
    return image


def network(**worth):
    """Logits that weigh ink: `three=map` adds the ink times a map (28, 28) to the logit of 3."""
    digits = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "nothing"]

    def logits(images):
        out = np.zeros((len(images), len(digits)), np.float32)
        for name, (offset, weight) in worth.items():
            out[:, digits.index(name)] = offset + (images * weight).sum(axis=(1, 2))
        return out

    return logits


UPPER = (4, 8, 5, 9)
LOWER = (20, 24, 18, 22)


def test_ink_that_supports_the_prediction_has_a_positive_drop_and_other_ink_a_negative_one():
    weight = picture(UPPER) - 0.25 * picture(LOWER)
    explanation = explain(network(three=(5, weight), eight=(4, 0)), picture(UPPER, LOWER))
    assert (explanation.digit, explanation.runner_up) == (3, 8)
    assert (explanation.drop[4:8, 5:9] > 0).all()
    assert (explanation.drop[20:24, 18:22] < 0).all()
    assert explanation.drop[14, 14] == 0
    assert explanation.cost == pytest.approx(16)  # a patch hides all sixteen pixels of it
    assert explanation.costliest.place == "upper left"
    assert explanation.gain == pytest.approx(4)
    assert explanation.against.place == "lower right"


def test_the_map_is_the_mean_over_the_patches_that_cover_a_pixel():
    one_pixel = picture((14, 15, 14, 15))
    explanation = explain(network(one=(1, 3 * one_pixel)), one_pixel)
    assert explanation.drop[14, 14] == pytest.approx(3)
    assert explanation.drop[14, 15] == pytest.approx(3 * 20 / 25)
    assert explanation.drop[14, 14 + PATCH] == 0


def test_the_temperature_divides_the_drops_and_moves_no_patch():
    logits = network(three=(5, picture(UPPER)), eight=(4, 0))
    cold, warm = (explain(logits, picture(UPPER, LOWER), temperature) for temperature in (1, 2))
    assert warm.cost == pytest.approx(cold.cost / 2)
    assert np.allclose(warm.drop, cold.drop / 2)
    assert warm.costliest == cold.costliest
    assert warm.flip == cold.flip


def test_one_patch_that_flips_the_prediction_is_found():
    logits, image = network(three=(0, picture(UPPER)), eight=(8, 0)), picture(UPPER, LOWER)
    explanation = explain(logits, image)
    assert len(explanation.flip) == 1
    assert logits(covered(image, explanation.flip)[None])[0, :10].argmax() == 8
    # Of those that suffice, the one that covers least ink: half of the sixteen pixels is just too little.
    assert covered(image, explanation.flip).sum() >= 32 - 12


def test_two_patches_are_found_where_one_does_not_suffice():
    logits, image = network(three=(0, picture(UPPER, LOWER)), eight=(8, 0)), picture(UPPER, LOWER)
    explanation = explain(logits, image)
    assert len(explanation.flip) == 2
    assert logits(covered(image, explanation.flip)[None])[0, :10].argmax() == 8
    assert {patch.place for patch in explanation.flip} == {"upper left", "lower right"}


def test_no_patches_are_given_where_a_few_do_not_flip_the_prediction():
    assert explain(network(three=(100, 0.1), eight=(1, 0)), picture(UPPER, LOWER)).flip == ()
    assert explain(network(three=(100, 0.1)), picture(UPPER)).flip == ()  # all ink is gone before three are tried


def test_not_a_digit_is_never_the_runner_up():
    explanation = explain(network(three=(5, 0), eight=(4, 0), nothing=(50, 0)), picture(UPPER))
    assert (explanation.digit, explanation.runner_up) == (3, 8)


def test_the_map_of_a_blank_image_is_zero():
    explanation = explain(network(three=(5, 1)), np.zeros((28, 28), np.float32))
    assert not explanation.drop.any()
    assert (explanation.cost, explanation.gain, explanation.against) == (0, 0, None)


@pytest.mark.parametrize("strokes", [SEVEN, FOUR])
def test_the_shipped_models_predictions_are_explained(strokes):
    run = open_run(SHIPPED)
    recognizer = Recognizer(run)
    prediction = recognizer.predict_strokes(strokes, 14)
    explanation = Explainer(run).explain(prediction.model_input)
    assert explanation.digit == prediction.digit
    assert explanation.runner_up == np.argsort(prediction.probabilities)[-2]
    assert explanation.cost > 0
    assert len(explanation.flip) <= MOST_PATCHES
    if explanation.flip:
        turned = recognizer.predict_normalized(covered(prediction.model_input, explanation.flip))
        assert turned.digit == explanation.runner_up
