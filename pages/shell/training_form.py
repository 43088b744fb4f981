"""The sidebar's form: which preset to train, on which data, and how long."""

from collections.abc import Callable

import streamlit as st

from digit_core.datasets.sources import TITLES, is_available
from digit_core.jobs import trainings
from digit_core.runs.config import defaults, parse_numbers, training_config
from digit_core.runs.presets import DEFAULT_PRESET, PRESETS
from pages.components.browser_window import window_name


def show(attempt: Callable[[Callable[[], object]], None], *, busy: bool, problem: str | None) -> None:
    """Show the form; *Retrain* has `attempt` start the training. `problem` is the error of the last attempt."""
    start = st.container()  # above the settings, though it needs them
    with st.expander("Training settings", icon=":material/tune:", key="training_settings"):
        presets = list(PRESETS)
        preset = st.selectbox(
            "Preset", presets, presets.index(DEFAULT_PRESET), lambda name: PRESETS[name].title, key="preset"
        )
        st.caption(PRESETS[preset].description)
        mnist = "60,000 images" if is_available("mnist") else "60,000 images; 11 MB to download first"
        captions = [mnist, "1,438 images, bundled"]
        data = st.radio("Data set", list(TITLES), format_func=TITLES.get, captions=captions, key="data")
        usual = defaults(preset, data)
        left, right = st.columns(2)
        # Keys with preset and data in them, so that another choice brings its own defaults.
        epochs = left.number_input("Epochs", 1, 500, usual["epochs"], key=f"epochs-{preset}-{data}")
        batch = right.number_input("Batch size", 1, 8192, usual["batch_size"], key=f"batch-{preset}-{data}")
        layers = _custom_layers(usual) if preset == "custom" else {}

    def train() -> None:
        settings = {"epochs": int(epochs), "batch_size": int(batch), **layers}
        for name, value in layers.items():
            if isinstance(value, str):
                settings[name] = parse_numbers(value, name)
        trainings.start(training_config(preset, data=data, **settings), window=window_name())

    with start:
        if problem:
            st.error(problem)
        if st.button("Retrain", type="primary", icon=":material/play_arrow:", disabled=busy, width="stretch"):
            attempt(train)
        if busy:
            st.caption("One training at a time: the next can start when this one has ended.")
        else:
            passes = "1 epoch" if epochs == 1 else f"{epochs} epochs"
            st.caption(f"{PRESETS[preset].title} on {TITLES[data]}, {passes}, batches of {batch}")


def _custom_layers(usual: dict) -> dict:
    """The settings of the preset custom; lists of numbers as they were typed."""
    lists = (
        ("filters", "Filters", "For each convolution, separated by commas."),
        ("kernel_sizes", "Kernel sizes", "Pixels a side, one for each convolution."),
        ("dense_units", "Dense units", "For each dense layer after the convolutions; empty for none."),
    )
    return {
        **{
            name: st.text_input(title, ", ".join(map(str, usual[name])), help=help_text, key=f"custom-{name}")
            for name, title, help_text in lists
        },
        "batch_normalization": st.toggle("Batch normalisation", usual["batch_normalization"], key="custom-bn"),
        "dropout": st.slider("Dropout", 0.0, 0.9, usual["dropout"], 0.05, key="custom-dropout"),
        "rotation": st.slider("Rotation", 0.0, 30.0, usual["rotation"], 1.0, format="%.0f°", key="custom-rotation"),
        "scaling": st.slider("Scaling", 0.0, 0.3, usual["scaling"], 0.01, key="custom-scaling"),
    }
