"""What every page has at its side: which run reads, and the control to train another."""

import time
from collections.abc import Callable

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from digit_core.errors import DigitError
from digit_core.records import jobs
from digit_core.records.config import defaults, parse_numbers, training_config
from digit_core.records.datasets import TITLES, mnist_file
from digit_core.records.presets import DEFAULT_PRESET, PRESETS
from digit_core.records.results import ACTIVE, Progress
from digit_core.records.runs import SHIPPED, Run, open_run
from digit_core.records.served import served
from pages.shared.models import read_with, served_recognizer
from pages.shared.names import duration, run_markdown

_WATCHING, _IDLE = 0.7, 5.0  # seconds between two looks at the trainer
_EACH = 0.04  # seconds that a look of one window while a training runs leaves to all others
_AGO = 60.0  # seconds after which what the panel says of time is told anew
_SHOWN, _PROBLEM = "sidebar_shows", "sidebar_problem"


def show(before: Callable[[], None] = lambda: None) -> None:
    """Show the panel; it looks for news by itself, and reruns the page when there are any.

    `before` is called first each time.
    """
    st.session_state[_SHOWN] = _situation()
    windows = _windows()
    st.fragment(_panel, run_every=max(_WATCHING, _EACH * windows) if jobs.current() else _AGO)(before)
    # With a class of 200 most of the work would be drawing panels anew in which nothing has changed.
    st.fragment(_look, run_every=_IDLE)(before)


def _look(before: Callable[[], None]) -> None:
    """Look for news, and show nothing."""
    before()
    _windows()
    situation = _situation()
    if situation != st.session_state.get(_SHOWN):
        st.session_state[_SHOWN] = situation
        st.session_state.pop(_PROBLEM, None)  # it was about how things were
        st.rerun(scope="app")


def _panel(before: Callable[[], None]) -> None:
    _look(before)
    with st.container():
        _served_run()
    st.divider()
    job = jobs.current()
    # In a place of its own: with one row more or less above it the form would be built anew, and close.
    with st.container():
        if job is not None:
            _training(job, job.progress())
        else:
            _outcome()
    with st.container():
        _form(busy=job is not None)


def _windows() -> int:
    """How many windows have drawn a page or looked for news in the last minute."""
    seen, now, context = _seen(), time.monotonic(), get_script_run_ctx()
    seen[context.session_id if context else ""] = now
    for window, when in list(seen.items()):
        if now - when > 60:
            seen.pop(window, None)
    return len(seen)


@st.cache_resource(show_spinner=False)
def _seen() -> dict[str, float]:
    """When each window, by its session, was last seen."""
    return {}


def _situation() -> tuple:
    """What, when it changes, makes the whole page worth drawing again."""
    job, latest = jobs.current(), jobs.latest()
    progress = jobs.settle(latest) if latest else None
    return served(), job and job.name, latest and latest.name, progress and progress.state


def _served_run() -> None:
    try:
        recognizer, problem = served_recognizer()
        run = recognizer.run
        accuracy = run.metrics.accuracy
    except DigitError as error:
        st.error(f"No run can read. {error}")
        return
    st.markdown(f"Reading with **{run_markdown(run.name)}**")
    st.caption(
        f"{accuracy:.2%} of the {TITLES[run.config.data]} test images are read correctly",
        help="Measured once, on images that the model was not trained on.",
    )
    if problem:
        st.warning(problem)
    others = [name for name in dict.fromkeys([served().previous, SHIPPED]) if name not in (None, run.name)]
    if said := next(filter(None, (_better(run, other) for other in others)), None):
        st.caption(said)
    for other in others:
        if st.button(
            f"Back to {run_markdown(other)}", icon=":material/history:", width="stretch", key=f"back-to-{other}"
        ):
            _attempt(lambda other=other: read_with(other))


def _better(run: Run, other: str) -> str | None:
    """A sentence if another run may be preferred to the one that reads: a training's run is served unseen."""
    try:
        before = open_run(other)
        config, accuracy = before.config, before.metrics.accuracy
    except DigitError:  # it was deleted or is damaged, and cannot be gone back to
        return None
    name = run_markdown(other)
    if config.data != run.config.data:
        # The figures of two data sets cannot be compared; that the shipped run learned from another may matter.
        said = f":material/info: Trained on {TITLES[run.config.data]}; {name} on {TITLES[config.data]}."
        return said if other == SHIPPED else None
    if accuracy > run.metrics.accuracy:
        return f":material/trending_down: Fewer than {name} reads: {accuracy:.2%}."
    return None


