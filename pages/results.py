"""The results of a run: metrics, curves, confusion matrix, exports, settings."""

import pandas as pd
import streamlit as st

from digit_core.datasets.sources import TITLES
from digit_core.errors import DigitError
from digit_core.runs.run import Run
from pages.components import confusion_matrix, training_curves
from pages.components.downloads import csv_button
from pages.components.run_picker import pick_run
from pages.components.titles import duration
from pages.results_sections.confidence import show_confidence
from pages.results_sections.export_cards import show_export
from pages.results_sections.label_review import show_label_errors
from pages.results_sections.per_class import show_per_class
from pages.results_sections.robustness_curves import show_robustness
from pages.results_sections.saved_figures import show_saved_figures
from pages.shell import frame


def show_metrics(run: Run) -> None:
    """The run's main metrics."""
    metrics = run.metrics
    low, high = metrics.accuracy_interval
    figures = (
        ("Test accuracy", f"{metrics.accuracy:.2%}", f"95% interval: {low:.2%} to {high:.2%} (Wilson)."),
        ("Test loss", f"{metrics.loss:.4f}", "Mean cross-entropy on the test images, before calibration."),
        ("Precision", f"{metrics.precision:.2%}", "Mean over the ten digits."),
        ("Recall", f"{metrics.recall:.2%}", "Mean over the ten digits."),
        ("Training time", duration(metrics.training_seconds), "Of the epochs alone, on the machine used."),
    )
    row = st.container(horizontal=True)
    for title, value, meaning in figures:
        row.metric(title, value, help=meaning, width=150)
    st.caption(
        f"{TITLES[run.config.data]}: {metrics.training_images:,} training images, {metrics.validation_images:,} for "
        f"validation, {metrics.test_images:,} test images. {metrics.parameters:,} parameters, {metrics.epochs} "
        f"{'epoch' if metrics.epochs == 1 else 'epochs'}. Calibration error on validation images like drawings: "
        f"{run.calibration.error_before:.1%} before calibration, {run.calibration.error_after:.1%} after."
    )


def show_curves(run: Run) -> None:
    """Accuracy and loss by epoch, and by step where the training was recorded."""
    history, config = run.history(), run.config
    training_curves.show(training_curves.Curves(history, run.steps(), len(history)), run.name)
    is_augmented = config.augmentation != "none" or config.rotation or config.scaling
    augmented = " (with augmentation)" if is_augmented else ""
    last = history[-1]
    st.caption(
        f"After the last epoch: loss {last['loss']:.4f} and accuracy {last['accuracy']:.2%} on training images"
        f"{augmented}, {last['val_loss']:.4f} and {last['val_accuracy']:.2%} on validation images."
    )


def show_confusion(run: Run) -> None:
    """The confusion matrix; a click on a cell leads to its images."""
    cell = confusion_matrix.show_alone(run.predictions(), f"{run.name}-matrix")
    if cell is not None:
        true, predicted = map(str, cell)
        st.switch_page("pages/mistakes.py", query_params={"run": run.name, "true": true, "predicted": predicted})
    if st.button("Browse the images", icon=":material/rule:", key="leave-to-mistakes"):
        st.switch_page("pages/mistakes.py", query_params={"run": run.name})


def show_report(run: Run) -> None:
    """Precision, recall and F1 of each digit."""
    report = pd.DataFrame([row.model_dump() for row in run.metrics.per_class])
    titles = {"precision": "Precision", "recall": "Recall", "f1": "F1"}
    shares = {name: st.column_config.NumberColumn(title, format="%.4f") for name, title in titles.items()}
    st.dataframe(
        report,
        hide_index=True,
        width="stretch",
        height="content",
        column_config={"digit": "Digit", "support": "Test images", **shares},
        alt="Precision, recall and F1 of each digit on the test images.",
    )
    csv_button(report, f"{run.name}-report")


def show_settings(run: Run) -> None:
    """The configuration and the environment of the training."""
    environment = run.environment
    st.caption(f"Started with `{environment.command}`. Data digest `{environment.data_digest[:16]}…`")
    settings = {**run.config.model_dump(), **{f"version of {k}": v for k, v in environment.versions.items()}}
    st.table(pd.DataFrame({"value": {name: str(value) for name, value in settings.items()}}))
    csv_button(pd.DataFrame(settings.items(), columns=["setting", "value"]), f"{run.name}-settings")


def show_overview(run: Run) -> None:
    """Curves, confusion matrix, per-class metrics."""
    show_curves(run)
    left, right = st.columns([5, 4], gap="large")
    with right:  # first, since the matrix needs another file, which may be damaged
        st.subheader("Per-class metrics")
        show_report(run)
    with left:
        st.subheader("Confusion matrix")
        show_confusion(run)


_SECTIONS = {
    "Overview": show_overview,
    "Per class": show_per_class,
    "Confidence": show_confidence,
    "Labels": show_label_errors,
    "Robustness": show_robustness,
}


def show_sections(run: Run) -> None:
    """Each in a tab; only the open one is computed, and an error in it leaves the rest of the page alone."""
    tabs = st.tabs(list(_SECTIONS), key="results-section", on_change="rerun")
    for tab, show in zip(tabs, _SECTIONS.values(), strict=True):
        if tab.open:
            with tab:
                try:
                    show(run)
                except DigitError as error:
                    st.error(str(error))


frame.require()
st.title("Results")
chosen = pick_run()
if chosen is not None:
    try:
        show_metrics(chosen)
        show_sections(chosen)
        show_saved_figures(chosen)
        with st.expander("Settings of this run", icon=":material/settings:"):
            show_settings(chosen)
        show_export(chosen)
    except DigitError as error:
        st.error(str(error))
