"""What the commands share: exit codes and errors, files named on the command line, and a run's figures."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from digit_core.errors import DigitError, StorageError
from digit_core.runs.run import Run
from digit_core.storage.files import write_bytes

_JSON_METRICS = ("epochs", "training_seconds", "accuracy", "loss", "precision", "recall", "f1")


def run_command(main: Callable[[], int]) -> NoReturn:
    """Exit with what `main` returns; a DigitError becomes one line on standard error and exit code 1."""
    try:
        sys.exit(main())
    except DigitError as error:
        sys.exit(str(error))


def write_output(path: Path, content: bytes) -> None:
    """Replace a file that the user named, in one step. Raises StorageError with the system's reason."""
    try:
        write_bytes(path, content)
    except (StorageError, OSError) as error:
        reason = getattr(error.__cause__ or error, "strerror", None) or error
        raise StorageError(f"{path} could not be written: {reason}.") from None


def run_as_json(run: Run) -> dict:
    """What `--json` prints of a run: its name, preset, seed and main figures."""
    figures = {name: getattr(run.metrics, name) for name in _JSON_METRICS}
    return {"run": run.name, "preset": run.config.preset, "seed": run.config.seed, **figures}


def print_metrics(run: Run) -> None:
    """Print the classification report, accuracy with its interval, training time and size."""
    metrics = run.metrics
    print(f"{'digit':>8}{'precision':>11}{'recall':>9}{'f1':>9}{'images':>9}")
    for row in metrics.per_class:
        print(f"{row.digit:>8}{row.precision:>11.4f}{row.recall:>9.4f}{row.f1:>9.4f}{row.support:>9}")
    print(f"{'mean':>8}{metrics.precision:>11.4f}{metrics.recall:>9.4f}{metrics.f1:>9.4f}{metrics.test_images:>9}")
    low, high = metrics.accuracy_interval
    print(f"test accuracy {metrics.accuracy:.4f} (95 % interval {low:.4f} to {high:.4f}), loss {metrics.loss:.4f}")
    epochs = "1 epoch" if metrics.epochs == 1 else f"{metrics.epochs} epochs"
    print(f"{epochs} in {metrics.training_seconds:.1f} s, {metrics.parameters:,} parameters")