def _training(job: jobs.Job, progress: Progress | None) -> None:
    st.markdown(f"Training **{run_markdown(job.name)}**")
    if progress is None:
        st.caption("It was started by another user of this machine; its progress cannot be read.")
        return
    st.progress(progress.fraction, text=_how_far(progress))
    if progress.loss is not None:
        left, right = st.columns(2)
        left.metric("Loss", f"{progress.loss:.4f}")
        right.metric("Accuracy", f"{progress.accuracy:.2%}")
    if len(progress.curve) > 2:
        _loss_curve(progress)
    if progress.val_accuracy is not None:
        st.caption(f"On validation images: {progress.val_accuracy:.2%}, loss {progress.val_loss:.4f}")
    if job.request().cancel:
        st.caption("Cancelling…")
    elif st.button("Cancel", icon=":material/stop_circle:", width="stretch"):
        _attempt(lambda: jobs.cancel(job))


def _loss_curve(progress: Progress) -> None:
    import altair as alt  # not before there is a curve: they cost the first page half a second
    import pandas as pd

    curve = pd.DataFrame(progress.curve, columns=["step", "loss"]).clip(lower=1e-6)  # a logarithm has no zero
    chart = (
        alt.Chart(curve, height=110, description=f"Loss by training step, now {progress.loss:.4f}")
        .mark_line(strokeWidth=1.5)
        .encode(
            x=alt.X("step:Q", title="step", scale=alt.Scale(domain=[0, progress.epochs * progress.steps])).axis(
                tickCount=4, format="~s"
            ),
            # The first losses are a hundred times the last.
            y=alt.Y("loss:Q", title="loss", scale=alt.Scale(type="log", nice=False)).axis(tickCount=3, format="~g"),
        )
    )
    st.altair_chart(chart, width="stretch")


def _how_far(progress: Progress) -> str:
    if progress.message:
        return progress.message
    left = f", {duration(progress.seconds_left)} left" if progress.seconds_left is not None else ""
    return f"Epoch {progress.epoch} of {progress.epochs}{left}"


def _outcome() -> None:
    """What came of the last training."""
    job = jobs.latest()
    progress = jobs.settle(job) if job else None
    if progress is None or progress.state in ACTIVE:
        return
    seconds = time.time() - progress.updated
    ago = f"{duration(seconds)} ago" if seconds >= _AGO else "just now"
    if progress.state == "finished":
        st.success(f"**{run_markdown(job.name)}** finished {ago}. {progress.message}.", icon=":material/check_circle:")
    elif progress.state == "cancelled":
        st.info(f"**{run_markdown(job.name)}** was cancelled {ago}. Nothing was changed.", icon=":material/cancel:")
    else:
        st.error(f"**{run_markdown(job.name)}** failed {ago}. {progress.message}", icon=":material/error:")
    done = jobs.resumable(job)
    if done and st.button(f"Go on after epoch {done}", icon=":material/resume:", width="stretch"):
        _attempt(lambda: jobs.resume(job))


def _form(*, busy: bool) -> None:
    button = st.container()  # shown first, though it needs what is chosen below it
    with st.expander("What to train", icon=":material/tune:", key="what_to_train"):
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
        if _PROBLEM in st.session_state:
            st.error(st.session_state[_PROBLEM])
        if st.button("Retrain", type="primary", icon=":material/play_arrow:", disabled=busy, width="stretch"):
            _attempt(lambda: jobs.start(training_config(preset, data=data, **settings, **_numbers(typed))))
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
    mnist = "60,000 images" if mnist_file() else "60,000 images; 11 MB to fetch first"
    return [mnist, "1,438 images, bundled"]


def _attempt(action: Callable[[], object]) -> None:
    """Do it and show the page anew; what went wrong stays in sight until the next attempt."""
    try:
        action()
    except DigitError as error:
        st.session_state[_PROBLEM] = str(error)
    else:
        st.session_state.pop(_PROBLEM, None)
    st.rerun(scope="app")
