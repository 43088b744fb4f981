"""The progress of a training as one piece of HTML, rendered once for all windows."""

import math
from html import escape

from digit_core.runs.schemas import Progress
from pages.components.titles import duration

_WIDTH, _HEIGHT = 260, 110  # pixels
_LEFT, _BOTTOM, _TOP = 40, 16, 8  # margins with the labels of the axes
_SMALLEST = 1e-6  # zero has no logarithm
CSS = """
.stage{font-size:.875rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
progress{width:100%;height:.5rem;accent-color:var(--st-primary-color,#0b66c3);margin:.35rem 0 0}
.share{display:flex;justify-content:space-between;font-size:.85rem;min-height:1.4em;margin-bottom:.6rem;
font-variant-numeric:tabular-nums}
.curve{aspect-ratio:260/110;margin:.5rem 0}
.figures{display:flex;gap:1rem;font-variant-numeric:tabular-nums}
.figures div{flex:1;font-size:1.5rem}
.small{display:block;font-size:.85rem;opacity:.75}
svg{width:100%;overflow:visible}
svg text{font-size:10px;fill:currentColor;opacity:.65}
svg path{fill:none;stroke:currentColor;opacity:.3}
svg polyline{fill:none;stroke:var(--st-primary-color,#0b66c3);stroke-width:1.5}
"""


def progress_html(progress: Progress | None) -> str:
    """Bar, time left, loss, accuracy and loss curve, always of the same height."""
    if progress is None:
        return '<span class="small">Started by another user of this machine; its progress cannot be read.</span>'
    stage = escape(progress.message or f"Epoch {progress.epoch} of {progress.epochs}")
    left = "" if progress.seconds_left is None else f"{duration(progress.seconds_left)} left"
    loss = "–" if progress.loss is None else f"{progress.loss:.4f}"
    accuracy = "–" if progress.accuracy is None else f"{progress.accuracy:.2%}"
    validated = "Validated after each epoch"
    if progress.val_accuracy is not None and progress.val_loss is not None:
        validated = f"Validation accuracy {progress.val_accuracy:.2%}, loss {progress.val_loss:.4f}"
    # Every part is there from the start, at its height: what is below must not move while a training runs.
    return (
        f'<div class="stage" title="{stage}">{stage}</div>'
        f'<progress aria-label="Training" max="100" value="{progress.fraction * 100:.1f}"></progress>'
        f'<div class="share"><span>{progress.fraction:.0%}</span><span>{left}</span></div>'
        f'<div class="figures"><div><span class="small">Loss</span>{loss}</div>'
        f'<div><span class="small">Accuracy</span>{accuracy}</div></div>'
        f'<div class="curve">{_curve(progress) if len(progress.curve) > 2 else ""}</div>'
        f'<span class="small">{validated}</span>'
    )


def _curve(progress: Progress) -> str:
    """The loss by step; on a logarithmic axis, as the first losses are a hundred times the last."""
    steps = max(progress.epochs * progress.steps, progress.curve[-1][0], 1)
    losses = [math.log10(max(loss, _SMALLEST)) for _, loss in progress.curve]
    low, high = min(losses), max(losses)
    width, bottom, left = _WIDTH - _LEFT, _HEIGHT - _BOTTOM, _LEFT - 4
    points = " ".join(
        f"{_LEFT + width * step / steps:.1f},{_TOP + (bottom - _TOP) * (high - loss) / max(high - low, 1e-9):.1f}"
        for (step, _), loss in zip(progress.curve, losses, strict=True)
    )
    now = f", now {progress.loss:.4f}" if progress.loss is not None else ""
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Loss by training step{now}">'
        f'<path d="M{_LEFT} {_TOP}V{bottom}H{_WIDTH}"/><polyline points="{points}"/>'
        f'<text x="{left}" y="{_TOP + 4}" text-anchor="end">{10**high:.2g}</text>'
        f'<text x="{left}" y="{bottom}" text-anchor="end">{10**low:.2g}</text>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 3}">Loss by step</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT - 3}" text-anchor="end">{steps:,}</text></svg>'
    )
