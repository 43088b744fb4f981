"""Measure what the README claims; each figure is compared within one run on one machine.

python3 scripts/benchmark.py training      quick in 5 seeds; the stock Keras example and two_block to 99.0 %
python3 scripts/benchmark.py reading       milliseconds a prediction
python3 scripts/benchmark.py app           start, memory, and the time from pen lift to reading
python3 scripts/benchmark.py pages         first content of every page on 100 runs, paging, memory
python3 scripts/benchmark.py class         200 students who draw at one app; --browse --training for more
"""

import environment

if __name__ == "__main__":
    environment.enter(environment.DEVELOPMENT)

import argparse
import json
import subprocess
import sys
import time

sys.path.insert(0, str(environment.PROJECT))

import numpy as np

from digit_core import Recognizer
from scripts.benchmarks.app_load import app, pages
from scripts.benchmarks.class_benchmark import class_
from scripts.benchmarks.drawings import SEVEN, paint


def training(seeds: int) -> dict:
    """Accuracy and seconds of `quick`; the seconds that plain recipes need to pass 99.0 %."""
    runs = []
    for seed in range(seeds):
        command = [sys.executable, "scripts/train.py", "--preset", "quick", "--seed", str(seed), "--no-serve", "--json"]
        result = subprocess.run(command, cwd=environment.PROJECT, stdout=subprocess.PIPE, text=True, check=True)
        runs.append(json.loads(result.stdout.splitlines()[-1]))
    seconds = [run["training_seconds"] for run in runs]
    figures = {
        "quick_accuracy": [run["accuracy"] for run in runs],
        "quick_accuracy_mean": float(np.mean([run["accuracy"] for run in runs])),
        "quick_seconds": seconds,
    }
    for yardstick in ("stock", "two_block"):
        command = [sys.executable, "-m", "digit_core.training", "time-to", yardstick, "0.99"]
        result = subprocess.run(command, cwd=environment.PROJECT, stdout=subprocess.PIPE, text=True, check=True)
        found = json.loads(result.stdout.splitlines()[-1])
        figures |= {
            f"{yardstick}_seconds_to_99": found["seconds"],
            f"{yardstick}_epochs_to_99": found["epochs"],
            f"quick_as_share_of_{yardstick}": {
                "mean": float(np.mean(seconds)) / found["seconds"],
                "longest": max(seconds) / found["seconds"],
            },
        }
    return figures


def reading() -> dict:
    """Milliseconds for a 280 x 280 picture and for its strokes, normalising included."""
    recognizer, picture = Recognizer.load("shipped"), paint(SEVEN)

    def median_and_worst(read) -> tuple[float, float]:
        spent = []
        for _ in range(500):
            started = time.perf_counter()
            read()
            spent.append((time.perf_counter() - started) * 1e3)
        return float(np.median(spent)), float(np.quantile(spent, 0.99))

    from_picture = median_and_worst(lambda: recognizer.predict(picture))
    from_strokes = median_and_worst(lambda: recognizer.predict_strokes(SEVEN, 14))
    network = median_and_worst(lambda: recognizer.predict_normalized(recognizer.predict(picture).model_input))
    return {
        "picture_ms_median": from_picture[0],
        "picture_ms_p99": from_picture[1],
        "strokes_ms_median": from_strokes[0],
        "strokes_ms_p99": from_strokes[1],
        "network_ms_median": network[0] - from_picture[0],
    }


def main() -> int:
    """Run one benchmark and print its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["training", "reading", "app", "pages", "class"])
    parser.add_argument("--seeds", type=int, default=5, help="of training (default: 5)")
    parser.add_argument("--strokes", type=int, help="drawn in the app (default: 30), or by each student (default: 8)")
    parser.add_argument("--runs", type=int, default=100, help="in the folder, for pages (default: 100)")
    parser.add_argument("--students", type=int, default=200, help="of class (default: 200)")
    parser.add_argument("--pause", type=float, default=5.0, help="seconds between a student's strokes (default: 5)")
    parser.add_argument(
        "--browse", action="store_true", help="let the students of class open other pages too; needs MNIST"
    )
    parser.add_argument("--training", action="store_true", help="train two_block beside the class; needs MNIST")
    arguments = parser.parse_args()
    measure = {
        "training": lambda: training(arguments.seeds),
        "reading": reading,
        "app": lambda: app(arguments.strokes or 30),
        "pages": lambda: pages(arguments.runs),
        "class": lambda: class_(
            arguments.students, arguments.strokes or 8, arguments.pause, arguments.browse, arguments.training
        ),
    }
    figures = measure[arguments.what]()
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
