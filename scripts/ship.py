"""Make a run the one that the project ships, without any image of its data set.

python3 scripts/ship.py 20261121-023930-robust
"""

import environment

if __name__ == "__main__":
    environment.enter()

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(environment.PROJECT))

from digit_core.errors import DigitError
from digit_core.inference.litert import Classifier
from digit_core.runs.run import open_run
from digit_core.runs.shipping import ship
from digit_core.storage.paths import SHIPPED_RUN


def main() -> int:
    """Copy one run into the project; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", help="a run's name; scripts/evaluate.py --list shows them")
    parser.add_argument("--to", type=Path, default=SHIPPED_RUN, help="the folder to replace (default: the project's)")
    arguments = parser.parse_args()
    try:
        run = open_run(arguments.run)
        Classifier(run.model_bytes())  # that it can be loaded is part of being whole
        size = ship(run, arguments.to.absolute())
    except DigitError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{run.name}: test accuracy {run.metrics.accuracy:.4f}, {size / 1e6:.2f} MB, in {arguments.to}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
