"""The public way to recognise digits.

strokes or picture -> ink -> MNIST's normal form -> LiteRT -> calibrated `Prediction`
"""

import os
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from PIL import Image

from digit_core.errors import DamagedRun, DigitError, InvalidImage, NoInk
from digit_core.inference.litert import Classifier, FeatureClassifier
from digit_core.inference.number_search import CUT, DRAWN, best_sequence
from digit_core.inference.prediction import DrawingPrediction, Number, Prediction, RecognizedDigit
from digit_core.inference.probabilities import N_DIGITS, digit_likeness, digit_probabilities
from digit_core.inference.typeset_text import refuse_text
from digit_core.inference.writing_style import by_one_hand
from digit_core.inference.zooms import picture_logits
from digit_core.preprocessing.columns import columns_of
from digit_core.preprocessing.fabric_canvas import Drawing
from digit_core.preprocessing.ink import find_ink
from digit_core.preprocessing.normalize import bounding_box
from digit_core.preprocessing.pipeline import drawing_steps, rasterized, thinned
from digit_core.preprocessing.segmentation import Box, Segmentation, segment
from digit_core.preprocessing.stroke_groups import group_strokes, rows_of
from digit_core.preprocessing.stroke_width import normalize_picture
from digit_core.preprocessing.strokes import draw_strokes, normalize_redrawn
from digit_core.preprocessing.text_line import TextLine, drawn_line
from digit_core.preprocessing.text_lines import find_line, find_lines
from digit_core.runs.active_run import active_run
from digit_core.runs.run import Run, open_run

_THREADS = min(os.cpu_count() or 1, 2)  # of the network: two halve its time, and cost no more of the processors
_PAGE_LINES = 3  # a page of text has at least so many lines
_PAGE_CANDIDATES = 250  # after so many, of ten lines of numbers or three of text, this is decided
_BLOB = 2  # times the pen's width: a drawing smaller than this is a blot

_Predict = Callable[[Sequence[np.ndarray]], list[Prediction]]


