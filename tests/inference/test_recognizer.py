import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digit_core import NoInk, Recognizer
from digit_core.errors import DamagedRun, InvalidStrokes
from digit_core.inference.litert import Classifier
from digit_core.inference.prediction import Number
from digit_core.preprocessing import pipeline
from digit_core.preprocessing.fabric_canvas import Drawing
from digit_core.runs.run import SHIPPED, Run, open_run


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer(open_run(SHIPPED))


_SIDES = (10, 10, 30, 270), (250, 10, 270, 270)  # of a frame
SEVEN = [np.array([[60.0, 60], [190, 60], [120, 220]])]
ONE = [np.array([[140.0, 50], [140, 230]])]
# An oval, point by point.
ZERO = [np.stack([140 + 50 * np.sin(t), 140 - 85 * np.cos(t)], 1) for t in [np.linspace(0, 2 * np.pi, 40)]]


def _painted(strokes, pen=18, size=(280, 280)):
    image = Image.new("L", size, 0)
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        draw.line([tuple(point) for point in stroke], fill=255, width=pen, joint="curve")
    return np.asarray(image)


@pytest.mark.parametrize(("strokes", "digit"), [(SEVEN, 7), (ONE, 1), (ZERO, 0)])
def test_plain_digits_are_recognised_in_strokes_and_in_pictures(recognizer, strokes, digit):
    for prediction in (recognizer.predict_strokes(strokes, 18), recognizer.predict(_painted(strokes))):
        assert prediction.digit == digit
        assert prediction.is_digit
        assert prediction.confidence > 0.8


def test_a_prediction_has_the_documented_shapes_and_ranges(recognizer):
    prediction = recognizer.predict_strokes(SEVEN, 18)
    assert prediction.probabilities.shape == (10,)
    assert prediction.probabilities.dtype == np.float32
    assert prediction.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert prediction.confidence == prediction.probabilities[prediction.digit]
    assert 0 <= prediction.digit_likeness <= 1
    assert prediction.model_input.shape == (28, 28)
    assert prediction.model_input.dtype == np.float32
    assert 0 <= prediction.model_input.min() <= prediction.model_input.max() <= 1


@pytest.fixture
def calibrated(add_run):
    """A function: the recogniser of a copy of the shipped run with another calibration."""

    def load(**changed):
        run = add_run("20260102-000000-robust")
        file = run.path / "calibration.json"
        file.write_text(run.calibration.model_copy(update=changed).model_dump_json())
        return Recognizer(Run(run.path))

    return load


def test_pictures_have_a_temperature_of_their_own(calibrated):
    recognizer = calibrated(temperature=0.5, picture_temperature=3.0)
    picture = _painted(SEVEN)
    on_canvas = [
        recognizer.predict_strokes(SEVEN, 18),
        recognizer.predict_drawing(Drawing(tuple(SEVEN), 18.0), 280).prediction,
        recognizer.predict_drawn_number(Drawing(tuple(SEVEN), 18.0), picture / np.float32(255)).digits[0].prediction,
    ]
    on_paper = [
        recognizer.predict(picture),
        recognizer.predict_number(picture).digits[0].prediction,
        recognizer.predict_lines(picture)[0].digits[0].prediction,
    ]
    assert all(one.digit == 7 and one.confidence > 0.99 for one in on_canvas)
    assert all(one.digit == 7 and 0.2 < one.confidence < 0.9 for one in on_paper)


def _drawn_number(recognizer, strokes):
    drawing = Drawing(tuple(strokes), 18.0)
    return recognizer.predict_drawn_number(drawing, recognizer.predict_drawing(drawing, 280).steps[0].ink)


def test_digits_whose_strokes_cross_on_the_canvas_are_told_apart(recognizer):
    slim = [stroke * (0.6, 0.8) for stroke in SEVEN + [stroke + (90, 0) for stroke in ZERO]]
    number = _drawn_number(recognizer, slim)
    assert number.text == "70"
    assert number.digits[0].box[2] > number.digits[1].box[0]


def test_two_rows_on_the_canvas_are_read_one_after_the_other(recognizer):
    small = [[stroke * 0.4 + at for stroke in strokes] for strokes, at in ((SEVEN, (10, 0)), (ZERO, (80, 0)))]
    below = [[stroke * 0.4 + at for stroke in strokes] for strokes, at in ((ONE, (10, 140)), (SEVEN, (110, 140)))]
    number = _drawn_number(recognizer, [stroke for digit in (*below, *small) for stroke in digit])
    assert number.text == "7017"
    assert number.digits[2].box[1] > number.digits[0].box[3]


