"""The sidebar's form: which preset to train, on what, and how long."""

from collections.abc import Callable

import streamlit as st

from digit_core.datasets.sources import TITLES, is_available
from digit_core.jobs import trainings
from digit_core.runs.config import defaults, parse_numbers, training_config
from digit_core.runs.presets import DEFAULT_PRESET, PRESETS


def show(attempt: Callable[[Callable[[], object]], None], *, busy: bool, problem: str | None) -> None:
    """Show the form; *Retrain* has `attempt` start the training. `problem` is what went wrong last time."""
    button = st.container()  # shown first, though it needs what is chosen below it
    with st.expander("Training settings", icon=":material/tune:", key="training_settings"):
        preset = st.selectbox(
            "Preset",
            list(PRESETS),
            index=list(PRESETS).index(DEFAULT_PRESET),
            format_func=lambda name: PRESETS[name].title,
            key="preset",
        )
        st.caption(PRESETS[preset].description)
        data = st.radio("Data set", list(TITLES), format_func=TITLES.get, captions=_sizes(), key="data")
        usual = defaults(preset, data)
        left, right = st.columns(2)
        # Keys with the preset and data in them: another choice brings its own defaults.
        epochs = left.number_input("Epochs", 1, 500, usual["epochs"], key=f"epochs-{preset}-{data}")
        batch = right.number_input("Batch size", 1, 8192, usual["batch_size"], key=f"batch-{preset}-{data}")
        settings = {"epochs": int(epochs), "batch_size": int(batch)}
        typed = _custom_layers(usual) if preset == "custom" else {}
    with button:
        if problem:
            st.error(problem)
        if st.button("Retrain", type="primary", icon=":material/play_arrow:", disabled=busy, width="stretch"):
            attempt(lambda: trainings.start(training_config(preset, data=data, **settings, **_numbers(typed))))
        if busy:
            st.caption("One training at a time: the next can start when this one has ended.")
        else:
            passes = "1 epoch" if epochs == 1 else f"{epochs} epochs"
            st.caption(f"{PRESETS[preset].title} on {TITLES[data]}, {passes}, batches of {batch}")


def _custom_layers(usual: dict) -> dict:
    """What a person chooses for the preset custom; layers as they were typed."""
    typed = {
        name: st.text_input(title, ", ".join(map(str, usual[name])), help=meaning, key=f"custom-{name}")
        for name, title, meaning in (
            ("filters", "Filters", "Of each convolution, with commas between them."),
            ("kernel_sizes", "Kernel sizes", "Pixels a side, one for each convolution."),
            ("dense_units", "Dense units", "Of each dense layer after the convolutions; empty for none."),
        )
    }
    return {
        **typed,
        "batch_normalization": st.toggle("Batch normalisation", usual["batch_normalization"], key="custom-bn"),
        "dropout": st.slider("Dropout", 0.0, 0.9, usual["dropout"], 0.05, key="custom-dropout"),
        "rotation": st.slider("Rotation", 0.0, 30.0, usual["rotation"], 1.0, format="%.0f°", key="custom-rotation"),
        "scaling": st.slider("Scaling", 0.0, 0.3, usual["scaling"], 0.01, key="custom-scaling"),
    }


def _numbers(typed: dict) -> dict:
    """Typed layers as numbers. Raises InvalidConfig."""
    return {name: parse_numbers(value, name) if isinstance(value, str) else value for name, value in typed.items()}


def _sizes() -> list[str]:
    mnist = "60,000 images" if is_available("mnist") else "60,000 images; 11 MB to fetch first"
    return [mnist, "1,438 images, bundled"]
