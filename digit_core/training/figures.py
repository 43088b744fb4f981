"""The pictures of a run, as PNG and SVG, for the results page and for papers."""

import io
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

from digit_core.runs.run import Predictions
from digit_core.runs.schemas import Metrics
from digit_core.storage.files import write_bytes

SHOWN_IMAGES = 25
_RIGHT, _WRONG = "#1a7f37", "#c5221f"
_DIGITS = range(10)


def draw_figures(
    folder: Path,
    history: list[dict[str, float]],
    metrics: Metrics,
    predictions: Predictions,
    images: np.ndarray,
    seed: int = 0,
) -> dict[str, Exception]:
    """Write every figure of a run to `folder` as NAME.png and NAME.svg, and return what failed, by name.

    One that fails, as on a full disk, keeps no other from being drawn, and no file is left half written.

    Parameters: `images`, the test images that `predictions` are about, uint8 (n, 28, 28);
    `seed`, for which of them are the samples. `DATA_FIGURES` are those that show images.
    """
    confusion = np.array(metrics.confusion)
    figures: dict[str, Callable[[], Figure]] = {
        "curves": lambda: learning_curves(history),
        "confusion": lambda: confusion_heatmap(confusion),
        "confusion_rates": lambda: confusion_rates_heatmap(confusion),
        "precision_recall": lambda: precision_recall_curves(predictions),
        "samples": lambda: sample_predictions(images, predictions, seed),
        "worst_mistakes": lambda: worst_mistakes(images, predictions),
    }
    failed = {}
    for name, draw in figures.items():
        try:
            _write(folder, name, draw())
        except Exception as error:  # noqa: BLE001 a training of hours is not lost for a picture of it
            failed[name] = error
        finally:
            plt.close("all")
    return failed


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
    """Counts by true and predicted digit; the colour shows the mistakes, off the diagonal."""
    figure = _heatmap(confusion, confusion, "d", "images misread")
    figure.axes[0].set_title("Confusion matrix of the test images")
    return figure


def confusion_rates_heatmap(confusion: np.ndarray) -> Figure:
    """Per cent of each true digit's images by predicted digit: each row with images sums to 100."""
    rates = 100 * confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    figure = _heatmap(confusion, rates, ".1f", "% of the true digit's images misread")
    figure.axes[0].set_title("Confusion matrix, per cent of each true digit")
    return figure


def average_precisions(predictions: Predictions) -> list[float | None]:
    """The average precision of each digit against all others; None for one that no image shows."""
    return [
        float(average_precision_score(truth, predictions.probabilities[:, digit])) if truth.any() else None
        for digit in _DIGITS
        for truth in [predictions.labels == digit]
    ]


def precision_recall_curves(predictions: Predictions) -> Figure:
    """Precision by recall of each digit against all others, with its average precision.

    The axes show the part of the unit square that the curves of a good model are in.
    """
    figure, axis = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
    averages = average_precisions(predictions)
    for digit, average, colour in zip(_DIGITS, averages, sns.color_palette("tab10"), strict=True):
        if average is None:
            continue
        precision, recall, _ = precision_recall_curve(
            predictions.labels == digit, predictions.probabilities[:, digit], drop_intermediate=True
        )
        # Steps to the left: between two thresholds precision is that of the higher recall.
        axis.step(recall, precision, where="post", color=colour, lw=1.4, label=f"{digit}  (AP {average:.4f})")
    known = [average for average in averages if average is not None]
    lowest = _round_lower_limit(min(known, default=0.0))
    margin = (1 - lowest) * 0.03
    axis.set(
        xlim=(lowest, 1 + margin),
        ylim=(lowest, 1 + margin),
        xlabel="recall",
        ylabel="precision",
        title=f"Precision and recall by digit (mean AP {np.mean(known or [0.0]):.4f})",
    )
    axis.grid(alpha=0.3)
    axis.legend(loc="lower left", fontsize="small")
    return figure


def sample_predictions(images: np.ndarray, predictions: Predictions, seed: int) -> Figure:
    """Test images chosen at random, right and wrong alike, with what they show and what was read."""
    count = min(SHOWN_IMAGES, len(images))
    chosen = np.sort(np.random.default_rng(seed).choice(len(images), count, replace=False))
    return _gallery(images, predictions, chosen, "Test images, true against predicted")


def worst_mistakes(images: np.ndarray, predictions: Predictions) -> Figure:
    """The misread test images of which the model was surest, surest first."""
    wrong = np.flatnonzero(predictions.predicted != predictions.labels)
    chosen = wrong[np.argsort(-predictions.probabilities[wrong].max(1), kind="stable")][:SHOWN_IMAGES]
    return _gallery(images, predictions, chosen, "Misread test images, most confident first")


def _write(folder: Path, name: str, figure: Figure) -> None:
    # Without a date and with fixed ids the same run gives the same file.
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        for ending, options in (("svg", {"metadata": {"Date": None}}), ("png", {"dpi": 120})):
            content = io.BytesIO()
            figure.savefig(content, format=ending, **options)
            write_bytes(folder / f"{name}.{ending}", content.getvalue())


def _heatmap(confusion: np.ndarray, shown: np.ndarray, form: str, meaning: str) -> Figure:
    figure, axis = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
    mistakes = shown.copy()
    np.fill_diagonal(mistakes, 0)
    sns.heatmap(
        mistakes,
        annot=shown,
        annot_kws={"fontsize": 8} if form != "d" else None,
        fmt=form,
        cmap="flare",
        mask=confusion == 0,
        linewidths=0.5,
        cbar_kws={"label": meaning, "ticks": MaxNLocator(integer=True)},
        ax=axis,
        square=True,
    )
    axis.set(xlabel="predicted digit", ylabel="true digit")
    return figure


def _gallery(images: np.ndarray, predictions: Predictions, chosen: np.ndarray, title: str) -> Figure:
    """Images in rows of five, each with true digit, read digit and confidence; colour repeats the words."""
    rows = max(-(-len(chosen) // 5), 1)
    figure, axes = plt.subplots(rows, 5, figsize=(7.2, 1.6 * rows + 0.5), layout="constrained", squeeze=False)
    figure.suptitle(title)
    for axis in axes.flat:
        axis.set_axis_off()
    if not len(chosen):
        figure.text(0.5, 0.4, "No test image is misread.", ha="center")
    for axis, index in zip(axes.flat, chosen, strict=False):
        true, read = predictions.labels[index], predictions.predicted[index]
        axis.imshow(images[index], cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
        axis.set_title(
            f"{true} read as {read}\n{predictions.probabilities[index, read]:.1%}",
            fontsize=8,
            color=_RIGHT if true == read else _WRONG,
        )
    return figure


def _round_lower_limit(worst: float) -> float:
    """Where the axes begin, from the worst average precision."""
    return next((limit for limit, enough in ((0.9, 0.99), (0.8, 0.97), (0.5, 0.9)) if worst >= enough), 0.0)
