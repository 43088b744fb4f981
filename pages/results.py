"""The results of a run: metrics, and tabs with curves, confusion matrix, label errors, exports, settings."""

import pandas as pd
import streamlit as st

from digit_core.datasets.sources import TITLES
from digit_core.errors import DigitError
from digit_core.runs.run import Run
from pages.components import charts, confusion_matrix, training_curves, url_state
from pages.components.cached import predictions_of
from pages.components.downloads import csv_button
from pages.components.glossary import definition
from pages.components.noted_errors import noted
from pages.components.percentages import percent
from pages.components.reserved import reserved, table_height
from pages.components.run_picker import pick_run
from pages.components.titles import duration, markdown
from pages.results_sections import adaptation_table
from pages.results_sections.confidence import show_confidence
from pages.results_sections.export_cards import show_export
from pages.results_sections.label_review import show_label_errors
from pages.results_sections.per_class import show_per_class
from pages.results_sections.robustness_curves import show_robustness
from pages.results_sections.saved_figures import show_saved_figures
from pages.results_sections.settings_tables import show_settings

_TABS = "results-section"


def show_metrics(run: Run) -> None:
    """The run's main metrics."""
    metrics = run.metrics
    low, high = metrics.accuracy_interval
    interval = definition("accuracy")
    interval += f" 95% Wilson interval for the accuracy on unseen images: {percent(low)} to {percent(high)}."
    figures = (
        ("Test accuracy", percent(metrics.accuracy), interval),
        ("Test loss", f"{metrics.loss:.4f}", f"{definition('loss')} On the test images, before calibration."),
        ("Precision", percent(metrics.precision), f"{definition('precision')} The mean over the ten digits."),
        ("Recall", percent(metrics.recall), f"{definition('recall')} The mean over the ten digits."),
        ("Training time", duration(metrics.training_seconds), "Of the epochs alone, on the machine used."),
    )
    row = st.container(key="metrics-of-run", horizontal=True)
    for title, value, meaning in figures:
        row.metric(title, value, help=meaning, width=150)
    st.caption(
        f"{TITLES[run.config.data]}: {metrics.training_images:,} training images, {metrics.validation_images:,} for "
        f"validation, {metrics.test_images:,} test images. {metrics.parameters:,} parameters, {metrics.epochs} "
        f"{'epoch' if metrics.epochs == 1 else 'epochs'}. Calibration error on validation images like drawings: "
        f"{percent(run.calibration.error_before)} before calibration, {percent(run.calibration.error_after)} after."
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
    predictions = predictions_of(run)
    with st.container(width=confusion_matrix.WIDTH):
        cell = confusion_matrix.show(predictions, f"{run.name}-matrix")
        st.caption(confusion_matrix.summary(confusion_matrix.count(predictions)))
    if cell is not None:
        true, predicted = map(str, cell)
        confusion_matrix.reveal_images()
        st.switch_page("pages/mistakes.py", query_params={"run": run.name, "true": true, "predicted": predicted})
    if st.button("Browse the images", icon=":material/rule:", key="leave-to-mistakes"):
        st.switch_page("pages/mistakes.py", query_params={"run": run.name})


def show_report(run: Run) -> None:
    """Precision, recall and F1 of each digit."""
    with reserved("results-report", table_height(len(run.metrics.per_class))):
        report = _show_report(run)
    csv_button(report, f"{run.name}-report")


@charts.once
def _show_report(run: Run) -> pd.DataFrame:
    """Show the table; returns it as it is downloaded."""
    report = pd.DataFrame([row.model_dump() for row in run.metrics.per_class])
    titles = {"precision": "Precision", "recall": "Recall", "f1": "F1"}
    columns = {name: st.column_config.NumberColumn(title, format="%.2f%%") for name, title in titles.items()}
    st.dataframe(
        report.assign(**{name: 100 * report[name] for name in titles}),
        hide_index=True,
        width="stretch",
        height="content",
        column_config={"digit": "Digit", "support": "Images", **columns},
        alt="Precision, recall and F1 of each digit on the test images.",
    )
    return report


def show_overview(run: Run) -> None:
    """Curves, confusion matrix, per-class metrics; first what it learned, if it learned from drawings."""
    adaptation_table.show(run)
    show_curves(run)
    left, right = st.columns([5, 4], gap="large")
    with right:  # first, since the matrix needs another file, which may be damaged
        st.subheader("Per-class metrics")
        show_report(run)
    with left:
        st.subheader("Confusion matrix", help=definition("confusion matrix"))
        show_confusion(run)


_SECTIONS = {
    "Overview": show_overview,
    "Per-class metrics": show_per_class,
    "Confidence": show_confidence,
    "Label errors": show_label_errors,
    "Robustness": show_robustness,
    "Figures": show_saved_figures,
    "Export": show_export,
    "Settings": show_settings,
}
_NAMES = {title: title.lower().replace(" ", "-") for title in _SECTIONS}  # in the address


def show_sections(run: Run) -> None:
    """Each in a tab; only the open one is computed, and an error in it leaves the rest of the page alone."""
    first = next(iter(_NAMES))
    wanted = url_state.read().get("tab", _NAMES[first])
    if wanted not in _NAMES.values():
        short = wanted[:40].replace("`", "'").replace("\n", " ")  # inert in Markdown
        st.warning(f"`tab` in the address must be one of {', '.join(_NAMES.values())}, got `{short}`; it is ignored.")
    st.session_state[_TABS] = next((title for title, name in _NAMES.items() if name == wanted), first)
    tabs = st.tabs(list(_SECTIONS), key=_TABS, on_change=_tab_opened)
    for tab, show in zip(tabs, _SECTIONS.values(), strict=True):
        if tab.open:
            with tab:
                try:
                    show(run)
                except DigitError as error:
                    st.error(markdown(noted(error)))


def _tab_opened() -> None:
    title = st.session_state[_TABS]
    url_state.put("tab", None if title == next(iter(_NAMES)) else _NAMES.get(title))


st.title("Results")
chosen = pick_run()
if chosen is not None:
    try:
        show_metrics(chosen)
        show_sections(chosen)
    except DigitError as error:
        st.error(markdown(noted(error)))
