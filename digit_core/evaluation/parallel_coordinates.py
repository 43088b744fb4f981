"""The trials of a search as lines across parallel axes, one for each setting and one for the loss (Inselberg 1985)."""

import math
from collections.abc import Sequence

import pandas as pd

from digit_core.runs.searches import Search, Setting, Trial, Value

LOSS_TITLE = "Validation loss"


def coordinates(search: Search, trials: Sequence[Trial]) -> pd.DataFrame:
    """A row for each axis of each trial that has a loss.

    Columns: `trial`, `axis` (its title), `place` (0 at the bottom of the axis to 1 at its top), `value` (text),
    `loss`, `rank` (0 for the best trial, to 1) and `state`. Axes of words and switches have a place for each value.
    """
    usable = sorted((trial for trial in trials if trial.validation_loss is not None), key=lambda t: t.validation_loss)
    axes = [(setting, [trial.settings.get(setting.name) for trial in usable]) for setting in search.settings]
    loss = Setting(name="validation_loss", title=LOSS_TITLE, log=True)
    axes.append((loss, [trial.validation_loss for trial in usable]))
    rows = []
    for setting, values in axes:
        for rank, (trial, value, place) in enumerate(zip(usable, values, _places(setting, values), strict=True)):
            rows.append(
                {
                    "trial": trial.number,
                    "axis": setting.title,
                    "place": place,
                    "value": _text(value),
                    "loss": trial.validation_loss,
                    "rank": rank / max(len(usable) - 1, 1),
                    "state": trial.state,
                }
            )
    return pd.DataFrame(rows, columns=["trial", "axis", "place", "value", "loss", "rank", "state"])


def _places(setting: Setting, values: Sequence[Value | None]) -> list[float]:
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        numbers = [math.log(max(value, 1e-12)) if setting.log else float(value) for value in values]
    else:
        kinds = sorted({str(value) for value in values})
        numbers = [float(kinds.index(str(value))) for value in values]
    low, high = min(numbers, default=0.0), max(numbers, default=0.0)
    return [(number - low) / (high - low) if high > low else 0.5 for number in numbers]


def _text(value: Value | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