def test_numbers_are_predicted_after_the_run_was_deleted(tmp_path, monkeypatch):
    folder = shutil.copytree(open_run(SHIPPED).path, tmp_path / "20260101-000000-robust")
    recognizer = Recognizer(Run(folder))
    shutil.rmtree(folder)
    monkeypatch.setattr("digit_core.inference.writing_style._UNSURE", 1.1)  # so that features are asked for
    assert _drawn_number(recognizer, [stroke * 0.6 for stroke in SEVEN + [s + (190, 0) for s in ZERO]]).text == "70"


def test_the_share_of_ink_tells_a_number_from_the_sides_of_a_frame(recognizer):
    small = [stroke * 0.6 for stroke in SEVEN + [stroke + (190, 0) for stroke in ZERO]]
    number = _drawn_number(recognizer, small)
    ink = _painted(small) / np.float32(255)
    assert number.text == "70"
    assert number.share_of_ink(ink) == pytest.approx(1, abs=0.02)
    frame = _painted([np.array([[20.0, 20], [260, 20], [260, 260], [20, 260], [20, 20]])], pen=10) / np.float32(255)
    sides = [replace(digit, box=box) for digit, box in zip(number.digits, _SIDES, strict=True)]
    assert Number(tuple(sides)).share_of_ink(frame) < 0.6


@pytest.mark.parametrize("pen", [14.0, 44.0])
@pytest.mark.parametrize("jitter", [0.0, 3.0])
def test_a_dot_is_no_number(recognizer, pen, jitter):
    for x in np.linspace(100, 460, 19):
        drawing = Drawing((np.array([[x, x], [x + jitter, x]]),), pen)
        with pytest.raises(NoInk, match="too small for several digits"):
            recognizer.predict_drawn_number(drawing, recognizer.predict_drawing(drawing, 560).steps[0].ink)


def test_digits_in_one_stroke_on_the_canvas_are_cut(recognizer):
    turn = np.linspace(0, 2 * np.pi, 40)
    rings = [
        np.stack([x + 35 * np.cos(turn + at), 140 + 60 * np.sin(turn + at)], 1) for x, at in ((70, 0), (160, np.pi))
    ]
    assert _drawn_number(recognizer, [np.concatenate(rings)]).text == "00"


@pytest.mark.parametrize("pen", [14.0, 28.0, 36.0])
def test_zeros_that_one_stroke_links_are_cut_whatever_the_pen(recognizer, pen):
    turn = np.linspace(0, 2 * np.pi, 40)
    zeros = [np.stack([x - 62 * np.sin(turn), 274 - 78 * np.cos(turn)], 1) for x in (146, 287, 429)]
    drawing = Drawing((np.concatenate(zeros),), pen)
    ink = recognizer.predict_drawing(drawing, 560).steps[0].ink
    number = recognizer.predict_drawn_number(drawing, ink)
    assert number.text == "000"
    assert number.share_of_ink(ink) > 0.97, "boxes are around the ink of the pen that drew it"


def test_a_run_without_a_temperature_for_pictures_has_one_for_all(calibrated):
    recognizer = calibrated(temperature=3.0, picture_temperature=None)
    assert recognizer.predict(_painted(SEVEN)).confidence < 0.9


def test_a_drawing_gets_the_prediction_of_its_strokes_and_the_steps_to_it(recognizer):
    expected = recognizer.predict_strokes(SEVEN, 18)
    drawing = recognizer.predict_drawing(Drawing(tuple(SEVEN), 18.0), 280)
    assert np.array_equal(drawing.prediction.probabilities, expected.probabilities)
    canvas, redrawn, model_input = (step.ink for step in drawing.steps)
    assert canvas.shape == (280, 280) and canvas[60, 125] == 1  # the bar of the seven
    assert redrawn.shape[0] == redrawn.shape[1]
    assert model_input is drawing.prediction.model_input
    assert np.array_equal(model_input, expected.model_input)


