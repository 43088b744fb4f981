"""What runs and spans of time are called on screen."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from digit_core.runs.notes import note_of
from digit_core.runs.presets import PRESETS
from digit_core.runs.run import SHIPPED

_RUN_NAME = re.compile(r"(\d{8}-\d{6})-([a-z0-9-]+?)(-\d+)?")
_MARKDOWN = re.compile(r"[\\`*_\[\]<>$~&|]")  # what Streamlit would not show as it stands
# The same where a backslash does not help: `:rocket:` becomes an emoji, an address a link.
_JOINED = re.compile(r"(?<=:)(?=[A-Za-z/])|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
_WORD_JOINER = "\u2060"  # takes no room


def run_title(name: str) -> str:
    """What a run is called, as plain text: the name that somebody gave it, else its usual one."""
    return note_of(name).title or usual_title(name)


def run_markdown(name: str) -> str:
    """`run_title` for where Streamlit reads Markdown: texts, messages, labels of buttons."""
    return markdown(run_title(name))


def usual_title(name: str) -> str:
    """A run's name as a person says it: "Quick, 21 Nov 14:05"; names of another form stay as they are."""
    if name == SHIPPED:
        return "the shipped model"
    match = _RUN_NAME.fullmatch(name)
    preset = PRESETS.get(match[2].replace("-", "_")) if match else None
    if preset is None:
        return name
    return f"{preset.title}, {datetime.strptime(match[1], '%Y%m%d-%H%M%S'):%d %b %H:%M:%S}"


def run_titles(names: Iterable[str], say: Callable[[str], str] = run_title) -> dict[str, str]:
    """A line for each run that begins with its title, a usual one with a capital.

    No two are alike: where `say` repeats itself the run's name follows. A menu of Streamlit's
    tells its options apart by what they read.
    """
    lines = {name: say(name) for name in names}
    lines |= {name: line[:1].upper() + line[1:] for name, line in lines.items() if not note_of(name).title}
    often = Counter(lines.values())
    return {name: line if often[line] == 1 else f"{line} ({name})" for name, line in lines.items()}


def markdown(text: str) -> str:
    """Text that Streamlit's Markdown shows as it stands."""
    return _MARKDOWN.sub(lambda special: "\\" + special[0], _JOINED.sub(_WORD_JOINER, text))


def duration(seconds: float) -> str:
    """A span of time in one unit: "4.2 s", "42 s", "7 min", "3.5 h", "4 days"."""
    if 0 < seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"
