"""A run's model in other formats: made when asked for, then kept, with how it agrees with the run."""

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from digit_core.errors import DigitError
from digit_core.records.datasets import TITLES, mnist_file
from digit_core.records.exports import (
    FORMATS,
    Export,
    ExportFormat,
    Making,
    export_path,
    kept_export,
    making_of,
    start_export,
)
from digit_core.records.runs import Run

_WATCHING = 0.7  # seconds between two looks at an export that is being made


def show_export(run: Run) -> None:
    """A card for each format; it looks for news by itself while one is being made."""
    st.subheader("Export", anchor=False)
    st.caption(
        "The model in a file for other programs: images of 28 × 28 in, ink 1 on paper 0, logits out. "
        "Each file is loaded again and must read test images as the run does."
    )
    if run.config.data == "mnist" and mnist_file() is None:
        st.caption(f"They are {TITLES['mnist']}'s, which is fetched first (11 MB).")
    watching = any(_is_under_way(run, form) for form in FORMATS.values())
    st.fragment(_cards, run_every=_WATCHING if watching else None)(run, watching)


def _cards(run: Run, watching: bool) -> None:
    under_way = False
    for column, form in zip(st.columns(len(FORMATS)), FORMATS.values(), strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{form.title}**")
            button = st.container()  # before the description, so that all cards have theirs at one height
            st.caption(form.description)
            try:
                under_way |= _card(run, form, button)
            except DigitError as error:
                st.error(str(error))
    if under_way != watching:
        st.rerun(scope="app")  # to start looking for news, or to stop


def _card(run: Run, form: ExportFormat, button: DeltaGenerator) -> bool:
    """Offer the file or its making; whether it is being made."""
    export = kept_export(run, form)
    if export is not None:
        _download(export, export_path(run, form), button)
        return False
    making = making_of(run, form)
    if _is_active(making):
        button.button("Making it", icon="spinner", disabled=True, width="stretch", key=f"export-{run.name}-{form.name}")
        st.caption(f"{making.message} …")
        return True
    pressed = button.button(
        "Export" if making is None else "Try again",
        icon=":material/file_export:",
        width="stretch",
        key=f"export-{run.name}-{form.name}",
    )
    if pressed:
        start_export(run, form)
        return True
    if making is not None:
        st.error(making.message)
    return False


def _download(export: Export, path: Path, button: DeltaGenerator) -> None:
    button.download_button(
        f"{path.suffix} · {_size(export.size)}",
        path.read_bytes,  # only when somebody wants it
        file_name=path.name,
        mime="application/octet-stream",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
        key=f"download-{path.name}",
    )
    st.caption(
        f"**{export.accuracy:.1%}** of {export.images:,} test images are read correctly, {export.run_accuracy:.1%} "
        f"by the run; {_share(export.same_readings)} read alike.",
        help=f"The largest difference of a logit is {export.logit_difference:.2g}.",
    )


def _is_under_way(run: Run, form: ExportFormat) -> bool:
    try:
        return kept_export(run, form) is None and _is_active(making_of(run, form))
    except DigitError:
        return False  # the card says why


def _is_active(making: Making | None) -> bool:
    return making is not None and making.state != "failed"


def _share(share: float) -> str:
    return "all are" if share == 1 else f"{share:.1%} are"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} KB"
