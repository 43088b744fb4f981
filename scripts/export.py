"""Export a run's model to a file that other programs read, and see that it agrees with the run.

python3 scripts/export.py shipped --format onnx
python3 scripts/export.py shipped --format tflite-int8 --out digits.tflite --json
"""

import environment

if __name__ == "__main__":
    environment.enter()

import argparse
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(environment.PROJECT))

from digit_core.errors import DigitError, ExportFailed, StorageError
from digit_core.records.exports import FORMATS, Export, ExportFormat, export_format, export_path, kept_export
from digit_core.records.processes import learning_command, learning_environment
from digit_core.records.runs import Run, open_run
from digit_core.records.storage import write_bytes


def main() -> int:
    """Export one run in one format and print how it agrees; returns the exit code."""
    arguments = _arguments()
    try:
        run, form = open_run(arguments.run), export_format(arguments.format)
        result = kept_export(run, form) or exported(run, form)
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
    """Have it made in the learning room, which has an entry point of its own. Raises ExportFailed."""
    print(f"Exporting {run.name} as {form.title} ...", file=sys.stderr)
    result = subprocess.run(
        learning_command("export", run.name, form.name),
        cwd=environment.PROJECT,
        env=learning_environment(),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if result.returncode:
        bug = "Traceback (most recent call last)" in result.stderr
        lines = result.stderr.strip().splitlines() or [f"The export ended with exit code {result.returncode}."]
        raise ExportFailed("\n".join(lines) if bug else lines[-1])
    return Export.model_validate_json(result.stdout.splitlines()[-1])


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
        f"{export.images:,} test images: {export.same_readings:.2%} read as the run reads them, "
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
