"""The record of a training by step: `steps.csv` in its folder, written while it runs and published with the run."""

import csv
import io
import math
from pathlib import Path

from digit_core.errors import DamagedRun
from digit_core.runs.json_files import read_file

STEPS_FILE = "steps.csv"
STEP_FIELDS = ("step", "epoch", "seconds", "loss", "accuracy", "learning_rate", "images_per_second")
_MOST_ROWS = 10_000  # in a file; the trainer writes some hundreds


def read_steps(folder: Path) -> list[dict[str, float]]:
    """The rows of a folder's `steps.csv`, by `STEP_FIELDS`; empty if there is none or it cannot be used.

    `step` counts over all epochs and `epoch` from 1; `seconds` count from the start of the training. `loss`,
    `accuracy` (0 to 1) and `images_per_second` are means since the row before. Earlier versions did not
    write the file, and no run needs it: a damaged one counts as missing.
    """
    try:
        text = read_file(folder / STEPS_FILE).decode("utf-8")
        rows = [{name: float(row[name]) for name in STEP_FIELDS} for row in csv.DictReader(io.StringIO(text))]
    except (DamagedRun, ValueError, TypeError, KeyError, csv.Error):
        return []
    return [row for row in rows if all(map(math.isfinite, row.values()))][:_MOST_ROWS]
