"""A run's model in other formats: exported on demand, with its agreement with the run."""

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from digit_core.datasets.sources import TITLES, is_available
from digit_core.errors import DigitError
from digit_core.jobs.tasks import FORMATS, Export, ExportFormat, export_path, export_task, load_export
from digit_core.runs.run import Run
from pages.components.noted_errors import noted
from pages.components.percentages import percent
from pages.components.titles import markdown
from pages.results_sections import task_controls


def show_export(run: Run) -> None:
    """A card for each format."""
    st.caption(
        "The model as a file for other programs. Input: 28 × 28 pixels, 0 (paper) to 1 (ink); output: logits. Each "
        "file is checked: it must predict test images as the run does."
    )
    if not is_available(run.config.data):
        st.caption(f"{TITLES['mnist']} is downloaded first (11 MB).")
    task_controls.show_polling(lambda: _cards(run), [export_task(run, form) for form in FORMATS.values()])


def _cards(run: Run) -> None:
    for column, form in zip(st.columns(len(FORMATS)), FORMATS.values(), strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{form.title}**")
            button = st.container()  # before the description, so that the buttons of all cards are in one line
            st.caption(form.description)
            try:
                _card(run, form, button)
            except DigitError as error:
                st.error(markdown(noted(error)))


def _card(run: Run, form: ExportFormat, button: DeltaGenerator) -> None:
    """The file, the progress of its export, or a button that starts it."""
    key = f"export-{run.name}-{form.name}"
    if (export := load_export(run, form)) is not None:
        _download(export, export_path(run, form), button)
        return
    task = export_task(run, form)
    status = task.watch()
    if status is None or not status.is_active:
        task_controls.start_button(task, status, run, button, "Export", "file_export", key)
        return
    label = "Waiting" if status.state == "waiting" else "Exporting"
    button.button(label, icon="spinner", disabled=True, width="stretch", key=key)
    st.caption(f"{status.message} …")
    task_controls.cancel_button(task, st.container(), f"cancel-{key}")


def _download(export: Export, path: Path, button: DeltaGenerator) -> None:
    size = f"{export.size / 1e6:.1f} MB" if export.size >= 1e6 else f"{export.size / 1e3:.0f} KB"
    button.download_button(
        f"{path.suffix} · {size}",
        path.read_bytes,  # only when the button is pressed
        file_name=path.name,
        mime="application/octet-stream",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
        key=f"download-{path.name}",
    )
    st.caption(
        f"Accuracy on {export.images:,} test images: **{percent(export.accuracy)}** "
        f"(run: {percent(export.run_accuracy)}). {percent(export.agreement)} agreement with the run.",
        help=f"Largest difference between logits: {export.logit_difference:.2g}.",
    )
