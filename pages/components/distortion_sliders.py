"""Sliders that distort a model input, with the prediction for it."""

import numpy as np
import streamlit as st

from digit_core import Recognizer
from digit_core.evaluation.distortions import DISTORTIONS, Distortion, distorted
from pages.components.image_html import picture
from pages.components.percentages import probability


@st.fragment
def show_sliders(recognizer: Recognizer, model_input: np.ndarray, key: str = "sliders") -> None:
    """Show the sliders for a model input, float32 (28, 28), 0 to 1; `key` is unique on the page."""
    st.caption("The sliders change the normalised image of 28 × 28 pixels that the model sees.")
    row = st.container(horizontal=True, gap="medium", wrap=True)
    result = row.container(width=200)  # first, so that on a phone it is not below the sliders
    with row.container(width=340):
        strengths = {kind.name: _slider(kind, f"{key}-{kind.name}") for kind in DISTORTIONS.values()}
        st.button("Reset", icon=":material/restart_alt:", on_click=_reset, args=(key,), key=f"{key}-reset")
    with result:
        _show_prediction(recognizer, model_input, distorted(model_input[None], strengths)[0])


def _show_prediction(recognizer: Recognizer, before: np.ndarray, after: np.ndarray) -> None:
    prediction, undistorted = recognizer.predict_normalized(after), recognizer.predict_normalized(before)
    st.html(picture(after, 168, f"The distorted model input, predicted as {prediction.digit}"))
    if prediction.is_digit:
        st.markdown(f"Prediction: **{prediction.digit}**, {probability(prediction.confidence)} sure.")
    else:
        st.markdown(f"This no longer looks like a digit. The best guess is **{prediction.digit}**.")
    if undistorted.digit != prediction.digit:
        st.markdown(f":material/change_circle: Without distortion: **{undistorted.digit}**.")
    likeliest = np.argsort(-prediction.probabilities)[:3]
    st.caption(
        "Likeliest: " + ", ".join(f"{digit} ({probability(prediction.probabilities[digit])})" for digit in likeliest)
    )


def _slider(kind: Distortion, key: str) -> float:
    low, high = float(kind.strengths[0]), float(kind.strengths[-1])
    steps = {"degrees": 1.0, "factor": 0.05}
    step = steps.get(kind.unit, 0.5 if high >= 8 else 0.05 if high <= 1 else 0.1)
    # Not as the slider's default: Streamlit forgets a widget's value when another page is shown.
    st.session_state.setdefault(key, float(kind.neutral))
    return st.slider(f"{kind.title} ({kind.unit})", low, high, step=step, format="%g", key=key)


def _reset(key: str) -> None:
    for kind in DISTORTIONS.values():
        st.session_state[f"{key}-{kind.name}"] = float(kind.neutral)
