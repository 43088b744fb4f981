"""Train a model from the command line, in the same process of its own as the app does.

python3 scripts/train.py --preset quick --epochs 1
python3 scripts/train.py --preset two_block --data digits --seed 3 --json
python3 scripts/train.py --preset custom --filters 16,32 --kernel-sizes 5,3 --dense-units 64 --rotation 8
python3 scripts/train.py --resume 20261121-140500-robust
"""

import environment

if __name__ == "__main__":
    environment.enter()

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(environment.PROJECT))

from tqdm import tqdm

from digit_core.errors import DigitError, InvalidConfig, TrainingFailed
from digit_core.jobs import trainings
from digit_core.runs.config import CUSTOM_FIELDS, TrainingConfig, parse_numbers, training_config
from digit_core.runs.presets import DEFAULT_PRESET, PRESETS
from digit_core.runs.run import Run, open_run
from digit_core.runs.schemas import ACTIVE


def main() -> int:
    """Train, follow the progress, print the result; returns the exit code."""
    arguments = _arguments()
    try:
        run = follow(_begun(arguments))
    except DigitError as error:
        print(error, file=sys.stderr)
        return 1
    if run is None:
        print("Cancelled. Nothing was changed.", file=sys.stderr)
        return 130
    print_metrics(run)
    if arguments.json:
        print(json.dumps(as_json(run)))
    return 0


def _begun(arguments: argparse.Namespace) -> trainings.Job:
    given = _settings(arguments)
    if arguments.resume and given:
        option = next(iter(given)).replace("_", "-")
        raise InvalidConfig(f"--resume takes the settings that the training had; leave out --{option}.")
    if arguments.resume:
        return trainings.resume(trainings.stopped_job(arguments.resume), activate=arguments.activate)
    settings = {"preset": DEFAULT_PRESET} | given
    for name in CUSTOM_FIELDS:
        if isinstance(settings.get(name), str):
            settings[name] = parse_numbers(settings[name], name)
    config = training_config(**settings)
    return trainings.start(config, activate=arguments.activate, command=" ".join(["scripts/train.py", *sys.argv[1:]]))


def _settings(arguments: argparse.Namespace) -> dict:
    """Those that were given."""
    return {n: value for n, value in vars(arguments).items() if n in TrainingConfig.model_fields and value is not None}


def follow(job: trainings.Job) -> Run | None:
    """Show the progress until the training ends; the run in its place, or None if it was cancelled.

    Ctrl-C cancels the training. Raises TrainingFailed.
    """
    with tqdm(total=1000, bar_format="{l_bar}{bar}| {elapsed}{postfix}", file=sys.stderr) as bar:
        while True:
            try:
                progress = trainings.progress_of(job)
                if progress is None:
                    raise TrainingFailed(f"{job.name} has vanished from {job.folder.parent}.")
                bar.set_description_str(progress.message or f"Epoch {progress.epoch} of {progress.epochs}")
                if progress.loss is not None:
                    bar.set_postfix_str(f"loss {progress.loss:.4f}, accuracy {progress.accuracy:.4f}", refresh=False)
                bar.update(max(int(progress.fraction * 1000) - bar.n, 0))
                bar.refresh()
                if progress.state not in ACTIVE:
                    break
                time.sleep(0.3)
            except KeyboardInterrupt:
                trainings.cancel(job)
    if progress.state == "cancelled":
        return None
    if progress.state == "failed":
        raise TrainingFailed(f"{job.name} failed. {progress.message}")
    print(progress.message, file=sys.stderr)
    return open_run(job.name)


def print_metrics(run: Run) -> None:
    """The classification report and where the run is."""
    metrics = run.metrics
    print(f"{'digit':>8}{'precision':>11}{'recall':>9}{'f1':>9}{'images':>9}")
    for row in metrics.per_class:
        print(f"{row.digit:>8}{row.precision:>11.4f}{row.recall:>9.4f}{row.f1:>9.4f}{row.support:>9}")
    print(f"{'mean':>8}{metrics.precision:>11.4f}{metrics.recall:>9.4f}{metrics.f1:>9.4f}{metrics.test_images:>9}")
    low, high = metrics.accuracy_interval
    print(f"test accuracy {metrics.accuracy:.4f} (95 % interval {low:.4f} to {high:.4f}), loss {metrics.loss:.4f}")
    epochs = "1 epoch" if metrics.epochs == 1 else f"{metrics.epochs} epochs"
    print(f"{epochs} in {metrics.training_seconds:.1f} s, {metrics.parameters:,} parameters")
    print(f"run: {_relative(run.path)}")


def as_json(run: Run) -> dict:
    """What `--json` prints of a run."""
    metrics = run.metrics
    return {
        "run": run.name,
        "preset": run.config.preset,
        "seed": run.config.seed,
        **{
            name: getattr(metrics, name)
            for name in ("epochs", "training_seconds", "accuracy", "loss", "precision", "recall", "f1")
        },
    }


def _relative(path: Path) -> Path:
    return path.relative_to(environment.PROJECT) if path.is_relative_to(environment.PROJECT) else path


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", help=f"one of {', '.join(PRESETS)} (default: {DEFAULT_PRESET})")
    parser.add_argument("--data", help="mnist (default) or digits, scikit-learn's bundled ones")
    parser.add_argument("--epochs", type=int, help="passes over the training images")
    parser.add_argument("--batch-size", type=int, help="images a step")
    parser.add_argument("--learning-rate", type=float, help="the highest rate of the schedule")
    parser.add_argument("--validation-fraction", type=float, help="share of the training images kept for validation")
    parser.add_argument("--patience", type=int, help="epochs without a better validation loss before it stops")
    parser.add_argument("--dropout", type=float, help="share of units left out while training, below 1")
    parser.add_argument("--rotation", type=float, help="degrees that images are turned, standard deviation")
    parser.add_argument("--scaling", type=float, help="how far they are scaled, standard deviation: 0.05 is 5 %%")
    parser.add_argument("--filters", help="of the preset custom: of each convolution, such as 32,64")
    parser.add_argument("--kernel-sizes", help="of the preset custom: pixels a side, such as 5,3")
    parser.add_argument("--dense-units", help="of the preset custom: of each dense layer, such as 128; '' for none")
    parser.add_argument(
        "--batch-normalization", action=argparse.BooleanOptionalAction, help="of the preset custom: after each layer"
    )
    parser.add_argument("--compute-dtype", help="auto (default), float32 or bfloat16: computed in while training")
    parser.add_argument("--resume", metavar="NAME", help="resume a training that was stopped")
    parser.add_argument("--seed", type=int, help="for initial weights, order and split (default: 0)")
    parser.add_argument(
        "--no-activate", "--no-serve", dest="activate", action="store_false", help="do not make the finished run active"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
