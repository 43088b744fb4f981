"""Train presets one after the other, each with several seeds, and print how they compare.

python3 scripts/compare.py                                   every preset, three seeds each
python3 scripts/compare.py quick lenet5 --seeds 5 --json comparison.json
python3 scripts/compare.py tiny --drawings STROKES.npz

What is trained already is not trained again, and a training that was stopped is resumed after its
last whole epoch: stop it whenever you like and run the same command again.
"""

import environment

if __name__ == "__main__":
    environment.enter()

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(environment.PROJECT))

import numpy as np
from train import follow

from digit_core import Recognizer
from digit_core.errors import DigitError
from digit_core.evaluation.comparison import spread
from digit_core.jobs import trainings
from digit_core.runs.config import TrainingConfig, training_config
from digit_core.runs.presets import PRESETS
from digit_core.runs.run import Run, list_runs

_READINGS = 300  # of one image, for the time of one
_METRICS = ("accuracy", "precision", "recall", "f1", "loss", "training_seconds", "epochs")


def main() -> int:
    """Train what is missing, then print the table; returns the exit code."""
    arguments = _arguments()
    try:
        drawings = load_strokes(arguments.drawings) if arguments.drawings else []
        asked = {
            preset: [_config(preset, seed, arguments) for seed in range(arguments.seeds)]
            for preset in arguments.presets or PRESETS
        }
        trainings.recover()  # a run that was killed before it was published need not be trained again
        rows = []
        for preset, configs in asked.items():
            runs = []
            for config in configs:
                run = trained(config)
                if run is None:
                    print("Stopped. Run the same command again to go on.", file=sys.stderr)
                    return 130
                runs.append(run)
            rows.append(compared(preset, runs, drawings))
            if arguments.json:
                write_whole(arguments.json, json.dumps(rows, indent=1))
    except (DigitError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(table(rows))
    return 0


def trained(config: TrainingConfig) -> Run | None:
    """The run of exactly this configuration, trained now if there is none; None if it was cancelled."""
    for run in list_runs().runs:
        if run.config == config:
            return run
    what = f"{config.preset}, seed {config.seed}"
    stopped = next(
        (job for job in trainings.stopped_jobs() if trainings.resumable(job) and job.config() == config), None
    )
    if stopped:
        print(f"{what}: resumed after epoch {trainings.resumable(stopped)}", file=sys.stderr)
        return follow(trainings.resume(stopped, activate=False))
    print(what, file=sys.stderr)
    return follow(trainings.start(config, activate=False, command=" ".join(["scripts/compare.py", *sys.argv[1:]])))


def compared(preset: str, runs: list[Run], drawings: list[tuple[int, list[np.ndarray]]]) -> dict:
    """A row of the table: means over the seeds, and what each seed reached."""
    metrics = [run.metrics for run in runs]
    accuracy = spread([m.accuracy for m in metrics])
    recognizer = Recognizer.load(runs[0].name)
    return {
        "preset": preset,
        "seeds": len(runs),
        "runs": [run.name for run in runs],
        "parameters": metrics[0].parameters,
        "bytes": len(runs[0].model_bytes()),
        **{name: float(np.mean([getattr(m, name) for m in metrics])) for name in _METRICS},
        # Of one seed alone it is Wilson's, over test images and not over seeds.
        "accuracy_interval": accuracy.interval or metrics[0].accuracy_interval,
        "accuracies": [m.accuracy for m in metrics],
        "milliseconds": _milliseconds(recognizer),
        "drawings": _accuracy_on(drawings, runs) if drawings else None,
        "author": PRESETS[preset].author_figure,
    }


def load_strokes(path: Path) -> list[tuple[int, list[np.ndarray]]]:
    """The digits of a stroke set: label, and strokes in pixels of a 280 x 280 canvas.

    The file has `points` int (p, 2) in thousandths of a character's longer side, `stroke_ends` and
    `row_ends` where strokes and characters end, and `labels` (n,); labels other than 0 to 9 are left out.
    """
    with np.load(path, allow_pickle=False) as file:
        strokes = np.split(file["points"].astype(np.float32) / 1000, file["stroke_ends"][:-1])
        ends, labels = file["row_ends"], file["labels"]
    starts = np.concatenate([[0], ends[:-1]])
    return [
        (int(label), [stroke * 160 + 60 for stroke in strokes[start:end]])
        for label, start, end in zip(labels, starts, ends, strict=True)
        if label in "0123456789"
    ]


def table(rows: list[dict]) -> str:
    """The rows as Markdown."""
    drawn = any(row["drawings"] is not None for row in rows)
    columns: list[tuple[str, Callable[[dict], str]]] = [
        ("preset", lambda r: f"`{r['preset']}`"),
        ("seeds", lambda r: str(r["seeds"])),
        ("parameters", lambda r: f"{r['parameters']:,}"),
        ("file", lambda r: f"{r['bytes'] / 1e6:.2f} MB" if r["bytes"] >= 1e5 else f"{r['bytes'] / 1e3:.0f} KB"),
        ("training", lambda r: f"{r['training_seconds']:.0f} s"),
        ("epochs", lambda r: f"{r['epochs']:.3g}"),
        ("test accuracy (95 % interval)", _accuracy),
        ("precision", lambda r: f"{r['precision']:.4f}"),
        ("recall", lambda r: f"{r['recall']:.4f}"),
        ("F1", lambda r: f"{r['f1']:.4f}"),
        ("loss", lambda r: f"{r['loss']:.4f}"),
        ("a prediction", lambda r: f"{r['milliseconds']:.2f} ms"),
        *([("drawings", lambda r: f"{r['drawings']:.1%}")] if drawn else []),
        ("its author reports", lambda r: r["author"] or "-"),
    ]
    lines = [[title for title, _ in columns], ["---"] * len(columns)]
    lines += [[cell(row) for _, cell in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_whole(path: Path, text: str) -> None:
    """Replace a file in one step."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _accuracy(row: dict) -> str:
    low, high = row["accuracy_interval"]
    return f"{row['accuracy']:.2%} ({low:.2%} to {high:.2%})"


def _accuracy_on(drawings: list[tuple[int, list[np.ndarray]]], runs: list[Run]) -> float:
    recognizers = [Recognizer.load(run.name) for run in runs]
    right = [r.predict_strokes(strokes, 14).digit == label for r in recognizers for label, strokes in drawings]
    return float(np.mean(right))


def _milliseconds(recognizer: Recognizer) -> float:
    image = np.zeros((28, 28), np.float32)
    image[6:22, 12:16] = 1
    spent = []
    for _ in range(_READINGS):
        started = time.perf_counter()
        recognizer.predict_normalized(image)
        spent.append((time.perf_counter() - started) * 1e3)
    return float(np.median(spent))


def _config(preset: str, seed: int, arguments: argparse.Namespace) -> TrainingConfig:
    chosen = {} if arguments.epochs is None else {"epochs": arguments.epochs}
    return training_config(preset, data=arguments.data, seed=seed, **chosen)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presets", nargs="*", metavar="PRESET", help=f"of {', '.join(PRESETS)} (default: all)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each (default: 3)")
    parser.add_argument("--epochs", type=int, help="instead of each preset's own number")
    parser.add_argument("--data", default="mnist", help="mnist (default) or digits")
    parser.add_argument("--drawings", type=Path, metavar="FILE", help="a stroke set (.npz) to read as well")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, after each preset")
    arguments = parser.parse_args()
    if arguments.seeds < 1:
        parser.error(f"--seeds must be at least 1, got {arguments.seeds}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
