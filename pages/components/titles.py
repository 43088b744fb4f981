"""What runs and durations are called on screen."""

import re
from collections import Counter
from collections.abc import Callable, Iterable

from digit_core.runs.notes import note_of
from digit_core.runs.run import SHIPPED
from digit_core.runs.run_names import parse_run_name

_MARKDOWN = re.compile(r"[\\`*_\[\]<>$~&|]")
# Markdown that a backslash does not escape: `:rocket:` becomes an emoji, an address a link.
_JOINED = re.compile(r"(?<=:)(?=[A-Za-z/])|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
_WORD_JOINER = "\u2060"  # takes no room


def run_title(name: str) -> str:
    """A run's title as plain text: the one that a user gave it, else its default title."""
    return note_of(name).title or default_title(name)


def run_markdown(name: str) -> str:
    """`run_title` as Markdown: for texts, messages and labels of buttons."""
    return markdown(run_title(name))


def default_title(name: str) -> str:
    """For example "Quick 7"; a name that is not a training's stays as it is."""
    if name == SHIPPED:
        return "the shipped model"
    return parsed.title if (parsed := parse_run_name(name)) else name


def run_titles(names: Iterable[str], describe: Callable[[str], str] = run_title) -> dict[str, str]:
    """A distinct line for each run, for menus and charts; default titles are capitalised.

    Where `describe` returns the same for several runs, their names follow.
    """
    lines = {name: describe(name) for name in names}
    lines |= {name: line[:1].upper() + line[1:] for name, line in lines.items() if not note_of(name).title}
    counts = Counter(lines.values())
    return {name: line if counts[line] == 1 else f"{line} ({name})" for name, line in lines.items()}


def markdown(text: str) -> str:
    """Text escaped so that Streamlit's Markdown shows it as it is."""
    return _MARKDOWN.sub(lambda special: "\\" + special[0], _JOINED.sub(_WORD_JOINER, text))


def duration(seconds: float) -> str:
    """A duration in one unit: "4.2 s", "42 s", "7 min", "3.5 h", "4 days"."""
    if seconds < 90:
        return f"{seconds:.1f} s" if 0 < seconds < 10 else f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"
