"""The Draw page: a canvas whose prediction follows the pen, and pictures to upload."""

import time

import numpy as np
import streamlit as st

from digit_core import DigitError, InvalidImage, NoInk, Prediction, Recognizer
from digit_core.inference.prediction import Number
from digit_core.jobs.processor_sharing import note_drawing
from digit_core.preprocessing.fabric_canvas import Drawing
from digit_core.telemetry.events import predicting
from pages.components import canvas, draw_layout, labels, live_stroke, occlusion_card, prediction_card, url_state
from pages.components.cached import active_recognizer, explainer_of
from pages.components.noted_errors import noted
from pages.components.titles import markdown
from pages.draw_sections import (
    corrections,
    feedback,
    number_card,
    picture_inputs,
    presentation,
    tour,
    uploaded_pictures,
)

_TAB, _TABS = "input", ("Draw", "Upload")
_TITLES = {"Draw": "Draw a digit", "Upload": "Upload pictures of digits"}
_DIGITS = 0.6  # of the parts of a drawing: if more look like digits, it is a number, else scribble
_INK = 0.6  # of a drawing's ink, which a number's digits have: the sides of a frame look like ones


@st.fragment
def show_canvas() -> None:
    """Canvas and prediction side by side, or below each other on a phone; only this reruns while one draws."""
    started = time.thread_time()
    show_drawing()
    live_stroke.answer(started)
    if labels.changes_sidebar():  # it offers to learn from the drawings, or no longer does
        st.rerun(scope="app")


def show_drawing() -> None:
    """The canvas, the prediction for what is on it, and its explanations."""
    left, right = draw_layout.columns("board")
    explanations = st.container(key="explanations")
    try:
        with left:
            drawing = canvas.show()
        with right:
            recognizer, _ = active_recognizer()
            if not drawing:
                corrections.set_aside("canvas")
                st.info("The canvas is blank: draw a digit.", icon=":material/draw:")
                return
            note_drawing()
            with predicting("stroke under way" if live_stroke.is_under_way() else "canvas"):
                recognized = recognizer.predict_drawing(drawing, canvas.SIZE)
            prediction: Prediction | None = recognized.prediction
            number = None if prediction.is_digit else separate_digits(recognizer, drawing, recognized.steps[0].ink)
            run = recognizer.run.name
            if number is None:
                prediction_card.show(prediction, recognized.steps, lambda: feedback.show(prediction, drawing, run))
            else:
                opened = number_card.show_canvas_number(number, recognized.steps[0].ink, run)
                prediction = opened.prediction if opened else None
        if prediction is not None:
            with explanations:
                show_why(recognizer, prediction)
                show_what_if(recognizer, prediction)
    except NoInk as blank:
        right.info(str(blank))
    except DigitError as error:
        right.error(noted(error))


def separate_digits(recognizer: Recognizer, drawing: Drawing, ink: np.ndarray) -> Number | None:
    """The number on the canvas, if it is several digits side by side, else None; `ink` float32 (h, w), 0 to 1."""
    try:
        number = recognizer.predict_drawn_number(drawing, ink)
    except (NoInk, InvalidImage):  # the canvas is painted all over, or full of dots
        return None
    is_number = len(number.digits) > 1 and number.share_of_digits > _DIGITS and number.share_of_ink(ink) > _INK
    return number if is_number else None


def show_why(recognizer: Recognizer, prediction: Prediction) -> None:
    """An expander with the occlusion map, which is computed only while it is open."""
    title = "Why this prediction (occlusion map)"
    with st.expander(title, icon=":material/help:", key="why", on_change="rerun") as expander:
        if expander.open:
            explanation = explainer_of(recognizer.run).explain(prediction.model_input)
            occlusion_card.show(prediction.model_input, explanation)


def show_what_if(recognizer: Recognizer, prediction: Prediction) -> None:
    """An expander with sliders that distort the drawing, and the prediction for the result."""
    title = "What if it were rotated, shifted, blurred…"
    with st.expander(title, icon=":material/tune:", key="change", on_change="rerun") as expander:
        if expander.open:
            from pages.components.distortion_sliders import show_sliders  # on demand: it imports the charts

            show_sliders(recognizer, prediction.model_input)


@st.fragment
def show_upload() -> None:
    """Recognise the digits in pictures from files, the clipboard or the camera."""
    files = picture_inputs.show()
    try:
        recognizer, _ = active_recognizer()
        uploaded_pictures.show(files, recognizer)
    except DigitError as error:
        st.error(markdown(noted(error)))


def note_tab() -> None:
    """Put the tab that was chosen into the address."""
    url_state.put("tab", "upload" if st.session_state[_TAB] == _TABS[1] else None)


presented = presentation.is_on()
st.session_state[_TAB] = _TABS[1] if url_state.read().get("tab") == "upload" and not presented else _TABS[0]
draw_layout.show_style(presented)
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="draw-title"):
    st.title(_TITLES[st.session_state[_TAB]], width="content")
    presentation.show_button(presented)
draw_tab, upload_tab = st.tabs(_TABS, key=_TAB, on_change=note_tab)
with draw_tab:
    st.container(key="draw-hint").caption(
        "With mouse, finger or pen, anywhere on the black square, in any size. The prediction follows the pen."
    )
    show_canvas()
with upload_tab:
    show_upload()
with st.container(gap=None):
    presentation.listen(presented)
    tour.show(hidden=presented)
