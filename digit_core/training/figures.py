"""A run's figures as PNG and SVG, for the results page and for papers."""

import contextlib
import io
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from sklearn.metrics import average_precision_score, precision_recall_curve

from digit_core.datasets.loading import load_dataset
from digit_core.runs.run import Predictions, Run
from digit_core.runs.schemas import Metrics
from digit_core.storage.files import write_if_folder_exists

SHOWN_IMAGES = 25
_CORRECT, _WRONG = "#1a7f37", "#c5221f"


def draw_run_figures(run: Run) -> None:
    """Draw the figures of a published run into its folder, unless it is deleted meanwhile.

    Raises DamagedRun, DataUnavailable or DataDamaged.
    """
    data = load_dataset(run.config.data)
    data.require_labels(run.predictions().labels, run.name)
    draw_figures(run.path / "figures", run.history(), run.metrics, run.predictions(), data.x_test, run.config.seed)


def draw_figures(
    folder: Path,
    history: list[dict[str, float]],
    metrics: Metrics,
    predictions: Predictions,
    images: np.ndarray,
    seed: int = 0,
) -> None:
    """Write every figure of a run to `folder` as NAME.png and NAME.svg.

    If one fails, as on a full disk, the error goes to stderr and the others are still drawn; no file is
    left half written.

    The folder above `folder` must exist; if it is deleted meanwhile nothing is written.

    Parameters: `images`, the test images of `predictions`, uint8 (n, 28, 28); `seed`, for the choice of
    samples. `DATA_FIGURES` are the figures that show images.
    """
    with contextlib.suppress(FileNotFoundError):
        folder.mkdir(exist_ok=True)
    confusion = np.array(metrics.confusion)
    figures: dict[str, Callable[[], Figure]] = {
        "curves": lambda: learning_curves(history),
        "confusion": lambda: confusion_heatmap(confusion),
        "confusion_rates": lambda: confusion_rates_heatmap(confusion),
        "precision_recall": lambda: precision_recall_curves(predictions),
        "samples": lambda: sample_predictions(images, predictions, seed),
        "worst_mistakes": lambda: worst_mistakes(images, predictions),
    }
    for name, draw in figures.items():
        try:
            _write(folder, name, draw())
        except Exception:  # noqa: BLE001 hours of training are not lost for a figure
            print(f"The figure {name} could not be drawn:", file=sys.stderr)
            traceback.print_exc()
        finally:
            plt.close("all")


def learning_curves(history: list[dict[str, float]]) -> Figure:
    """Accuracy and loss by epoch, training and validation."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    epochs = [row["epoch"] for row in history]
    for axis, quantity in zip(axes, ("accuracy", "loss"), strict=True):
        for prefix, label, marker in (("", "training", "o"), ("val_", "validation", "s")):
            axis.plot(epochs, [row[prefix + quantity] for row in history], marker=marker, label=label)
        axis.set(xlabel="epoch", ylabel=quantity, title=quantity.capitalize())
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
        axis.legend()
    return figure


def confusion_heatmap(confusion: np.ndarray) -> Figure:
    """Counts by true and predicted digit; the colour shows the misclassified, off the diagonal."""
    return _heatmap(confusion, confusion, "d", "misclassified images", "Confusion matrix of the test images")


def confusion_rates_heatmap(confusion: np.ndarray) -> Figure:
    """Percentage of each true digit's images by predicted digit: each row with images sums to 100."""
    rates = 100 * confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    title = "Confusion matrix, per cent of each true digit"
    return _heatmap(confusion, rates, ".1f", "% of the true digit's images misclassified", title)


