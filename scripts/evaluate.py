"""Evaluate a run's model on the test set again, or list the runs.

python3 scripts/evaluate.py                 the active run
python3 scripts/evaluate.py shipped --json
python3 scripts/evaluate.py --list
"""

import environment

environment.enter(__name__)

import argparse
import json
import subprocess

from digit_core.jobs.processes import training_command, training_environment
from digit_core.runs.active_run import read_active
from digit_core.runs.run import Run, list_runs, open_run
from digit_core.runs.schemas import Metrics
from scripts.command_line import print_metrics, run_as_json, run_command


def main() -> int:
    """Evaluate one run and print its figures; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", help="a run's name (default: the active run)")
    parser.add_argument("--list", action="store_true", help="list all runs and exit")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    arguments = parser.parse_args()
    if arguments.list:
        print_runs()
        return 0
    run = open_run(arguments.run or read_active().run)
    result = subprocess.run(  # a separate process, as this one must not import TensorFlow
        training_command("evaluate", run.name),
        cwd=environment.PROJECT,
        env=training_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    if result.returncode:
        return result.returncode
    evaluated = Run(run.path)
    evaluated.metrics = Metrics.model_validate_json(result.stdout.splitlines()[-1])
    print_metrics(evaluated)
    if arguments.json:
        print(json.dumps(run_as_json(evaluated)))
    return 0


def print_runs() -> None:
    """Print all runs, newest first, then the damaged ones with the reason."""
    listing, active = list_runs(), read_active().run
    for run in listing.runs:
        mark = "*" if run.name == active else " "
        print(f"{mark} {run.name:32} {run.config.preset:12} {run.config.data:8} {run.metrics.accuracy:.4f}")
    for name, reason in listing.damaged.items():
        print(f"! {name:32} damaged: {reason}")
    print("(* active)")


if __name__ == "__main__":
    run_command(main)
