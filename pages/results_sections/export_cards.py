"""A run's model in other formats: exported when asked for, then kept, with its agreement with the run."""

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from digit_core.datasets.sources import TITLES, is_available
from digit_core.errors import DigitError
from digit_core.jobs.background_task import BackgroundTask, TaskStatus
from digit_core.jobs.export_jobs import FORMATS, Export, ExportFormat, export_path, export_task, kept_export
from digit_core.runs.run import Run, open_run

_POLL_SECONDS = 0.7  # between two looks at exports that wait or run


def show_export(run: Run) -> None:
    """A card for each format; it polls while one of them waits or runs."""
    st.subheader("Export", anchor=False)
    st.caption(
        "The model as a file for other programs: images of 28 × 28 in, ink 1 on paper 0, logits out. "
        "Each file is loaded again and must predict test images as the run does."
    )
    if not is_available(run.config.data):
        st.caption(f"{TITLES['mnist']} is fetched first (11 MB).")
    polling = any(_is_active(run, form) for form in FORMATS.values())
    st.fragment(_cards, run_every=_POLL_SECONDS if polling else None)(run, polling)


def _cards(run: Run, polling: bool) -> None:
    active = False
    for column, form in zip(st.columns(len(FORMATS)), FORMATS.values(), strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{form.title}**")
            button = st.container()  # before the description, so that all cards have theirs at one height
            st.caption(form.description)
            try:
                active |= _card(run, form, button)
            except DigitError as error:
                st.error(str(error))
    if active != polling:
        st.rerun(scope="app")  # to start polling, or to stop


def _card(run: Run, form: ExportFormat, button: DeltaGenerator) -> bool:
    """Offer the file, or to export it; whether it waits or is being exported."""
    export, task, key = kept_export(run, form), export_task(run, form), f"export-{run.name}-{form.name}"
    if export is not None:
        _download(export, export_path(run, form), button)
        return False
    status = task.watch()
    if status is not None and status.is_active:
        _progress(task, status, button, key)
        return True
    failed = status is not None and status.state == "failed"
    pressed = button.button(
        "Try again" if failed else "Export",
        icon=":material/file_export:",
        width="stretch",
        key=key,
    )
    if pressed:
        open_run(run.name)  # it may have been deleted meanwhile
        task.start()
        st.rerun(scope="app")
    if failed:
        st.error(status.message)
    return False


def _progress(task: BackgroundTask, status: TaskStatus, button: DeltaGenerator, key: str) -> None:
    """Say where the export stands and offer to cancel it."""
    name = "Waiting" if status.state == "waiting" else "Exporting"
    button.button(name, icon="spinner", disabled=True, width="stretch", key=key)
    st.caption(f"{status.message} …")
    if st.button("Cancel", icon=":material/close:", width="stretch", key=f"cancel-{key}"):
        task.cancel()
        st.rerun(scope="app")


def _download(export: Export, path: Path, button: DeltaGenerator) -> None:
    button.download_button(
        f"{path.suffix} · {_size(export.size)}",
        path.read_bytes,  # only when the button is pressed
        file_name=path.name,
        mime="application/octet-stream",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
        key=f"download-{path.name}",
    )
    st.caption(
        f"Accuracy on {export.images:,} test images: **{export.accuracy:.1%}** (run: {export.run_accuracy:.1%}). "
        f"Same prediction for {export.agreement:.1%}.",
        help=f"Largest difference between logits: {export.logit_difference:.2g}.",
    )


def _is_active(run: Run, form: ExportFormat) -> bool:
    try:
        return kept_export(run, form) is None and export_task(run, form).is_active()
    except DigitError:
        return False  # the card says why


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} KB"
