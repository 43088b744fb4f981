"""Read the test set again with a run's model, or list the runs.

python3 scripts/evaluate.py                 the run that reads now
python3 scripts/evaluate.py shipped --json
python3 scripts/evaluate.py --list
"""

import environment

if __name__ == "__main__":
    environment.enter()

import argparse
import json
import subprocess
import sys

sys.path.insert(0, str(environment.PROJECT))

from train import as_json, print_metrics

from digit_core.errors import DigitError
from digit_core.jobs.processes import process_environment, room_command
from digit_core.runs.active_run import read_active
from digit_core.runs.run import Run, list_runs, open_run
from digit_core.runs.schemas import Metrics


def main() -> int:
    """Evaluate one run and print its figures; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", help="a run's name (default: the one that reads now)")
    parser.add_argument("--list", action="store_true", help="list all runs and stop")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    arguments = parser.parse_args()
    if arguments.list:
        print_runs()
        return 0
    try:
        run = open_run(arguments.run or read_active().run)
    except DigitError as error:
        print(error, file=sys.stderr)
        return 1
    # Evaluation is part of the learning room, which has an entry point of its own.
    result = subprocess.run(
        room_command("training", "evaluate", run.name),
        cwd=environment.PROJECT,
        env=process_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    if result.returncode:
        return result.returncode
    again = Run(run.path)
    again.metrics = Metrics.model_validate_json(result.stdout.splitlines()[-1])
    print_metrics(again)
    if arguments.json:
        print(json.dumps(as_json(again)))
    return 0


def print_runs() -> None:
    """All runs, newest first, and what is damaged."""
    listing, reading = list_runs(), read_active().run
    for run in listing.runs:
        mark = "*" if run.name == reading else " "
        print(f"{mark} {run.name:32} {run.config.preset:12} {run.config.data:8} {run.metrics.accuracy:.4f}")
    for name, reason in listing.damaged.items():
        print(f"! {name:32} damaged: {reason}")
    print("(* reads now)")


if __name__ == "__main__":
    sys.exit(main())
