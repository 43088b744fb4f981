"""The Draw page: a canvas whose prediction is updated at each lift of the pen, and pictures to upload."""

import numpy as np
import streamlit as st
from PIL import Image

from digit_core import DigitError, InvalidImage, NoInk, Prediction, Recognizer
from digit_core.preprocessing.grayscale import LARGEST, as_rgb
from digit_core.preprocessing.image_files import open_picture
from pages.components import canvas, occlusion_card, prediction_card
from pages.components.cached import active_recognizer, explainer_of
from pages.shell import frame

_CARD_WIDTH = 470  # pixels, as far as the screen is that wide


@st.fragment
def show_canvas() -> None:
    """Canvas and prediction side by side, or below each other on a phone; only this reruns at a pen lift."""
    board = st.container(horizontal=True, gap="medium")
    try:
        with board.container(width=canvas.SIZE):
            drawing = canvas.show()
        with board.container(width=_CARD_WIDTH):
            recognizer, _ = active_recognizer()
            if not drawing:
                st.info("The canvas is blank: draw a digit.", icon=":material/draw:")
                return
            recognized = recognizer.predict_drawing(drawing, canvas.SIZE)
            if not recognized.prediction.is_digit:
                show_separate_digits(recognizer, recognized.steps[0].ink)
            prediction_card.show(recognized.prediction, recognized.steps)
            show_why(recognizer, recognized.prediction)
            show_what_if(recognizer, recognized.prediction)
    except NoInk as blank:
        st.info(str(blank))
    except DigitError as error:
        st.error(str(error))


def show_separate_digits(recognizer: Recognizer, ink: np.ndarray) -> None:
    """If what is on the canvas, float32 (h, w), 0 to 1, is several digits side by side, show them as a number."""
    try:
        number = recognizer.predict_number((ink * 255).astype(np.uint8))
    except (NoInk, InvalidImage):  # the canvas is painted all over, or full of dots
        return
    if len(number.digits) > 1 and all(digit.prediction.is_digit for digit in number.digits):
        st.info(f"Several digits? Recognised separately: **{number.text}**", icon=":material/more_horiz:")


def show_why(recognizer: Recognizer, prediction: Prediction) -> None:
    """An expander with the occlusion map, which is computed only while it is open."""
    with st.expander("Why?", icon=":material/help:", key="why", on_change="rerun") as expander:
        if expander.open:
            explanation = explainer_of(recognizer.run).explain(prediction.model_input)
            occlusion_card.show(prediction.model_input, explanation)


def show_what_if(recognizer: Recognizer, prediction: Prediction) -> None:
    """An expander with sliders that distort the drawing, and the prediction for the result."""
    with st.expander("What if?", icon=":material/tune:", key="change", on_change="rerun") as expander:
        if expander.open:
            from pages.components.distortion_sliders import show_sliders  # on demand: it imports the charts

            show_sliders(recognizer, prediction.model_input)


def show_upload() -> None:
    """Recognise the digit, or the line of digits, in a picture file."""
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
    """Show a picture and the prediction for each of its digits."""
    number = recognizer.predict_number(image)
    shown = as_rgb(image)
    shown.thumbnail((420, 160))
    st.image(shown)
    if len(number.digits) == 1:
        prediction_card.show(number.digits[0].prediction, number.digits[0].steps)
        return
    st.subheader(f"Recognised: {number.text}")
    predictions = [digit.prediction for digit in number.digits]
    doubtful = sum(not one.is_digit or one.confidence < prediction_card.SURE for one in predictions)
    if doubtful:
        st.caption(f"{'1 digit is' if doubtful == 1 else f'{doubtful} digits are'} doubtful; see below.")
    for prediction in predictions:
        prediction_card.show(prediction)


frame.require()
st.title("Draw a digit")
st.caption(
    "With mouse, finger or pen, anywhere on the black square, in any size. "
    "The prediction appears when you lift the pen."
)
show_canvas()
with st.expander("Upload a picture instead", icon=":material/image:"):
    show_upload()
