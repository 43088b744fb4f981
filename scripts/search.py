"""Search the settings with which a preset predicts validation images best, on this machine or on a Ray cluster.

python3 scripts/search.py --trials 24 --epochs 4
python3 scripts/search.py --trials 12 --preset two_block --data digits
python3 scripts/search.py --trials 400 --address 10.0.0.5:6379 --storage s3://bucket/searches
python3 scripts/search.py --resume

Needs the packages of requirements-cluster.lock. The best trial becomes a run; the test images are used for it alone.
"""

import environment

environment.enter(__name__)

import argparse
import json
import sys

from tqdm import tqdm

from digit_core.cluster.adoption import outcome_of
from digit_core.cluster.connection import require_cluster_packages
from digit_core.cluster.hyperparameter_search import Limits, new_search, run_search
from digit_core.errors import InvalidConfig
from digit_core.runs.presets import PRESETS
from digit_core.runs.searches import (
    Search,
    Trial,
    list_searches,
    read_importance,
    read_search,
    read_trials,
    search_folder,
)
from scripts.command_line import print_metrics, run_as_json, run_command


def main() -> int:
    """Run or resume a search; returns the exit code."""
    arguments = _arguments()
    require_cluster_packages()
    search = _to_resume(arguments.name) if arguments.resume else _new(arguments)
    base = {"preset": search.preset, "data": search.data, "epochs": search.epochs, "seed": search.seed}
    limits = Limits(arguments.cpus_per_trial, arguments.trial_minutes * 60)
    with tqdm(total=search.trials, unit=" trials", file=sys.stderr) as bar:

        def show(trials: list[Trial]) -> None:
            bar.update(sum(trial.state != "running" for trial in trials) - bar.n)
            best = min((trial.validation_loss for trial in trials if trial.validation_loss is not None), default=None)
            bar.set_postfix_str("" if best is None else f"best loss {best:.4f}")

        try:
            run = run_search(
                search,
                base,
                limits,
                address=arguments.address,
                resume=arguments.resume,
                activate=arguments.activate,
                changed=show,
            )
        except KeyboardInterrupt:
            bar.close()
            print(f"Stopped. Go on with: scripts/search.py --resume --name {search.name}", file=sys.stderr)
            return 130
    print_search(read_search(search.name))
    print_metrics(run)
    print(outcome_of(run))
    print(f"run: {run.path}\nsearch: {search_folder(search.name)}")
    if arguments.json:
        print(json.dumps({"search": search.name, **run_as_json(run)}))
    return 0


def print_search(search: Search) -> None:
    """Print the table of trials, best first, the importance of the settings, and what the search cost."""
    trials = read_trials(search)
    names = [setting.name for setting in search.settings]
    print("trial  state          epochs  loss    accuracy  " + "  ".join(names))
    for trial in sorted(trials, key=lambda each: (each.validation_loss is None, each.validation_loss or 0)):
        figures = "-       -       "
        if trial.validation_loss is not None:
            figures = f"{trial.validation_loss:<8.4f}{trial.validation_accuracy:<8.2%}"
        mark = "*" if trial.number == search.best else " "
        values = "  ".join(f"{trial.settings.get(name)!s:.8}" for name in names)
        print(f"{trial.number:>4}{mark}  {trial.state:<13}  {trial.epochs:>6}  {figures}  {values}")
    print("(loss and accuracy: of validation images; * the best, and trial 1 has the preset's own settings)")
    for name, share in read_importance(search).items():
        print(f"importance of {name}: {share:.1%}")
    if cost := search.cost:
        busy = sum(trial.seconds or 0 for trial in trials)
        print(f"{len(trials)} trials in {cost.seconds:.0f} s on {cost.cores} cores: {busy:.0f} core seconds of epochs")


def _new(arguments: argparse.Namespace) -> Search:
    if arguments.trials is None:
        raise InvalidConfig("Say with --trials how many trainings the search may take, or --resume one.")
    settings = {"data": arguments.data, "epochs": arguments.epochs, "seed": arguments.seed}
    return new_search(
        {"preset": arguments.preset, **{name: value for name, value in settings.items() if value is not None}},
        trials=arguments.trials,
        name=arguments.name,
        storage=arguments.storage,
        rung=arguments.rung,
        command=" ".join(["scripts/search.py", *sys.argv[1:]]),
    )


def _to_resume(name: str | None) -> Search:
    if name:
        return read_search(name)
    unfinished = [search for search in list_searches() if not search.finished]
    if not unfinished:
        raise InvalidConfig("There is no search that was stopped.")
    return unfinished[0]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, help="trainings in all")
    parser.add_argument("--preset", default="custom", help=f"one of {', '.join(PRESETS)} (default: custom)")
    parser.add_argument("--data", default="mnist", help="mnist (default) or digits, scikit-learn's bundled ones")
    parser.add_argument("--epochs", type=int, help="of a trial that is not stopped early (default: the preset's)")
    parser.add_argument("--rung", type=int, help="epochs before a trial may be stopped (default: a quarter)")
    parser.add_argument("--seed", type=int, help="of all trials, and of the sampler (default: 0)")
    parser.add_argument("--address", help="a Ray cluster, such as 10.0.0.5:6379 or auto (default: this machine)")
    parser.add_argument("--storage", metavar="FOLDER_OR_URL", help="for the trials; all nodes share it")
    parser.add_argument("--name", help="of the search (default: date, time and preset)")
    parser.add_argument("--resume", action="store_true", help="go on with the search of that name, or the last stopped")
    parser.add_argument("--cpus-per-trial", type=int, default=1, help="processor cores of a trial (default: 1)")
    parser.add_argument("--trial-minutes", type=float, default=60, help="after which a trial is stopped (default: 60)")
    parser.add_argument("--no-activate", dest="activate", action="store_false", help="keep the active model")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    arguments = parser.parse_args()
    if arguments.cpus_per_trial < 1 or arguments.trial_minutes <= 0:
        parser.error("--cpus-per-trial should be at least 1, and --trial-minutes above 0")
    return arguments


if __name__ == "__main__":
    run_command(main)
