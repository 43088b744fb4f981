"""The entry point of the processes that need TensorFlow: `python -m digit_core.training train FOLDER`."""

import argparse
import json
import sys
from pathlib import Path

from digit_core.errors import DigitError
from digit_core.jobs.task_runner import exit_at_once, run_task
from digit_core.jobs.tasks import export_format, export_task
from digit_core.runs.run import open_run
from digit_core.storage.process_folder import use_own_folder


def main() -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m digit_core.training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("train", help="train the job in a working folder").add_argument("folder", type=Path)
    waiting = commands.add_parser("wait", help="import TensorFlow and wait for a job, five minutes at most")
    waiting.add_argument("folder", type=Path)
    commands.add_parser("figures", help="draw a run's figures").add_argument("run")
    commands.add_parser("evaluate", help="print a run's metrics as JSON").add_argument("run")
    exporting = commands.add_parser("export", help="export a run's model and print the export as JSON")
    exporting.add_argument("run")
    exporting.add_argument("format")
    benchmark = commands.add_parser("time-to", help="train a baseline until it reaches a test accuracy")
    benchmark.add_argument("recipe", choices=["stock", "two_block"])
    benchmark.add_argument("accuracy", type=float)
    arguments = parser.parse_args()
    use_own_folder()
    if arguments.command == "train":
        from digit_core.training.worker import work  # each command imports only what it needs

        return work(arguments.folder)
    if arguments.command == "wait":
        from digit_core.training.warm_start import wait_for_job

        return wait_for_job(arguments.folder)
    try:
        print(_COMMANDS[arguments.command](arguments))
    except DigitError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _evaluate(arguments: argparse.Namespace) -> str:
    from digit_core.training.fit import reevaluate

    return reevaluate(open_run(arguments.run)).model_dump_json()


def _figures(arguments: argparse.Namespace) -> str:
    from digit_core.training.figures import draw_run_figures

    run = open_run(arguments.run)
    draw_run_figures(run)
    return str(run.path / "figures")


def _export(arguments: argparse.Namespace) -> str:
    from digit_core.training.export.verification import export

    run, form = open_run(arguments.run), export_format(arguments.format)
    return run_task(export_task(run, form), lambda report: export(run, form, report)).model_dump_json()


def _time_to(arguments: argparse.Namespace) -> str:
    from digit_core.training.baselines import seconds_to_accuracy

    return json.dumps(seconds_to_accuracy(arguments.recipe, arguments.accuracy))


_COMMANDS = {"figures": _figures, "evaluate": _evaluate, "export": _export, "time-to": _time_to}

if __name__ == "__main__":
    exit_at_once(main())
