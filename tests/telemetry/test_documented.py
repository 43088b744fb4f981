"""The page for the person who runs it names every event, figure and variable."""

import re

from digit_core.storage.paths import PROJECT
from digit_core.telemetry import prometheus

PAGE = (PROJECT / "deploy" / "README.md").read_text(encoding="utf-8")
SOURCES = [
    path.read_text(encoding="utf-8")
    for name in ("digit_core", "pages")
    for path in sorted((PROJECT / name).rglob("*.py"))
]


def test_every_event_is_documented():
    events = {event for text in SOURCES for event in re.findall(r'log_event\(\s*"(\w+)"', text)}
    assert {"app_started", "refused", "training_ended"} <= events
    assert [event for event in sorted(events - {"predicted"}) if f"`{event}`" not in PAGE] == []


def test_every_figure_is_documented():
    names = set(re.findall(r"^# HELP (digit_lab_\w+)", prometheus.exposition().decode(), re.MULTILINE))
    assert len(names) > 8
    assert [name for name in sorted(names) if not name.endswith("_created") and f"`{name}`" not in PAGE] == []


def test_every_variable_of_the_operator_is_documented():
    variables = {name for text in SOURCES for name in re.findall(r'"(DIGITS_[A-Z_]+)"', text)}
    documented = PAGE + (PROJECT / "README.md").read_text(encoding="utf-8")
    assert [name for name in sorted(variables - {"DIGITS_VERSION"}) if f"`{name}" not in documented] == []