def test_a_drawing_is_redrawn_once(recognizer, monkeypatch):
    calls = []
    redraw = pipeline.redraw
    monkeypatch.setattr(pipeline, "redraw", lambda *args: calls.append(args) or redraw(*args))
    recognizer.predict_drawing(Drawing(tuple(SEVEN), 18.0), 280)
    assert len(calls) == 1


def test_a_stored_prediction_keeps_its_probabilities_and_gets_a_digit_likeness(recognizer):
    fresh = recognizer.predict_strokes(SEVEN, 18)
    stored = np.roll(fresh.probabilities, 1)
    prediction = recognizer.stored_prediction(stored, fresh.model_input)
    assert (prediction.digit, prediction.confidence) == (8, stored[8])
    assert prediction.probabilities is stored
    assert (prediction.digit_likeness, prediction.is_digit) == (fresh.digit_likeness, fresh.is_digit)


def test_a_number_is_recognised_from_left_to_right(recognizer):
    strokes = [stroke + [280 * i, 0] for i, digit in enumerate((SEVEN, ONE, ZERO)) for stroke in digit]
    number = recognizer.predict_number(_painted(strokes, size=(840, 280)))
    assert number.text == "710"
    lefts = [digit.box[0] for digit in number.digits]
    assert lefts == sorted(lefts)


@pytest.mark.parametrize("size", [(280, 280), (2400, 2400), (3001, 2005)])
@pytest.mark.parametrize("kind", [np.asarray, Image.fromarray])
def test_a_box_is_measured_in_the_pixels_of_the_picture_given(recognizer, size, kind):
    large = np.asarray(Image.fromarray(_painted(SEVEN)).resize(size))
    (digit,) = recognizer.predict_number(kind(large)).digits
    ink = Image.fromarray(large).point(lambda level: 255 * (level > 127)).getbbox()
    assert np.abs(np.subtract(digit.box, ink)).max() <= 4


def test_no_box_reaches_beyond_its_picture(recognizer):
    odd = np.zeros((1999, 2999), np.uint8)
    odd[1000:, 2800:] = 255
    assert recognizer.predict_number(odd).digits[0].box == (2799, 999, 2999, 1999)


def test_no_strokes_are_no_digit(recognizer):
    with pytest.raises(NoInk):
        recognizer.predict_strokes([], 18)


@pytest.mark.parametrize("strokes", [[np.zeros((3, 3))], [np.zeros(5)], ["abc"]])
def test_invalid_strokes_are_rejected(recognizer, strokes):
    with pytest.raises(InvalidStrokes, match=r"\(n, 2\)"):
        recognizer.predict_strokes(strokes, 18)


