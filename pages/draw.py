"""Draw a digit and see it read at every lift of the pen."""

import numpy as np
import streamlit as st
from PIL import Image

from digit_core import DigitError, InvalidImage, NoInk, Prediction, Recognizer
from digit_core.preprocessing.grayscale import LARGEST, as_rgb
from digit_core.preprocessing.image_files import open_picture
from digit_core.preprocessing.pipeline import drawing_steps, drawing_to_input, ink_steps, rasterize
from digit_core.runs.run import Run
from pages.components import canvas, occlusion_card, prediction_card
from pages.components.cached import active_recognizer
from pages.components.occlusion_card import explainer_of
from pages.shell import frame

_READING_WIDTH = 470  # pixels; a phone gives it what there is


@st.fragment
def drawing_board() -> None:
    """Canvas on the left, reading on the right; the only part that reruns at a pen lift."""
    board = st.container(horizontal=True, gap="medium")  # side by side, or below each other on a phone
    try:
        with board.container(width=canvas.SIZE):
            drawing = canvas.show()
            name = canvas.picture_name()
            if name:
                st.caption(
                    f"On the canvas: {name}. It is read pixel by pixel; "
                    "with strokes over it, both are read together as one picture."
                )
            if canvas.has_more():
                st.button("Bring my drawing back", icon=":material/history:", on_click=canvas.put_back)
        with board.container(width=_READING_WIDTH):
            recognizer, _ = active_recognizer()
            if not drawing:
                st.info("The canvas is blank: draw a digit.", icon=":material/draw:")
                return
            prediction = recognizer.predict_normalized(drawing_to_input(drawing, canvas.SIZE))
            if not prediction.is_digit:
                several(recognizer, rasterize(drawing, canvas.SIZE))
            prediction_card.show(prediction, drawing_steps(drawing, canvas.SIZE))
            why(recognizer.run, prediction)
            change(recognizer, prediction)
    except NoInk as nothing:
        st.info(str(nothing))
    except DigitError as error:
        st.error(str(error))


def several(recognizer: Recognizer, drawn: np.ndarray) -> None:
    """Say what a drawing (h, w), 0 to 1, reads that is no digit but a line of them; of any other say nothing."""
    try:
        number = recognizer.predict_number((drawn * 255).astype(np.uint8))
    except (NoInk, InvalidImage):  # it is painted all over, or full of dots
        return
    if len(number.digits) > 1 and all(digit.prediction.is_digit for digit in number.digits):
        st.info(f"Several digits? One by one they read **{number.text}**.", icon=":material/more_horiz:")


def why(run: Run, prediction: Prediction) -> None:
    """A closed expander; what the reading rests on is computed only when it is open."""
    with st.expander("Why?", icon=":material/help:", key="why", on_change="rerun") as expander:
        if expander.open:
            occlusion_card.show(prediction.model_input, explainer_of(run).explain(prediction.model_input))


def change(recognizer: Recognizer, prediction: Prediction) -> None:
    """A closed expander with sliders that turn, shift and blur the drawing, and the reading following."""
    with st.expander("What if?", icon=":material/tune:", key="change", on_change="rerun") as what:
        if what.open:
            from pages.components.distortion_sliders import show_sliders  # not before: it loads what charts need

            show_sliders(recognizer, prediction.model_input)


def read_upload() -> None:
    """Read a picture from a file: one digit or a line of them."""
    file = st.file_uploader(
        "A photo or scan of one digit, or of several in a line",
        type=["png", "jpg", "jpeg", "bmp", "gif", "webp", "tif", "tiff"],
    )
    if file is None:
        return
    try:
        recognizer, _ = active_recognizer()
        show_number(recognizer, open_picture(file, file.name, enough=LARGEST))
    except DigitError as error:
        st.error(str(error))


def show_number(recognizer: Recognizer, image: Image.Image) -> None:
    """Show what a picture says, digit by digit."""
    number = recognizer.predict_number(image)
    shown = as_rgb(image)
    shown.thumbnail((420, 160))
    st.image(shown)
    if len(number.digits) == 1:
        digit = number.digits[0]
        prediction_card.show(digit.prediction, ink_steps(digit.ink, digit.prediction.model_input))
        return
    st.subheader(f"It says {number.text}")
    doubtful = [
        d.prediction
        for d in number.digits
        if not d.prediction.is_digit or d.prediction.confidence < prediction_card.SURE
    ]
    if doubtful:
        doubts = "1 digit is" if len(doubtful) == 1 else f"{len(doubtful)} digits are"
        st.caption(f"{doubts} doubtful; each is shown below.")
    for digit in number.digits:
        prediction_card.show(digit.prediction)


frame.require()
st.title("Draw a digit")
st.caption("With mouse, finger or pen, anywhere on the black square, in any size. It is read when you lift the pen.")
drawing_board()
with st.expander("Read a picture instead", icon=":material/image:"):
    read_upload()
