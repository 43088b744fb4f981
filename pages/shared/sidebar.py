"""What every page has at its side: which run reads, and the control to train another."""

import time
from collections.abc import Callable

import streamlit as st

from digit_core.errors import DigitError
from digit_core.records import jobs
from digit_core.records.config import defaults, training_config
from digit_core.records.datasets import TITLES, mnist_file
from digit_core.records.presets import DEFAULT_PRESET, PRESETS
from digit_core.records.results import ACTIVE, Progress
from digit_core.records.served import serve, served, usable_served_run
from pages.shared.names import duration, run_markdown

_WATCHING, _IDLE = 0.7, 5.0  # seconds between two looks at the trainer's progress
_SHOWN, _PROBLEM = "sidebar_shows", "sidebar_problem"


def show() -> None:
    """Show the panel; it looks for news by itself, and reruns the page when there are any."""
    st.session_state[_SHOWN] = _situation()
    st.fragment(_panel, run_every=_WATCHING if jobs.current() else _IDLE)()


def _panel() -> None:
    situation = _situation()
    if situation != st.session_state.get(_SHOWN):
        st.session_state[_SHOWN] = situation
        st.rerun(scope="app")
    _served_run()
    st.divider()
    job = jobs.current()
    if job is not None:
        _training(job, job.progress())
    else:
        _outcome()
    _form(busy=job is not None)


def _situation() -> tuple:
    """What, when it changes, makes the whole page worth drawing again."""
    job, latest = jobs.current(), jobs.latest()
    progress = jobs.settle(latest) if latest else None
    return served(), job and job.name, latest and latest.name, progress and progress.state


def _served_run() -> None:
    try:
        run, problem = usable_served_run()
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
    previous = served().previous
    if (
        previous
        and previous != run.name
        and st.button(f"Back to {run_markdown(previous)}", icon=":material/history:", width="stretch")
    ):
        _attempt(lambda: serve(previous))


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
    if progress.val_accuracy is not None:
        st.caption(f"On validation images: {progress.val_accuracy:.2%}, loss {progress.val_loss:.4f}")
    if job.request().cancel:
        st.caption("Cancelling…")
    elif st.button("Cancel", icon=":material/stop_circle:", width="stretch"):
        _attempt(lambda: jobs.cancel(job))


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
    ago = duration(max(time.time() - progress.updated, 0))
    if progress.state == "finished":
        st.success(
            f"**{run_markdown(job.name)}** finished {ago} ago. {progress.message}.", icon=":material/check_circle:"
        )
    elif progress.state == "cancelled":
        st.info(f"**{run_markdown(job.name)}** was cancelled {ago} ago. Nothing was changed.", icon=":material/cancel:")
    else:
        st.error(f"**{run_markdown(job.name)}** failed {ago} ago. {progress.message}", icon=":material/error:")


def _form(*, busy: bool) -> None:
    button = st.container()  # shown first, though it needs what is chosen below it
    with st.expander("What to train", icon=":material/tune:"):
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
    with button:
        if _PROBLEM in st.session_state:
            st.error(st.session_state[_PROBLEM])
        if st.button("Retrain", type="primary", icon=":material/play_arrow:", disabled=busy, width="stretch"):
            _attempt(lambda: jobs.start(training_config(preset, data=data, epochs=int(epochs), batch_size=int(batch))))
        if busy:
            st.caption("One training at a time: the next can start when this one has ended.")
        else:
            passes = "1 epoch" if epochs == 1 else f"{epochs} epochs"
            st.caption(f"{PRESETS[preset].title} on {TITLES[data]}, {passes}, batches of {batch}")


def _sizes() -> list[str]:
    mnist = "60,000 images" if mnist_file() else "60,000 images; 11 MB to fetch first"
    return [mnist, "1,437 images, bundled"]


def _attempt(action: Callable[[], object]) -> None:
    """Do it and show the page anew; what went wrong stays in sight until the next attempt."""
    try:
        action()
    except DigitError as error:
        st.session_state[_PROBLEM] = str(error)
    else:
        st.session_state.pop(_PROBLEM, None)
    st.rerun(scope="app")