def test_many_threads_can_predict_at_once(recognizer):
    expected = {id(s): recognizer.predict_strokes(s, 18).digit for s in (SEVEN, ONE, ZERO)}
    wrong = []

    def predict():
        for _ in range(50):
            for strokes in (SEVEN, ONE, ZERO):
                if recognizer.predict_strokes(strokes, 18).digit != expected[id(strokes)]:
                    wrong.append(1)

    threads = [threading.Thread(target=predict) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("content", [b"", b"nonsense" * 100])
def test_an_invalid_model_is_a_damaged_run(content):
    with pytest.raises(DamagedRun, match=r"model\.tflite"):
        Classifier(content)


def test_one_image_and_a_batch_have_the_same_logits():
    classifier = Classifier(open_run(SHIPPED).model_bytes())
    images = np.random.default_rng(0).random((7, 28, 28), np.float32)
    single = np.concatenate([classifier.logits(image[None]) for image in images])
    assert np.allclose(single, classifier.logits(images), atol=1e-4)
    assert np.allclose(single, classifier.logits_in_batches(images, 3), atol=1e-4)


POLARITIES_AND_SIZES = {
    "dark on light": lambda picture: 255 - picture,
    "doubled": lambda picture: np.kron(picture, np.ones((2, 2), np.uint8)),
    "in colour": lambda picture: np.stack([picture, 255 - picture // 2, 128 - picture // 3], 2).astype(np.uint8),
    "moved": lambda picture: np.roll(picture, (30, -25), (0, 1)),
}


@pytest.mark.parametrize("change", POLARITIES_AND_SIZES)
@pytest.mark.parametrize("strokes", [SEVEN, ONE, ZERO])
def test_polarity_colour_size_and_place_do_not_change_the_prediction(recognizer, strokes, change):
    picture = _painted(strokes)
    changed = recognizer.predict(POLARITIES_AND_SIZES[change](picture))
    assert changed.digit == recognizer.predict(picture).digit
    assert changed.is_digit


@pytest.mark.parametrize("strokes", [SEVEN, ONE, ZERO])
def test_pen_width_and_unit_do_not_change_the_prediction_for_strokes(recognizer, strokes):
    expected = recognizer.predict_strokes(strokes, 18)
    for pen in (4, 9, 36):
        assert recognizer.predict_strokes(strokes, pen).digit == expected.digit
    doubled = recognizer.predict_strokes([stroke * 2 - 500 for stroke in strokes], 36)
    assert np.allclose(doubled.model_input, expected.model_input, atol=0.02)


DOT = [np.array([[100.0, 100.0]])]
# Strokes and the digit they are, None if they are none.
ODD_STROKES = {
    "a dot": (DOT, None),
    "two equal points": ([np.array([[5.0, 5.0], [5.0, 5.0]])], None),
    "100,000 points": ([np.random.default_rng(0).uniform(0, 280, (100_000, 2))], None),
    "far outside": ([stroke * 1e6 - 1e8 for stroke in SEVEN], 7),
    "with points that are not finite": ([np.concatenate([SEVEN[0], [[np.nan, 3], [np.inf, -np.inf]]])], 7),
    "an empty stroke among others": ([np.zeros((0, 2)), *SEVEN], 7),
}


@pytest.mark.parametrize("name", ODD_STROKES)
def test_odd_strokes_are_recognised_or_are_no_digit(recognizer, name):
    strokes, digit = ODD_STROKES[name]
    prediction = recognizer.predict_strokes(strokes, 18)
    assert (prediction.digit if prediction.is_digit else None) == digit
    assert np.isfinite(prediction.probabilities).all()
    assert np.isfinite(prediction.model_input).all()


@pytest.mark.parametrize("size", [5, 20, 60])
def test_a_dot_is_no_digit(recognizer, size):
    assert not recognizer.predict_strokes(DOT, size).is_digit
    y, x = np.mgrid[:280, :280]
    picture = (np.hypot(x - 100, y - 150) < size / 2).astype(np.uint8) * 255
    assert not recognizer.predict(picture).is_digit


def test_points_that_are_not_finite_are_no_ink(recognizer):
    with pytest.raises(NoInk):
        recognizer.predict_strokes([np.full((3, 2), np.nan)], 18)


@pytest.mark.parametrize("pen", [0, -3, float("nan")])
def test_a_pen_without_width_still_leaves_the_strokes(recognizer, pen):
    assert recognizer.predict_strokes(SEVEN, pen).digit == 7


BLANK_PICTURES = {
    "black": np.zeros((280, 280), np.uint8),
    "white, in colour": np.full((50, 90, 3), 255, np.uint8),
    "one pixel": np.array([[200]], np.uint8),
    "full of ink": np.full((280, 280), 255, np.uint8),
    "noise": np.random.default_rng(0).integers(0, 255, (200, 200), np.uint8),
}


@pytest.mark.parametrize("name", BLANK_PICTURES)
def test_a_picture_without_a_digit_raises_no_ink(recognizer, name):
    for predict in (recognizer.predict, recognizer.predict_number):
        with pytest.raises(NoInk, match="picture"):
            predict(BLANK_PICTURES[name])


@pytest.mark.parametrize(
    "picture",
    [np.pad(np.full((5, 5), 255, np.uint8), 100), np.array([[0] * 50 + [255] + [0] * 50], np.uint8)],
    ids=["a dot", "one pixel in a row"],
)
def test_a_speck_is_no_digit(recognizer, picture):
    assert not recognizer.predict(picture).is_digit
    (digit,) = recognizer.predict_number(picture).digits
    assert not digit.prediction.is_digit


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "F", "I;16"])
def test_every_mode_of_picture_is_recognised(recognizer, mode):
    grey = Image.fromarray(255 - _painted(SEVEN))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey, np.uint16) * 200)
    else:
        image = grey.convert("RGB").convert(mode) if mode in {"CMYK", "P"} else grey.convert(mode)
    assert recognizer.predict(image).digit == 7


def test_a_picture_of_a_hundred_million_pixels_is_recognised(recognizer):
    large = Image.fromarray(_painted(SEVEN)).resize((10_000, 10_000))
    assert recognizer.predict(large).digit == 7