def precision_recall_curves(predictions: Predictions) -> Figure:
    """Precision by recall of each digit that has images against all others, with its average precision.

    The axes show the part of the unit square in which the curves of a good model lie.
    """
    figure, axis = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
    averages = []
    for digit, colour in enumerate(sns.color_palette("tab10")):
        truth, scores = predictions.labels == digit, predictions.probabilities[:, digit]
        if not truth.any():
            continue
        averages.append(average_precision_score(truth, scores))
        precision, recall, _ = precision_recall_curve(truth, scores, drop_intermediate=True)
        # Steps to the left: between two thresholds precision is that of the higher recall.
        axis.step(recall, precision, where="post", color=colour, lw=1.4, label=f"{digit}  (AP {averages[-1]:.4f})")
    worst = min(averages, default=0.0)
    lowest = next((limit for limit, enough in ((0.9, 0.99), (0.8, 0.97), (0.5, 0.9)) if worst >= enough), 0.0)
    limits = (lowest, 1 + (1 - lowest) * 0.03)
    title = f"Precision and recall by digit (mean AP {np.mean(averages or [0.0]):.4f})"
    axis.set(xlim=limits, ylim=limits, xlabel="recall", ylabel="precision", title=title)
    axis.grid(alpha=0.3)
    axis.legend(loc="lower left", fontsize="small")
    return figure


def sample_predictions(images: np.ndarray, predictions: Predictions, seed: int) -> Figure:
    """Test images chosen at random, with true and predicted digit."""
    count = min(SHOWN_IMAGES, len(images))
    chosen = np.sort(np.random.default_rng(seed).choice(len(images), count, replace=False))
    return _gallery(images, predictions, chosen, "Test images, true against predicted")


def worst_mistakes(images: np.ndarray, predictions: Predictions) -> Figure:
    """The misclassified test images with the highest confidence, most confident first."""
    wrong = np.flatnonzero(predictions.predicted != predictions.labels)
    chosen = wrong[np.argsort(-predictions.probabilities[wrong].max(1), kind="stable")][:SHOWN_IMAGES]
    return _gallery(images, predictions, chosen, "Misclassified test images, most confident first")


def _write(folder: Path, name: str, figure: Figure) -> None:
    # No date and fixed ids, so that the same run gives the same file.
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        for ending, options in (("svg", {"metadata": {"Date": None}}), ("png", {"dpi": 120})):
            content = io.BytesIO()
            figure.savefig(content, format=ending, **options)
            write_if_folder_exists(folder / f"{name}.{ending}", content.getvalue())


def _heatmap(confusion: np.ndarray, shown: np.ndarray, number_format: str, colour_label: str, title: str) -> Figure:
    figure, axis = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
    misclassified = shown.copy()
    np.fill_diagonal(misclassified, 0)
    sns.heatmap(
        misclassified,
        annot=shown,
        annot_kws={"fontsize": 8} if number_format != "d" else None,
        fmt=number_format,
        cmap="flare",
        mask=confusion == 0,
        linewidths=0.5,
        cbar_kws={"label": colour_label, "ticks": MaxNLocator(integer=True)},
        ax=axis,
        square=True,
    )
    axis.set(xlabel="predicted digit", ylabel="true digit", title=title)
    return figure


def _gallery(images: np.ndarray, predictions: Predictions, chosen: np.ndarray, title: str) -> Figure:
    """Images in rows of five, each with true digit, predicted digit and confidence; colour repeats the text."""
    rows = max(-(-len(chosen) // 5), 1)
    figure, axes = plt.subplots(rows, 5, figsize=(7.2, 1.6 * rows + 0.5), layout="constrained", squeeze=False)
    figure.suptitle(title)
    for axis in axes.flat:
        axis.set_axis_off()
    if not len(chosen):
        figure.text(0.5, 0.4, "No test image is misclassified.", ha="center")
    for axis, index in zip(axes.flat, chosen, strict=False):
        true, predicted = predictions.labels[index], predictions.predicted[index]
        axis.imshow(images[index], cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
        axis.set_title(
            f"{true} predicted as {predicted}\n{predictions.probabilities[index, predicted]:.1%}",
            fontsize=8,
            color=_CORRECT if true == predicted else _WRONG,
        )
    return figure
