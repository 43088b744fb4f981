"""Kill trainings, and the app at work on its files, at random moments; see after each next start what was lost.

`python -m tests.kills [TRAININGS] [APPS] [SEED]` (default: 200, 50, 0) prints a JSON object: how many were
killed, in which state, and every run that was lost or incomplete, every temporary file that was left.
"""

import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.kills.app_kills import kill_app
from tests.kills.training_kills import TrainingKills


def main() -> int:
    """Kill as many as asked for, and print the figures; returns 1 if anything was lost or left."""
    trainings, apps, seed = (int(value) for value in (sys.argv[1:] + ["200", "50", "0"][len(sys.argv) - 1 :])[:3])
    states, wrong = Counter(), {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DIGITS_HOME"] = str(Path(folder) / "home")
        temporary = Path(folder) / "tmp"
        temporary.mkdir()
        tempfile.tempdir = os.environ["TMPDIR"] = str(temporary)
        kills = {
            "app": (apps, kill_app),
            "training": (trainings, TrainingKills().kill if trainings else None),
        }
        for kind, (count, kill) in kills.items():
            for number in range(count):
                state, problems = kill(seed * 100_000 + number)
                states[f"{kind}: {state}"] += 1
                if problems:
                    wrong[f"{kind} {number}"] = problems
                print(f"{kind} {number + 1}: {state} {' '.join(problems)}", file=sys.stderr, flush=True)
    print(json.dumps({"trainings": trainings, "apps": apps, "killed": dict(states.most_common()), "wrong": wrong}))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
