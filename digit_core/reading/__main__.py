"""What takes long and needs LiteRT alone, as a process of its own: `python -m digit_core.reading robustness RUN`."""

import argparse
import os
import sys

from digit_core.errors import DigitError
from digit_core.records.runs import open_run


def main() -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m digit_core.reading", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("robustness", help="measure how a run reads changed images, and print it as JSON")
    measuring.add_argument("run")
    arguments = parser.parse_args()

    if hasattr(os, "nice"):
        os.nice(10)  # people who draw meanwhile come first
    from digit_core.reading.robustness import measure_in_this_process

    try:
        print(measure_in_this_process(open_run(arguments.run)).model_dump_json())
    except DigitError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
