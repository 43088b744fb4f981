"""Train several seeds of a preset and distil the mean of their predictions into one network, which is a run.

python3 scripts/ensemble.py --members 5 --preset quick
python3 scripts/ensemble.py --members 5 --preset accurate --address 10.0.0.5:6379 --storage s3://bucket/ensembles
python3 scripts/ensemble.py --runs RUN RUN RUN

Needs the packages of requirements-cluster.lock. Stopped and run again, the command goes on where it was.
"""

import environment

environment.enter(__name__)

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from digit_core import Recognizer
from digit_core.cluster.adoption import outcome_of
from digit_core.cluster.connection import require_cluster_packages
from digit_core.cluster.ensembles import (
    EnsembleResult,
    Training,
    distil,
    ensemble_metrics,
    existing_members,
    member_configs,
    student_config,
    train_members,
)
from digit_core.runs.presets import DEFAULT_PRESET, PRESETS
from digit_core.runs.run import Run
from scripts.command_line import run_command
from scripts.compare import PEN_WIDTH, Drawing, load_strokes


def main() -> int:
    """Train what is missing and print the figures; returns the exit code."""
    arguments = _arguments()
    drawings = load_strokes(arguments.drawings) if arguments.drawings else []
    require_cluster_packages()
    training = Training(
        command=" ".join(["scripts/ensemble.py", *sys.argv[1:]]),
        cpus=arguments.cpus_per_training,
        seconds=arguments.training_hours * 3600,
        storage=arguments.storage,
        address=arguments.address,
        activate=arguments.activate,
    )
    settings = {name: getattr(arguments, name) for name in ("data", "epochs") if getattr(arguments, name) is not None}
    chosen = existing_members(arguments.runs) if arguments.runs else None
    configs = [] if chosen else member_configs({"preset": arguments.preset, **settings}, arguments.members)
    last = [""]

    def show(line: str) -> None:
        if line != last[0]:
            print(line, file=sys.stderr, flush=True)
            last[0] = line

    student = {"seed": arguments.seed}
    if epochs := arguments.student_epochs or arguments.epochs:
        student["epochs"] = epochs
    try:
        members = chosen or train_members(configs, training, show)
        run = distil(student_config(members, **student), training, show)
    except KeyboardInterrupt:
        print("Stopped. The same command goes on.", file=sys.stderr)
        return 130
    result = EnsembleResult(tuple(members), ensemble_metrics(members), run)
    rows = figures(result, drawings)
    print(table(rows))
    print(outcome_of(run))
    print(f"run: {run.path}")
    if arguments.json:
        print(json.dumps({"run": run.name, "rows": rows}))
    return 0


def figures(result: EnsembleResult, drawings: list[Drawing]) -> list[dict]:
    """A row for each member, their mean, the ensemble and the student: figures on test images and on drawings."""
    members = result.members
    shares = [_right_drawings([run], drawings) for run in members]
    rows = [_row(f"seed {run.config.seed}", run.metrics, share) for run, share in zip(members, shares, strict=True)]
    mean = {name: float(np.mean([row[name] for row in rows])) for name in ("accuracy", "loss")}
    drawn = float(np.mean(shares)) if drawings else None
    rows.append({"network": "mean of the members", **mean, "parameters": rows[0]["parameters"], "drawings": drawn})
    rows.append(_row(f"ensemble of {len(members)}", result.ensemble, _right_drawings(members, drawings)))
    rows.append(_row("student", result.student.metrics, _right_drawings([result.student], drawings)))
    return rows


def table(rows: list[dict]) -> str:
    """The rows as a Markdown table."""
    lines = ["| network | test accuracy | test loss | parameters | drawings |", "| --- | --- | --- | --- | --- |"]
    for row in rows:
        drawn = "-" if row["drawings"] is None else f"{row['drawings']:.2%}"
        lines.append(
            f"| {row['network']} | {row['accuracy']:.2%} | {row['loss']:.4f} | {row['parameters']:,} | {drawn} |"
        )
    return "\n".join(lines)


def _row(network: str, metrics: object, drawn: float | None) -> dict:
    values = {name: getattr(metrics, name) for name in ("accuracy", "loss", "parameters")}
    return {"network": network, **values, "drawings": drawn}


def _right_drawings(runs: list[Run] | tuple[Run, ...], drawings: list[Drawing]) -> float | None:
    """The share of drawings that the mean of the runs' probabilities predicts right; None without drawings."""
    if not drawings:
        return None
    recognizers = [Recognizer.load(run.name) for run in runs]
    right = 0
    for label, strokes in drawings:
        predictions = [recognizer.predict_strokes(strokes, PEN_WIDTH) for recognizer in recognizers]
        right += int(np.mean([each.probabilities for each in predictions], axis=0).argmax()) == label
    return right / len(drawings)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--members", type=int, default=5, help="seeds to train (default: 5)")
    parser.add_argument("--preset", default=DEFAULT_PRESET, help=f"one of {', '.join(PRESETS)} (default: quick)")
    parser.add_argument("--runs", nargs="+", metavar="RUN", help="existing runs as members, instead of training some")
    parser.add_argument("--data", help="mnist (default) or digits, scikit-learn's bundled ones")
    parser.add_argument("--epochs", type=int, help="of each member, and of the student (default: the preset's)")
    parser.add_argument("--student-epochs", type=int, help="of the student, if it takes others")
    parser.add_argument("--seed", type=int, default=0, help="of the student (default: 0)")
    parser.add_argument("--address", help="a Ray cluster, such as 10.0.0.5:6379 or auto (default: this machine)")
    parser.add_argument("--storage", metavar="FOLDER_OR_URL", help="for checkpoints; all nodes share it")
    parser.add_argument("--cpus-per-training", type=int, default=1, help="processor cores of each (default: 1)")
    parser.add_argument("--training-hours", type=float, default=24, help="after which one is stopped (default: 24)")
    parser.add_argument("--drawings", type=Path, metavar="FILE", help="also evaluate on a stroke set (.npz)")
    parser.add_argument("--no-activate", dest="activate", action="store_false", help="keep the active model")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    return parser.parse_args()


if __name__ == "__main__":
    run_command(main)
