"""The sidebar's form: which preset to train, on which data, how long, and what else differs from the preset."""

from collections.abc import Callable

import streamlit as st

from digit_core.datasets.sources import TITLES, is_available
from digit_core.errors import InvalidConfig
from digit_core.evaluation.settings import with_titles
from digit_core.jobs import trainings, warm_trainer
from digit_core.jobs.estimates import seconds_for
from digit_core.runs.config import TrainingConfig, defaults, parse_numbers, training_config
from digit_core.runs.presets import DEFAULT_PRESET, PRESETS
from pages.components import labels, retrain_with_drawings
from pages.components.browser_window import window_name
from pages.components.glossary import definition
from pages.components.titles import duration, markdown
from pages.shell import more_settings

_OPENED = "training_settings_opened"  # in a session


def show(attempt: Callable[[Callable[[], object]], None], *, busy: bool, problem: str | None) -> None:
    """Show the form; *Retrain* has `attempt` start the training. `problem` is the error of the last attempt."""
    start = st.container()  # above the settings, though it needs them
    form = st.expander("Training settings", icon=":material/tune:", key="training_settings", on_change="rerun")
    if form.open:
        st.session_state[_OPENED] = True
        if not busy:
            warm_trainer.keep_warm()  # TensorFlow is imported while the form is being looked at
    preset, settings = DEFAULT_PRESET, {}
    if st.session_state.get(_OPENED):  # before that, its twenty fields would be half of what a page sends
        with form:
            preset, settings = _settings()
    wrong = None
    try:
        config = _config(preset, settings)
    except InvalidConfig as error:
        config, wrong = None, markdown(with_titles(str(error)))

    with start:
        if problem and not wrong:
            st.error(problem)
        if wrong:
            st.error(f"{wrong}.", icon=":material/tune:")
        # While one is running it is another button: the second click of a double click does not queue a second one.
        pressed = st.button(
            "Add to the queue" if busy else "Retrain",
            type="secondary" if busy else "primary",
            icon=":material/playlist_add:" if busy else ":material/play_arrow:",
            disabled=config is None,
            help="Correct the training settings first." if config is None else None,
            width="stretch",
            key="queue-training" if busy else "retrain",
        )
        if pressed and config:  # a click can arrive together with a value that is out of range
            attempt(lambda: trainings.start(config, window=window_name()))
        if busy:
            st.caption("One training at a time: this one starts after those before it.")
        elif config:
            st.caption(_summary(config))
        if labels.count():
            retrain_with_drawings.show(
                "Retrain with my drawings", attempt, key="retrain-drawings", busy=busy, owners=[labels.owner()]
            )
            st.caption("Learns from your labels in *My drawings*.")


def _config(preset: str, settings: dict) -> TrainingConfig:
    """The configuration; lists of numbers are as they were typed. Raises InvalidConfig."""
    typed = {name: value for name, value in settings.items() if name in more_settings.LISTS}
    return training_config(preset, **settings | {name: parse_numbers(text, name) for name, text in typed.items()})


def _settings() -> tuple[str, dict]:
    """The preset, and the settings chosen for it."""
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
    # Keys with preset and data in them, so that another choice brings its own defaults. Without limits,
    # with which the browser would keep a number out of range to itself, and train with the one before.
    epochs = left.number_input(
        "Epochs", value=usual["epochs"], step=1, key=f"epochs-{preset}-{data}", help=definition("epoch")
    )
    batch = right.number_input(
        "Batch size", value=usual["batch_size"], step=1, key=f"batch-{preset}-{data}", help=definition("batch size")
    )
    settings = {"data": data, "epochs": epochs, "batch_size": batch}
    if preset == "custom":
        settings |= more_settings.layers(usual)
    with st.expander("More settings", key="more_settings"):
        settings |= more_settings.show(preset, data, usual, epochs)
    return preset, settings


def _summary(config: TrainingConfig) -> str:
    passes = "1 epoch" if config.epochs == 1 else f"{config.epochs} epochs"
    seed = f", seed {config.seed}" if config.seed else ""
    seconds = seconds_for(config)
    estimate = f". About {duration(seconds)} on this machine" if seconds else ""
    return (
        f"{PRESETS[config.preset].title} on {TITLES[config.data]}, {passes}, batches of {config.batch_size}"
        f"{seed}{estimate}"
    )
