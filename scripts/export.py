"""Export a run's model to a file for other programs, and check that it agrees with the run.

python3 scripts/export.py shipped --format onnx
python3 scripts/export.py shipped --format tflite-int8 --out digits.tflite --json
"""

import environment

if __name__ == "__main__":
    environment.enter()

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(environment.PROJECT))

from digit_core.errors import DigitError, ExportFailed, StorageError
from digit_core.jobs.tasks import (
    FORMATS,
    Export,
    ExportFormat,
    export_format,
    export_path,
    export_task,
    load_export,
)
from digit_core.runs.run import Run, open_run
from digit_core.storage.files import write_bytes

_POLL_SECONDS = 0.1


def main() -> int:
    """Export one run in one format and print how it agrees; returns the exit code."""
    arguments = _arguments()
    try:
        run, form = open_run(arguments.run), export_format(arguments.format)
        result = load_export(run, form) or exported(run, form)
        path = export_path(run, form)
        if arguments.out:
            path = copied(path, arguments.out)
    except DigitError as error:
        print(error, file=sys.stderr)
        return 1
    print_export(result, path)
    if arguments.json:
        print(json.dumps({**result.model_dump(exclude={"source"}), "file": str(path)}))
    return 0


def exported(run: Run, form: ExportFormat) -> Export:
    """Have it exported in the background and follow that; Ctrl-C cancels it. Raises ExportFailed or another DigitError.

    An export that was asked for elsewhere is waited for, and not cancelled.
    """
    print(f"Exporting {run.name} as {form.title} ...", file=sys.stderr)
    task, said = export_task(run, form), None
    is_ours = task.start()
    try:
        while (status := task.watch()) is not None and status.is_active:
            if status.message != said:
                print(f"{status.message} ...", file=sys.stderr)
                said = status.message
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        if is_ours:
            task.cancel()
        raise ExportFailed("Cancelled." if is_ours else "The export goes on: it was asked for elsewhere.") from None
    export = load_export(run, form)
    if export is None:
        raise ExportFailed(status.message if status else f"The export of {run.name} was deleted.")
    return export


def copied(path: Path, out: Path) -> Path:
    """Copy the export to where it is wanted: a file, or into a folder. Raises ExportFailed."""
    target = out / path.name if out.is_dir() else out
    try:
        write_bytes(target, path.read_bytes())
    except (StorageError, OSError) as error:
        reason = getattr(error.__cause__ or error, "strerror", None) or error
        raise ExportFailed(f"{target} could not be written: {reason}. The export itself is {path}.") from None
    return target


def print_export(export: Export, path: Path) -> None:
    """What was made, where it is, and how it agrees with its run."""
    print(f"{FORMATS[export.format].title}, {export.size:,} bytes, made in {export.seconds:.1f} s")
    print(
        f"{export.images:,} test images: the run's prediction for {export.agreement:.2%}, "
        f"largest difference of a logit {export.logit_difference:.2g}"
    )
    print(f"accuracy on them {export.accuracy:.4f}, the run's {export.run_accuracy:.4f}")
    print(f"file: {path}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", help="a run's name; scripts/evaluate.py --list shows them")
    parser.add_argument("--format", required=True, help=f"one of {', '.join(FORMATS)}")
    parser.add_argument("--out", type=Path, help="a file or folder to copy it to (default: it stays in DIGITS_HOME)")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