class Recognizer:
    """Recognises digits with a run's model. Safe to share between threads."""

    def __init__(self, run: Run, *, threads: int = _THREADS):
        """`threads`: of the network. Raises DamagedRun if the run's model or calibration cannot be used."""
        self.run = run
        try:
            self._classifier = Classifier(run.model_bytes(), threads)
        except DamagedRun as error:
            raise DamagedRun(f"The model of the run {run.name} cannot be loaded: {error}") from None
        self._calibration = run.calibration

    @classmethod
    def load(cls, run: str | None = None, *, threads: int = _THREADS) -> "Recognizer":
        """The recogniser of the active run, or of the run of that name. Raises UnknownRun or DamagedRun."""
        return cls(open_run(run) if run else active_run(), threads=threads)

    def predict(self, image: Image.Image | np.ndarray) -> Prediction:
        """Predict the digit in a picture, dark on light or light on dark. Raises NoInk or InvalidImage.

        `image`: a Pillow image or a uint8 array (h, w), (h, w, 3) or (h, w, 4).
        """
        return self.predict_pictures([normalize_picture(find_ink(image, single=True))])[0]

    def predict_strokes(self, strokes: Sequence[np.ndarray], pen_width: float) -> Prediction:
        """Predict the digit of pen strokes. Raises NoInk or InvalidStrokes.

        `strokes`: arrays (n, 2) in canvas pixels, x to the right and y down; `pen_width` in canvas pixels.
        """
        return self.predict_normalized(draw_strokes(strokes, pen_width))

    def predict_number(self, image: Image.Image | np.ndarray) -> Number:
        """Predict several digits, left to right. Takes and raises what `predict` does."""
        return self._number(find_line(image), self.predict_pictures)

    def predict_drawn_number(self, drawing: Drawing, ink: np.ndarray) -> Number:
        """Predict several digits on a canvas, left to right and row by row.

        `ink`: float32 (h, w), 0 (blank) to 1 (ink), the first of the drawing's steps; boxes are in its pixels. Digits
        are told apart by their strokes, and cut from the ink where that finds more of them. Raises NoInk,
        InvalidStrokes or InvalidImage.
        """
        found = None if drawing.picture is not None else self._number_of_strokes(drawing, ink)
        if found and found.share_of_digits == 1:
            return found
        if drawing.picture is None and drawing.longer_side < _BLOB * drawing.pen_width:
            raise NoInk("The drawing is too small for several digits: its strokes are as wide as it is.")
        thin = drawing if drawing.picture is not None else thinned(drawing)
        to_cut = ink if thin is drawing else rasterized(thin, ink.shape)
        try:
            cut = self._number(drawn_line(to_cut), self.predict_normalized_all)
            cut = cut.with_wider_boxes(int(drawing.pen_width - thin.pen_width) // 2, ink.shape)
        except InvalidImage:
            if found:
                return found
            raise
        return found if found and found.share_of_digits >= cut.share_of_digits else cut

    def _number_of_strokes(self, drawing: Drawing, ink: np.ndarray) -> Number | None:
        rows = [
            self._number_of_row(strokes, drawing.pen_width, ink)
            for strokes in rows_of(drawing.strokes, drawing.pen_width)
        ]
        found = [row for row in rows if row is not None]
        return Number(tuple(digit for row in found for digit in row.digits)) if len(found) == len(rows) else None

    def _number_of_row(self, strokes: Sequence[np.ndarray], pen_width: float, ink: np.ndarray) -> Number | None:
        segmentation = group_strokes(strokes, pen_width)
        if segmentation is None:
            return None
        line = TextLine(ink, np.eye(2, 3), ink.shape[::-1])
        inputs = [normalize_redrawn(candidate.ink) for candidate in segmentation.candidates]
        return self._number_of(line, segmentation, self.predict_normalized_all(inputs), DRAWN)

    def predict_lines(self, image: Image.Image | np.ndarray) -> tuple[Number, ...]:
        """Predict the digits of each line of a picture, top to bottom; at least one line.

        Lines may be tilted by up to 15 degrees. Takes and raises what `predict` does; InvalidImage also
        for a page of text: three or more lines most of whose marks do not look like digits.
        """
        lines = find_lines(image)
        if len(lines) == 1:
            return (self._number(lines[0], self.predict_pictures),)
        numbers: list[Number] = []
        candidates = 0
        for line in lines:
            number, count = self._number_or_none(line)
            numbers += [number] if number else []
            candidates += count
            is_decided = len(numbers) >= _PAGE_LINES if line is lines[-1] else candidates >= _PAGE_CANDIDATES
            if is_decided and len(lines) >= _PAGE_LINES:
                refuse_text([digit.prediction for number in numbers for digit in number.digits])
        if not numbers:
            raise NoInk("There is nothing in the picture that looks like a line of digits.")
        digits = [number for number in numbers if any(digit.prediction.is_digit for digit in number.digits)]
        return tuple(digits or numbers[:1])

    def _number_or_none(self, line: TextLine) -> tuple[Number | None, int]:
        """As `_number`, but None for a line with more marks than one of digits has, too; and how many candidates."""
        try:
            segmentation = segment(line.ink)
            return self._cut_number(line, segmentation, self.predict_pictures), len(segmentation.candidates)
        except InvalidImage:
            return None, 0

    def _number(self, line: TextLine, predict: _Predict) -> Number:
        """The digits of a line; one doubtful digit if nothing in it looks like one. Raises NoInk or InvalidImage."""
        found = self._cut_number(line, segment(line.ink), predict)
        if found:
            return found
        (prediction,) = predict([normalize_picture(line.ink)])
        return Number((RecognizedDigit(prediction, line.box_in_picture(_whole(line.ink)), line.ink),))

    def _cut_number(self, line: TextLine, segmentation: Segmentation, predict: _Predict) -> Number | None:
        inputs = [normalize_picture(each.ink) for each in segmentation.candidates]
        return self._number_of(line, segmentation, predict(inputs), CUT)

    def _number_of(
        self, line: TextLine, segmentation: Segmentation, predictions: Sequence[Prediction], digit_cost: float
    ) -> Number | None:
        """The number that `predictions` for the candidates make likeliest; None if nothing looks like a digit."""
        found = best_sequence(
            segmentation,
            np.array([one.probabilities for one in predictions]).reshape(-1, N_DIGITS),
            np.array([one.digit_likeness for one in predictions]),
            digit_cost,
        )
        if not found:
            return None
        of = dict(zip(map(id, segmentation.candidates), predictions, strict=True))
        digits = by_one_hand([of[id(one)] for one in found], self._features)
        return Number(
            tuple(
                RecognizedDigit(prediction, line.box_in_picture(one.box), one.ink)
                for prediction, one in zip(digits, found, strict=True)
            ),
            tuple(columns_of([one.box for one in found], line.rules)),
        )

    def _features(self, inputs: np.ndarray) -> np.ndarray | None:
        """Of model inputs (n, 28, 28): the input of the last dense layer, float32 (n, d); None if there is none."""
        try:
            return self._feature_classifier.features(inputs)
        except DigitError:  # NoFeatures, or the run was deleted since: its network still predicts
            return None

    @cached_property
    def _feature_classifier(self) -> FeatureClassifier:
        """Loaded when a number first needs it: most drawings are single digits. Raises NoFeatures or DamagedRun."""
        return FeatureClassifier(self.run.model_bytes())

    def predict_drawing(self, drawing: Drawing, size: int) -> DrawingPrediction:
        """Predict the digit on a canvas of `size` pixels a side. Raises NoInk or InvalidStrokes."""
        steps = drawing_steps(drawing, size)
        return DrawingPrediction(self.predict_normalized(steps[-1].ink), steps)

    def predict_normalized(self, model_input: np.ndarray) -> Prediction:
        """Predict the digit of a model input: float32 (28, 28), 0 to 1."""
        return self.predict_normalized_all([model_input])[0]

    def predict_normalized_all(self, inputs: Sequence[np.ndarray]) -> list[Prediction]:
        """As `predict_normalized` for model inputs (n, 28, 28), in one call of the network."""
        if not len(inputs):
            return []
        logits = self._classifier.logits_in_batches(np.asarray(inputs))
        return self._predictions(logits, inputs, self._calibration.temperature)

    def predict_pictures(self, inputs: Sequence[np.ndarray]) -> list[Prediction]:
        """As `predict_normalized_all`, for model inputs that are from pictures: what `predict` does with its one."""
        if not len(inputs):
            return []
        temperature = self._calibration.picture_temperature or self._calibration.temperature
        return self._predictions(picture_logits(self._classifier, inputs), inputs, temperature)

    def _predictions(self, logits: np.ndarray, inputs: Sequence[np.ndarray], temperature: float) -> list[Prediction]:
        return [
            self._prediction(own[None], model_input, temperature)
            for own, model_input in zip(logits, inputs, strict=True)
        ]

    def _prediction(self, logits: np.ndarray, model_input: np.ndarray, temperature: float) -> Prediction:
        """From the logits (1, k) of a model input."""
        probabilities = digit_probabilities(logits, temperature)[0]
        likeness = float(digit_likeness(logits)[0])
        digit = int(probabilities.argmax())
        return Prediction(
            digit=digit,
            probabilities=probabilities,
            confidence=float(probabilities[digit]),
            digit_likeness=likeness,
            is_digit=likeness >= self._calibration.likeness_threshold,
            model_input=model_input,
        )

    def stored_prediction(self, probabilities: np.ndarray, model_input: np.ndarray) -> Prediction:
        """The prediction that the run stored for a test image; only the digit likeness, which is not stored, is new.

        `probabilities`: a row of the run's predictions, float32 (10,); `model_input`: float32 (28, 28), 0 to 1.
        """
        return self.predict_normalized(model_input).with_probabilities(probabilities)


def _whole(ink: np.ndarray) -> Box:
    top, bottom, left, right = bounding_box(ink)
    return left, top, right, bottom
