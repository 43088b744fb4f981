"""Train a model from the command line, in a separate process as the app does.

python3 scripts/train.py --preset quick --epochs 1
python3 scripts/train.py --preset two_block --data digits --seed 3 --json
python3 scripts/train.py --preset custom --filters 16,32 --kernel-sizes 5,3 --dense-units 64 --rotation 8
python3 scripts/train.py --base shipped --drawings drawings.npz
python3 scripts/train.py --base shipped --epochs 3
python3 scripts/train.py --resume 20261121-140500-robust
"""

import environment

environment.enter(__name__)

import argparse
import json
import sys
import time
from pathlib import Path

from tqdm import tqdm

from digit_core.errors import InvalidConfig, InvalidImport, TrainingFailed
from digit_core.jobs import trainings
from digit_core.jobs.processes import is_alive
from digit_core.runs.config import CUSTOM_FIELDS, TrainingConfig, parse_numbers, training_config
from digit_core.runs.fine_tuning import further_training_config
from digit_core.runs.presets import DEFAULT_PRESET, PRESETS
from digit_core.runs.run import Run, open_run
from digit_core.runs.schemas import ACTIVE
from scripts.command_line import print_metrics, run_as_json, run_command

_FIGURES = 60  # seconds that they may take


def main() -> int:
    """Train, show the progress, print the result; returns the exit code."""
    arguments = _arguments()
    run = follow(_start(arguments))
    if run is None:
        print("Cancelled. Nothing was changed.", file=sys.stderr)
        return 130
    print_metrics(run)
    inside = run.path.is_relative_to(environment.PROJECT)
    print(f"run: {run.path.relative_to(environment.PROJECT) if inside else run.path}")
    if arguments.json:
        print(json.dumps(run_as_json(run)))
    return 0


def follow(job: trainings.Job) -> Run | None:
    """Show the progress until the training ends; returns the published run, or None if it was cancelled.

    Ctrl-C cancels the training. Raises TrainingFailed.
    """
    with tqdm(total=1000, bar_format="{l_bar}{bar}| {elapsed}{postfix}", file=sys.stderr) as bar:
        while True:
            try:
                progress = trainings.progress_of(job)
                if progress is None:
                    raise TrainingFailed(f"The folder of the training {job.name} was deleted.")
                if progress.state == "queued":
                    trainings.start_next()  # if the trainer before it was killed
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
    deadline = time.monotonic() + _FIGURES
    while progress.process and is_alive(progress.process) and time.monotonic() < deadline:
        time.sleep(0.1)  # it draws the figures, which a command after this one may need
    return open_run(job.name)


def _start(arguments: argparse.Namespace) -> trainings.Job:
    fields = TrainingConfig.model_fields
    given = {name: value for name, value in vars(arguments).items() if name in fields and value is not None}
    if arguments.resume and given:
        option = next(iter(given)).replace("_", "-")
        raise InvalidConfig(f"--resume uses the training's own settings; leave out --{option}.")
    if arguments.resume:
        return trainings.resume(trainings.stopped_job(arguments.resume), activate=arguments.activate)
    if arguments.drawings_file and not arguments.base:
        raise InvalidConfig("--drawings takes --base: the run that learns from the drawings.")
    command = " ".join(["scripts/train.py", *sys.argv[1:]])
    if arguments.drawings_file:
        if given:
            option = next(iter(given)).replace("_", "-")
            raise InvalidConfig(f"--drawings uses the base run's settings; leave out --{option}.")
        return _start_with_drawings(arguments, command)
    if arguments.base:
        if "preset" in given:
            raise InvalidConfig("--base has the preset of that run; leave out --preset.")
        config = further_training_config(open_run(arguments.base), **given, **_teachers(arguments))
        return trainings.start(config, activate=arguments.activate, command=command)
    if arguments.teacher_runs:
        raise InvalidConfig("--teachers takes --base; scripts/ensemble.py trains a network from the start.")
    lists = {name: parse_numbers(given[name], name) for name in CUSTOM_FIELDS if isinstance(given.get(name), str)}
    config = training_config(**{"preset": DEFAULT_PRESET, **given, **lists})
    return trainings.start(config, activate=arguments.activate, command=command)


def _teachers(arguments: argparse.Namespace) -> dict[str, tuple[str, ...]]:
    names = tuple(name.strip() for name in arguments.teacher_runs.split(","))
    return {"teachers": tuple(open_run(name).name for name in names)} if arguments.teacher_runs else {}


def _start_with_drawings(arguments: argparse.Namespace, command: str) -> trainings.Job:
    from digit_core.drawings.labelled import LabelledImages
    from digit_core.drawings.transfer import read
    from digit_core.jobs.adapt import start_with

    try:
        content = arguments.drawings_file.read_bytes()
    except OSError as error:
        raise InvalidImport(f"{arguments.drawings_file} cannot be read: {error.strerror}.") from None
    found = read(content)
    labelled = LabelledImages(found.images, found.labels, ("",) * len(found.labels))
    return start_with(labelled, open_run(arguments.base), activate=arguments.activate, command=command)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", help=f"one of {', '.join(PRESETS)} (default: {DEFAULT_PRESET})")
    parser.add_argument("--data", help="mnist (default) or digits, scikit-learn's bundled ones")
    parser.add_argument("--epochs", type=int, help="passes over the training images")
    parser.add_argument("--batch-size", type=int, help="images per step")
    parser.add_argument("--learning-rate", type=float, help="peak learning rate of the schedule")
    parser.add_argument("--optimizer", help="adam (default), sgd with Nesterov momentum, or rmsprop")
    parser.add_argument("--validation-fraction", type=float, help="share of the training images held out")
    parser.add_argument("--patience", type=int, help="epochs without a better validation loss before it stops")
    parser.add_argument("--dropout", type=float, help="dropout rate, below 1")
    parser.add_argument("--rotation", type=float, help="augmentation: standard deviation in degrees")
    parser.add_argument("--scaling", type=float, help="augmentation: standard deviation, 0.05 is 5 %%")
    parser.add_argument("--filters", help="preset custom: filters of each convolution, such as 32,64")
    parser.add_argument("--kernel-sizes", help="preset custom: pixels per side, such as 5,3")
    parser.add_argument("--dense-units", help="preset custom: units of each dense layer, such as 128; '' for none")
    parser.add_argument(
        "--batch-normalization", action=argparse.BooleanOptionalAction, help="preset custom: after each layer"
    )
    parser.add_argument("--compute-dtype", help="auto (default), float32 or bfloat16, while training")
    parser.add_argument("--base", metavar="RUN", help="train this run further, on the drawings of --drawings if given")
    parser.add_argument(
        "--drawings", dest="drawings_file", type=Path, metavar="FILE", help="an export of My drawings: .npz or .zip"
    )
    parser.add_argument(
        "--teachers",
        dest="teacher_runs",
        default="",
        metavar="RUNS",
        help="with --base: learn the mean of these runs' predictions, such as shipped,20261121-140500-robust-no1",
    )
    parser.add_argument("--resume", metavar="NAME", help="resume an interrupted training")
    parser.add_argument("--seed", type=int, help="for initial weights, order and split (default: 0)")
    parser.add_argument("--no-activate", dest="activate", action="store_false", help="keep the active model")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    # Former spellings, which scripts may still use.
    parser.add_argument("--precision", dest="compute_dtype", help=argparse.SUPPRESS)
    parser.add_argument("--no-serve", dest="activate", action="store_false", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    run_command(main)
