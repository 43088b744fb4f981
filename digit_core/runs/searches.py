"""The record of a search for settings: its trials, and how much each setting matters.

    searches/NAME/search.json      what was searched, and which trial and run are the best
    searches/NAME/trials.csv       a row for each trial
    searches/NAME/importance.csv   the share of each setting, once there are enough trials

Written by `scripts/search.py` while it runs; reading it needs neither Ray nor Optuna.
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from digit_core.errors import DamagedRun, UnknownRun
from digit_core.runs.json_files import read_file, read_model
from digit_core.storage import paths
from digit_core.storage.files import write_text

State = Literal["running", "finished", "stopped early", "failed"]
Value = float | int | str | bool
_FIGURES = ("epochs", "seconds", "validation_loss", "validation_accuracy", "early_loss")


class Setting(BaseModel):
    """A setting that was searched: its name, its title, and whether its axis is logarithmic."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    title: str
    log: bool = False


class SearchCost(BaseModel):
    """What a search without interruption took: seconds, of so many cores, and the command's own processor seconds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    seconds: float
    cores: int
    driver_seconds: float


class Search(BaseModel):
    """What was searched; `epochs` of a trial that is not stopped early, and `rung` the first epoch where one may be.

    `best` is the trial with the least validation loss and `run` the name of its run, once that is published.
    `baseline` is the trial with the preset's own settings. `created` is in Unix seconds; `command` what started it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    preset: str
    data: str
    epochs: int
    rung: int
    trials: int
    seed: int
    settings: tuple[Setting, ...]
    storage: str
    command: str
    created: float
    baseline: int = 1
    best: int | None = None
    run: str | None = None
    finished: bool = False
    cost: SearchCost | None = None


class Trial(BaseModel):
    """One training of a search, counted from 1: its settings and its figures on the validation images.

    `id` is Ray Tune's. `early_loss` is the validation loss after the first rung, which all trials reach, so that
    all can be compared; the others are those after the last of its `epochs`. `problem` says why it failed.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    number: int
    id: str
    state: State
    settings: dict[str, Value]
    epochs: int = 0
    seconds: float | None = None
    validation_loss: float | None = Field(default=None, allow_inf_nan=False)
    validation_accuracy: float | None = None
    early_loss: float | None = None
    node: str = ""
    problem: str = ""


def search_folder(name: str) -> Path:
    """The folder of a search's record. Raises UnknownRun if it cannot be one."""
    folder = paths.searches_folder() / name
    if folder.parent != paths.searches_folder() or name.startswith("."):
        raise UnknownRun(f"{name!r} cannot be the name of a search.")
    return folder


def list_searches() -> list[Search]:
    """The searches of this home that can be read, the newest first."""
    found = []
    for path in paths.searches_folder().glob("*/search.json"):
        try:
            found.append(read_model(path, Search))
        except DamagedRun:
            continue
    return sorted(found, key=lambda search: search.created, reverse=True)


def read_search(name: str) -> Search:
    """The search of that name. Raises UnknownRun or DamagedRun."""
    path = search_folder(name) / "search.json"
    if not path.exists():
        raise UnknownRun(f"There is no search named {name!r}.")
    return read_model(path, Search)


def write_search(search: Search) -> None:
    """Replace the record of a search. Raises StorageError."""
    write_text(search_folder(search.name) / "search.json", search.model_dump_json(indent=1))


def write_trials(search: Search, trials: Sequence[Trial]) -> None:
    """Replace the table of trials: settings in the columns of `search.settings`. Raises StorageError."""
    names = [setting.name for setting in search.settings]
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["trial", "id", "state", *_FIGURES, *names, "node", "problem"])
    for trial in trials:
        cells = [*(getattr(trial, name) for name in _FIGURES), *map(trial.settings.get, names)]
        values = ["" if cell is None else cell for cell in cells]
        table.writerow([trial.number, trial.id, trial.state, *values, trial.node, trial.problem])
    write_text(search_folder(search.name) / "trials.csv", text.getvalue())


def read_trials(search: Search) -> list[Trial]:
    """The trials, by number; none if the table is not written yet. Raises DamagedRun."""
    path = search_folder(search.name) / "trials.csv"
    if not path.exists():
        return []
    names = [setting.name for setting in search.settings]
    try:
        rows = list(csv.DictReader(io.StringIO(read_file(path).decode("utf-8"), newline="")))
        return [
            Trial(
                number=row["trial"],
                id=row["id"],
                state=row["state"],
                settings={name: _value(row[name]) for name in names if row[name] != ""},
                node=row["node"],
                problem=row["problem"],
                **{name: row[name] for name in _FIGURES if row[name] != ""},
            )
            for row in rows
        ]
    except (ValueError, KeyError, TypeError, csv.Error, ValidationError) as error:
        raise DamagedRun(f"{paths.display_path(path)} cannot be read: {str(error).splitlines()[0]}.") from None


def write_importance(search: Search, importance: dict[str, float]) -> None:
    """Replace the importance of each setting, as shares that sum to 1. Raises StorageError."""
    lines = ["setting,importance", *(f"{name},{share:.6f}" for name, share in importance.items())]
    write_text(search_folder(search.name) / "importance.csv", "\n".join(lines) + "\n")


def read_importance(search: Search) -> dict[str, float]:
    """The share of each setting, the largest first; empty if there is none."""
    path = search_folder(search.name) / "importance.csv"
    try:
        rows = list(csv.DictReader(io.StringIO(read_file(path).decode("utf-8"), newline="")))
        shares = {row["setting"]: float(row["importance"]) for row in rows}
    except (DamagedRun, ValueError, KeyError, TypeError, csv.Error):
        return {}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def best_trial(trials: Sequence[Trial]) -> Trial | None:
    """The trial with the least validation loss of those that were trained to the end."""
    usable = [trial for trial in trials if trial.state == "finished" and trial.validation_loss is not None]
    return min(usable, key=lambda trial: trial.validation_loss, default=None)


def _value(text: str) -> Value:
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
