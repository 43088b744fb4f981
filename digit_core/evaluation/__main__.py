"""The entry point of the background tasks that need only LiteRT: `python -m digit_core.evaluation robustness RUN`."""

import argparse
import os
import sys

from digit_core.errors import DataDamaged, DigitError
from digit_core.jobs.task_runner import Report, exit_at_once, run_task
from digit_core.jobs.tasks import features_task, robustness_task
from digit_core.runs.run import Run, open_run


def main() -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m digit_core.evaluation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("robustness", help="measure a run on distorted images").add_argument("run")
    features = commands.add_parser("features", help="compute the features of all training images for a run's network")
    features.add_argument("run")
    features.add_argument("digest", help="of the data set")
    arguments = parser.parse_args()
    try:
        run = open_run(arguments.run)
        if arguments.command == "robustness":
            from digit_core.evaluation.robustness import measure  # slow to import, and not needed for features

            print(run_task(robustness_task(run), lambda report: measure(run, report)).model_dump_json())
        else:
            digest = arguments.digest
            print(run_task(features_task(run, digest), lambda report: _features(run, digest, report)))
    except DigitError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _features(run: Run, digest: str, report: Report) -> str:
    from digit_core.datasets.loading import load_dataset
    from digit_core.inference.nearest_neighbors import Neighbours

    report("Loading the training images")
    dataset = load_dataset(run.config.data)
    if dataset.digest != digest:  # the app would wait forever for the features of its own data
        raise DataDamaged(f"The file of {run.config.data} has changed since the app loaded it. Restart the app.")
    neighbours = Neighbours(run.model_bytes(), dataset, threads=os.cpu_count() or 1)
    neighbours.prepare(lambda fraction: report("Computing features of the training images", fraction))
    return str(neighbours.path)


if __name__ == "__main__":
    exit_at_once(main())
