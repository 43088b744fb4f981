"""Cancel trainings at random moments and see that their processes end.

`python -m tests.training.cancelling [COUNT] [SEED]` cancels COUNT trainings (default: 50) of `tiny` on the
bundled digits, every second one handed to a trainer that had been waiting, and prints a JSON object: the
seconds from each cancel to the end of its process, the outcomes, and how many trainers were alive 15 s later.
"""

import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from digit_core.errors import DigitError
from digit_core.jobs import trainings, warm_trainer
from digit_core.runs.config import training_config
from tests.processes import is_gone
from tests.trainers import trainer_pid

LONGEST = 15.0  # seconds between start and cancel: import, epochs, evaluation
PATIENCE = 15.0


def cancel_one(rng: random.Random, *, warm: bool) -> tuple[float | None, str]:
    """Cancel a training at a random moment; returns the seconds until its process was gone (or None) and its state."""
    if warm:
        warm_trainer._last.update(start=-100.0, touch=-100.0)
        warm_trainer.keep_warm()
        time.sleep(rng.uniform(0, 5))
    job = trainings.start(training_config("tiny", data="digits", epochs=12))
    pid = trainer_pid() or job.progress().process
    time.sleep(rng.uniform(0, LONGEST))
    cancelled = time.monotonic()
    with suppress(DigitError):
        trainings.cancel(job)
    while not is_gone(pid) and time.monotonic() - cancelled < PATIENCE:
        time.sleep(0.02)  # a bounded wait for another process
    return (time.monotonic() - cancelled if is_gone(pid) else None), trainings.progress_of(job).state


def main() -> None:
    """Cancel as many as asked for, and print the figures."""
    count, seed = (int(value) for value in (sys.argv[1:] + ["50", "0"][len(sys.argv) - 1 :])[:2])
    rng, seconds, states = random.Random(seed), [], Counter()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DIGITS_HOME"] = str(Path(folder) / "home")
        tempfile.tempdir = os.environ["TMPDIR"] = folder
        for number in range(count):
            took, state = cancel_one(rng, warm=number % 2 == 1)
            seconds.append(took)
            states[state] += 1
            print(f"{number + 1}: {state}, {took and round(took, 2)} s", file=sys.stderr, flush=True)
        ended = [took for took in seconds if took is not None]
        alive = len(seconds) - len(ended)
        print(json.dumps({"cancels": count, "states": states, "alive": alive, "slowest_seconds": max(ended)}))


if __name__ == "__main__":
    main()
