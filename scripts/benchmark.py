"""Measure the figures in the README; figures to be compared come from one run on one machine.

python3 scripts/benchmark.py training      quick with 5 seeds; the stock Keras example and two_block to 99.0 %
python3 scripts/benchmark.py prediction    latency of a prediction
python3 scripts/benchmark.py numbers       numbers of five digits by real writers: --drawn FILE
python3 scripts/benchmark.py photos        numbers by real writers on simulated photos: --drawn FILE
python3 scripts/benchmark.py app           start, memory, and latency from pen lift to prediction
python3 scripts/benchmark.py pages         first content of every page with 100 runs, paging, memory
python3 scripts/benchmark.py live          predictions while the pen is down: how many, how far behind it
python3 scripts/benchmark.py class         200 students who draw in one app; --browse --training for more
python3 scripts/benchmark.py costs         processor time of a pen lift and of each page that is opened
python3 scripts/benchmark.py adaptation    what a run learns from 30 corrected drawings, and what it forgets
python3 scripts/benchmark.py database      20 processes that store drawings for a minute, and 50 that are killed
python3 scripts/benchmark.py cluster       pictures a second with and without Ray; what 1, 10 and 100 nodes give
python3 scripts/benchmark.py retrain       from Retrain to its outcome on screen, with a cold and a warm trainer
"""

import environment

environment.enter(__name__, environment.DEVELOPMENT)

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from digit_core import Recognizer
from scripts.benchmarks.adaptation_benchmark import measure_adaptation
from scripts.benchmarks.app_benchmark import measure_app, measure_pages
from scripts.benchmarks.class_benchmark import Class, measure_class
from scripts.benchmarks.cluster_benchmark import measure_cluster
from scripts.benchmarks.database_benchmark import measure_database
from scripts.benchmarks.drawings import SEVEN, paint
from scripts.benchmarks.latency import milliseconds
from scripts.benchmarks.live_benchmark import measure_live
from scripts.benchmarks.numbers_benchmark import measure_numbers
from scripts.benchmarks.page_costs import measure_costs
from scripts.benchmarks.photos_benchmark import measure_photos
from scripts.benchmarks.retrain_benchmark import measure_retrain


def measure_training(seeds: int) -> dict:
    """Accuracy and seconds of `quick`; the seconds that plain recipes need to pass 99.0 %."""
    options = ["--preset", "quick", "--no-activate", "--json", "--seed"]
    runs = [_json_of("scripts/train.py", *options, str(seed)) for seed in range(seeds)]
    seconds, accuracies = [run["training_seconds"] for run in runs], [run["accuracy"] for run in runs]
    figures = {
        "quick_accuracy": accuracies,
        "quick_accuracy_mean": float(np.mean(accuracies)),
        "quick_seconds": seconds,
    }
    for baseline in ("stock", "two_block"):
        result = _json_of("-m", "digit_core.training", "time-to", baseline, "0.99")
        figures |= {
            f"{baseline}_seconds_to_99": result["seconds"],
            f"{baseline}_epochs_to_99": result["epochs"],
            f"quick_as_share_of_{baseline}": {
                "mean": float(np.mean(seconds)) / result["seconds"],
                "longest": max(seconds) / result["seconds"],
            },
        }
    return figures


def measure_prediction() -> dict:
    """Milliseconds for a 280 x 280 picture and for its strokes, normalization included, and for the network alone."""
    recognizer, picture = Recognizer.load("shipped"), paint(SEVEN)
    model_input = recognizer.predict(picture).model_input
    calls = {
        "picture": lambda: recognizer.predict(picture),
        "strokes": lambda: recognizer.predict_strokes(SEVEN, 14),
        "network": lambda: recognizer.predict_normalized(model_input),
    }
    figures = {}
    for name, call in calls.items():
        durations = milliseconds(call, 500)
        figures |= {f"{name}_ms_median": float(np.median(durations)), f"{name}_ms_p99": np.quantile(durations, 0.99)}
    return figures


def _json_of(*command: str) -> dict:
    """The JSON object in the last line that a Python command prints."""
    result = subprocess.run(
        [sys.executable, *command], cwd=environment.PROJECT, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(result.stdout.splitlines()[-1])


def main() -> int:
    """Run one benchmark and print its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [
        "training",
        "prediction",
        "reading",
        "numbers",
        "photos",
        "live",
        "app",
        "pages",
        "class",
        "costs",
        "retrain",
    ]
    names += ["adaptation", "database", "cluster"]
    parser.add_argument("benchmark", choices=names)
    parser.add_argument("--seeds", type=int, default=5, help="of training (default: 5)")
    parser.add_argument("--strokes", type=int, help="drawn in app (default: 30), or by each student (default: 8)")
    parser.add_argument("--runs", type=int, default=100, help="in the folder, for pages (default: 100)")
    parser.add_argument("--students", type=int, default=200, help="of class (default: 200)")
    parser.add_argument("--pause", type=float, default=5.0, help="seconds between a student's strokes (default: 5)")
    parser.add_argument("--minutes", type=float, help="class: how long they draw, instead of --strokes")
    parser.add_argument("--browsers", type=int, default=0, help="class: so many more students in Chromium (default: 0)")
    parser.add_argument("--processes", type=int, default=1, help="class: of the app, behind nginx (default: 1)")
    parser.add_argument("--no-live", action="store_true", help="class: nothing is predicted while the pen is down")
    parser.add_argument("--browse", action="store_true", help="class: students open other pages too; needs MNIST")
    parser.add_argument("--training", action="store_true", help="class: train two_block meanwhile; needs MNIST")
    parser.add_argument(
        "--drawn", type=Path, metavar="FILE", help="adaptation, numbers, photos: a stroke set of real writers"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of database (default: 60)")
    parser.add_argument("--pictures", type=int, default=20_000, help="of cluster (default: 20,000)")
    parser.add_argument("--search", help="cluster: a finished search whose costs count (default: the last)")
    given = parser.parse_args()
    if given.benchmark in ("numbers", "photos") and not given.drawn:
        parser.error(f"{given.benchmark} needs --drawn FILE, a stroke set of real writers")
    benchmarks = {
        "training": lambda: measure_training(given.seeds),
        "prediction": measure_prediction,
        "reading": measure_prediction,  # its former name
        "numbers": lambda: measure_numbers(given.drawn),
        "photos": lambda: measure_photos(given.drawn),
        "app": lambda: measure_app(given.strokes or 30),
        "pages": lambda: measure_pages(given.runs),
        "costs": lambda: measure_costs(given.strokes or 10),
        "retrain": measure_retrain,
        "adaptation": lambda: measure_adaptation(given.drawn),
        "database": lambda: measure_database(seconds=given.seconds),
        "cluster": lambda: measure_cluster(given.pictures, given.search),
        "live": lambda: measure_live(given.strokes or 20),
        "class": lambda: measure_class(
            Class(
                students=given.students,
                strokes=given.strokes or 8,
                pause=given.pause,
                browse=given.browse,
                training=given.training,
                live=not given.no_live,
                minutes=given.minutes,
                browsers=given.browsers,
                processes=given.processes,
            )
        ),
    }
    print(json.dumps(benchmarks[given.benchmark](), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
