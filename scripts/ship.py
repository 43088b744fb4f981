"""Replace the model that comes with the project by a run's, without any image of its data set.

python3 scripts/ship.py 20261121-023930-robust
"""

import environment

environment.enter(__name__)

import argparse
from pathlib import Path

from digit_core.inference.litert import Classifier
from digit_core.runs.run import open_run
from digit_core.runs.shipping import ship
from digit_core.storage.paths import SHIPPED_RUN
from scripts.command_line import run_command


def main() -> int:
    """Copy one run into the project; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", help="a run's name; scripts/evaluate.py --list shows them")
    parser.add_argument("--to", type=Path, default=SHIPPED_RUN, help="the folder to replace (default: the project's)")
    arguments = parser.parse_args()
    run = open_run(arguments.run)
    Classifier(run.model_bytes())  # raises DamagedRun if the model cannot be loaded
    size = ship(run, arguments.to.absolute())
    print(f"{run.name}: test accuracy {run.metrics.accuracy:.4f}, {size / 1e6:.2f} MB, in {arguments.to}")
    return 0


if __name__ == "__main__":
    run_command(main)
