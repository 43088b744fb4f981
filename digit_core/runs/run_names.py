"""What a training's run is called: its folder, and the name that people say.

The folder's name is date, time, preset and a running number, as in `20261123-204228-two-block-no7`:
that run is *Two blocks 7*; one that learned from drawings is `20261123-204228-robust-tuned-no7`. The
number is in the folder's name so that it goes with every copy.
Runs of earlier versions have no number (`20261123-204228-quick`, and `-2` for the second of a second).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from digit_core.runs.presets import PRESETS

_TUNED = "-tuned"
_ANY_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")  # also of a run that was renamed
_FOLDER = re.compile(r"(\d{8}-\d{6})-([a-z0-9-]+?)(-\d+|-no([1-9]\d{0,5}))?")


@dataclass(frozen=True)
class RunName:
    """What a folder's name says: when the training was started, of which preset, and its running number, if any.

    `is_tuned`: it is a run of that preset that learned from drawings.
    """

    started: datetime
    preset: str
    number: int | None
    is_tuned: bool = False

    @property
    def title(self) -> str:
        """For example "Quick 7" or "Quick fine-tuned 7"; without a number "Quick, 21 Nov 14:05:10"."""
        title = PRESETS[self.preset].title + (" fine-tuned" if self.is_tuned else "")
        return f"{title} {self.number}" if self.number else f"{title}, {self.started:%d %b %H:%M:%S}"


def is_run_name(name: str) -> bool:
    """Whether a folder of that name can be a run."""
    return _ANY_FOLDER.fullmatch(name) is not None


def parse_run_name(name: str) -> RunName | None:
    """The parts of a folder's name; None if it is not that of a training of a known preset."""
    match = _FOLDER.fullmatch(name)
    preset = match[2].removesuffix(_TUNED).replace("-", "_") if match else None
    if preset not in PRESETS:
        return None
    try:
        started = datetime.strptime(match[1], "%Y%m%d-%H%M%S")
    except ValueError:  # no such day or time
        return None
    return RunName(started, preset, int(match[4]) if match[4] else None, match[2].endswith(_TUNED))


def folder_name(preset: str, number: int, started: datetime, *, is_tuned: bool = False) -> str:
    """The name of the folder for a training; `is_tuned`: it learns from drawings."""
    return f"{started:%Y%m%d-%H%M%S}-{preset.replace('_', '-')}{_TUNED if is_tuned else ''}-no{number}"


def next_number(preset: str, taken: Iterable[str]) -> int:
    """One more than the highest running number of the preset among the folders' names in `taken`."""
    names = filter(None, map(parse_run_name, taken))
    return 1 + max((name.number or 0 for name in names if name.preset == preset), default=0)
