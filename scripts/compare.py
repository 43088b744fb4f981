"""Train presets one after the other, each with several seeds, and print how they compare.

python3 scripts/compare.py                                   every preset, three seeds each
python3 scripts/compare.py quick lenet5 --seeds 5 --json comparison.json
python3 scripts/compare.py tiny --drawings STROKES.npz

Presets that have been trained already are not trained again, and interrupted trainings are resumed: stop the
command at any time and run it again.
"""

import environment

environment.enter(__name__)

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from digit_core import Recognizer
from digit_core.evaluation.comparison import spread
from digit_core.evaluation.settings import differing_settings
from digit_core.jobs import trainings
from digit_core.runs.config import TrainingConfig, training_config
from digit_core.runs.presets import PRESETS
from digit_core.runs.run import Run, list_runs
from scripts.benchmarks.latency import milliseconds
from scripts.command_line import run_command, write_output
from scripts.stroke_sets import load_digits
from scripts.train import follow

_METRICS = ("accuracy", "precision", "recall", "f1", "loss", "training_seconds", "epochs")
PEN_WIDTH = 14  # of the drawings, in canvas pixels

Drawing = tuple[int, list[np.ndarray]]  # label, and strokes (n, 2) in pixels of a 280 x 280 canvas


def main() -> int:
    """Train what is missing, then print the table; returns the exit code."""
    arguments = _arguments()
    drawings = load_strokes(arguments.drawings) if arguments.drawings else []
    epochs = {} if arguments.epochs is None else {"epochs": arguments.epochs}
    configs = {
        preset: [training_config(preset, data=arguments.data, seed=seed, **epochs) for seed in range(arguments.seeds)]
        for preset in arguments.presets or PRESETS
    }
    trainings.recover()  # a training that was killed before its run was published need not be repeated
    rows = []
    for preset in configs:
        runs = []
        for config in configs[preset]:
            run = find_or_train(config)
            if run is None:
                print("Stopped. Run the same command again to continue.", file=sys.stderr)
                return 130
            runs.append(run)
        rows.append(compare_seeds(preset, runs, drawings))
        if arguments.json:
            write_output(arguments.json, json.dumps(rows, indent=1).encode())
    print(table(rows))
    if differences := settings_table({preset: each[0] for preset, each in configs.items()}):
        print(f"\nSettings that differ:\n\n{differences}")
    return 0


def find_or_train(config: TrainingConfig) -> Run | None:
    """The run with exactly this configuration, trained now if there is none; None if that was cancelled."""
    for run in list_runs().runs:
        if run.config == config:
            return run
    print(f"{config.preset}, seed {config.seed}", file=sys.stderr)
    for job in trainings.stopped_jobs():
        if job.config() == config and (epoch := trainings.resumable(job)):
            print(f"Resumed after epoch {epoch}", file=sys.stderr)
            return follow(trainings.resume(job, activate=False))
    return follow(trainings.start(config, activate=False, command=" ".join(["scripts/compare.py", *sys.argv[1:]])))


def compare_seeds(preset: str, runs: list[Run], drawings: list[Drawing]) -> dict:
    """A row of the table: means over the seeds, and each seed's accuracy."""
    metrics = [run.metrics for run in runs]
    accuracy = spread([m.accuracy for m in metrics])
    recognizers = [Recognizer.load(run.name) for run in runs]
    right = [r.predict_strokes(strokes, PEN_WIDTH).digit == label for r in recognizers for label, strokes in drawings]
    image = np.zeros((28, 28), np.float32)
    image[6:22, 12:16] = 1
    return {
        "preset": preset,
        "seeds": len(runs),
        "runs": [run.name for run in runs],
        "parameters": metrics[0].parameters,
        "bytes": len(runs[0].model_bytes()),
        **{name: float(np.mean([getattr(m, name) for m in metrics])) for name in _METRICS},
        # With a single seed: Wilson's interval, over test images instead of seeds.
        "accuracy_interval": accuracy.interval or metrics[0].accuracy_interval,
        "accuracies": [m.accuracy for m in metrics],
        "milliseconds": float(np.median(milliseconds(lambda: recognizers[0].predict_normalized(image), 300))),
        "drawings": float(np.mean(right)) if drawings else None,
        "author": PRESETS[preset].author_figure,
    }


def load_strokes(path: Path) -> list[Drawing]:
    """The digits of a stroke set, in pixels of a canvas."""
    return [(digit.label, [stroke * 160 + 60 for stroke in digit.strokes]) for digit in load_digits(path)]


def table(rows: list[dict]) -> str:
    """The rows as a Markdown table."""
    columns: dict[str, Callable[[dict], str]] = {
        "preset": lambda r: f"`{r['preset']}`",
        "seeds": lambda r: str(r["seeds"]),
        "parameters": lambda r: f"{r['parameters']:,}",
        "file": lambda r: f"{r['bytes'] / 1e6:.2f} MB" if r["bytes"] >= 1e5 else f"{r['bytes'] / 1e3:.0f} KB",
        "training": lambda r: f"{r['training_seconds']:.0f} s",
        "epochs": lambda r: f"{r['epochs']:.3g}",
        "test accuracy (95 % interval)": lambda r: "{:.2%} ({:.2%} to {:.2%})".format(
            r["accuracy"], *r["accuracy_interval"]
        ),
        "precision": lambda r: f"{r['precision']:.4f}",
        "recall": lambda r: f"{r['recall']:.4f}",
        "F1": lambda r: f"{r['f1']:.4f}",
        "loss": lambda r: f"{r['loss']:.4f}",
        "latency": lambda r: f"{r['milliseconds']:.2f} ms",
        "drawings": lambda r: f"{r['drawings']:.1%}",
        "reference": lambda r: r["author"] or "-",
    }
    if all(row["drawings"] is None for row in rows):
        del columns["drawings"]
    return _markdown([list(columns), *([cell(row) for cell in columns.values()] for row in rows)])


def settings_table(configs: dict[str, TrainingConfig]) -> str:
    """A Markdown table of the settings in which the presets' trainings differ; empty if they differ in none."""
    rows = differing_settings(list(configs.values()))
    lines = [["setting", *(f"`{preset}`" for preset in configs)], *([title, *values] for title, values in rows.items())]
    return _markdown(lines) if rows else ""


def _markdown(lines: list[list[str]]) -> str:
    head, *others = lines
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *others])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presets", nargs="*", metavar="PRESET", help=f"of {', '.join(PRESETS)} (default: all)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings per preset (default: 3)")
    parser.add_argument("--epochs", type=int, help="instead of each preset's default")
    parser.add_argument("--data", default="mnist", help="mnist (default) or digits")
    parser.add_argument("--drawings", type=Path, metavar="FILE", help="also evaluate on a stroke set (.npz)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file after each preset")
    arguments = parser.parse_args()
    if arguments.seeds < 1:
        parser.error(f"--seeds must be at least 1, got {arguments.seeds}")
    return arguments


if __name__ == "__main__":
    run_command(main)
