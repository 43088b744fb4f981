"""Export a run's model to a file for other programs, and verify that it agrees with the run.

python3 scripts/export.py shipped --format onnx
python3 scripts/export.py shipped --format tflite-int8 --out digits.tflite --json
"""

import environment

environment.enter(__name__)

import argparse
import json
import sys
import time
from pathlib import Path

from digit_core.errors import ExportFailed, StorageError
from digit_core.jobs.export_jobs import (
    FORMATS,
    Export,
    ExportFormat,
    export_format,
    export_path,
    export_task,
    kept_export,
)
from digit_core.runs.run import Run, open_run
from scripts.command_line import run_command, write_output

_POLL_SECONDS = 0.1


def main() -> int:
    """Export one run in one format and print how it agrees with the run; returns the exit code."""
    arguments = _arguments()
    run, form = open_run(arguments.run), export_format(arguments.format)
    export = kept_export(run, form) or run_export(run, form)
    path = export_path(run, form)
    if arguments.out:
        path = _copy(path, arguments.out)
    print(f"{form.title}, {export.size:,} bytes, exported in {export.seconds:.1f} s")
    print(
        f"{export.images:,} test images: same prediction for {export.agreement:.2%}, "
        f"largest difference between logits {export.logit_difference:.2g}"
    )
    print(f"accuracy on them {export.accuracy:.4f}, the run's {export.run_accuracy:.4f}")
    print(f"file: {path}")
    if arguments.json:
        print(json.dumps({**export.model_dump(exclude={"source"}), "file": str(path)}))
    return 0


def run_export(run: Run, form: ExportFormat) -> Export:
    """Export in the background and wait for it. Ctrl-C cancels it, unless the app or another command started it.

    Raises ExportFailed or another DigitError.
    """
    print(f"Exporting {run.name} as {form.title} ...", file=sys.stderr)
    task, message = export_task(run, form), None
    is_ours = task.start()
    try:
        while (status := task.watch()) is not None and status.is_active:
            if status.message != message:
                message = status.message
                print(f"{message} ...", file=sys.stderr)
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        if is_ours:
            task.cancel()
        raise ExportFailed("Cancelled." if is_ours else "The export continues: it was started elsewhere.") from None
    export = kept_export(run, form)
    if export is None:
        raise ExportFailed(status.message if status else f"The export of {run.name} was deleted.")
    return export


def _copy(path: Path, out: Path) -> Path:
    """Copy the export to a file, or into a folder under its own name."""
    target = out / path.name if out.is_dir() else out
    try:
        write_output(target, path.read_bytes())
    except StorageError as error:
        raise StorageError(f"{error} The export itself is {path}.") from None
    return target


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", help="a run's name; scripts/evaluate.py --list shows them")
    parser.add_argument("--format", required=True, help=f"one of {', '.join(FORMATS)}")
    parser.add_argument("--out", type=Path, help="a file or folder to copy it to (default: it stays in DIGITS_HOME)")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    return parser.parse_args()


if __name__ == "__main__":
    run_command(main)
