"""The trainer's entry point: `python -m digit_core.training train FOLDER`."""

import argparse
import json
import os
import sys
from pathlib import Path

from digit_core.jobs.task_runner import leave, run_task


def main() -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m digit_core.training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("train", help="train the job in a working folder").add_argument("folder", type=Path)
    commands.add_parser("evaluate", help="print a run's metrics as JSON").add_argument("run")
    exporting = commands.add_parser("export", help="export a run's model and print how it agrees as JSON")
    exporting.add_argument("run")
    exporting.add_argument("format")
    benchmark = commands.add_parser("time-to", help="train a yardstick until its test accuracy passes a mark")
    benchmark.add_argument("recipe", choices=["stock", "two_block"])
    benchmark.add_argument("accuracy", type=float)
    arguments = parser.parse_args()
    if arguments.command == "time-to":
        from digit_core.training.baselines import seconds_to_accuracy

        print(json.dumps(seconds_to_accuracy(arguments.recipe, arguments.accuracy)))
        return 0
    if arguments.command == "train":
        from digit_core.training.worker import work

        code = work(arguments.folder)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # the status is written: whatever TensorFlow's threads still do must not keep the process alive

    from digit_core.errors import DigitError
    from digit_core.runs.run import open_run

    try:
        if arguments.command == "export":
            result = _export(arguments.run, arguments.format)
        else:
            from digit_core.training.fit import reevaluate

            result = reevaluate(open_run(arguments.run))
        print(result.model_dump_json())
    except DigitError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _export(run_name: str, format_name: str):
    from digit_core.jobs.export_jobs import export_format, export_task
    from digit_core.runs.run import open_run
    from digit_core.training.export.verification import export

    run, form = open_run(run_name), export_format(format_name)
    return run_task(export_task(run, form), lambda report: export(run, form, report))


if __name__ == "__main__":
    leave(main())
