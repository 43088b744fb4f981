"""Figures for Prometheus, counted from the events; imported by the app alone, at its start."""

from collections.abc import Callable, Mapping

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from digit_core.telemetry.events import Value, receive_events

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_predictions = Histogram("digit_lab_prediction_seconds", "Predictions, by source", ["source"], buckets=_SECONDS)
# Counted events: the figure, and the field that is its label.
_counted = {
    "training_started": (Counter("digit_lab_trainings_started", "Trainings started or resumed", ["preset"]), "preset"),
    "training_ended": (
        Counter("digit_lab_trainings_ended", "Trainings that ended, by outcome", ["outcome"]),
        "outcome",
    ),
    "refused": (Counter("digit_lab_refusals", "Refused actions, by reason", ["reason"]), "reason"),
    "error_shown": (Counter("digit_lab_errors_shown", "Errors that a page explained", ["kind"]), "kind"),
    "page_failed": (Counter("digit_lab_page_failures", "Errors that no page expected", ["kind"]), "kind"),
}
_info = Gauge("digit_lab_info", "1; its label tells the version", ["version"])
_sessions = Gauge("digit_lab_open_sessions", "Browser windows that are connected")
_tasks = Gauge("digit_lab_background_tasks", "Exports and measurements", ["state"])
_waiting_labels = Gauge("digit_lab_waiting_labels", "Labels that wait for the database")


def start(
    version: str,
    *,
    sessions: Callable[[], float],
    running_tasks: Callable[[], float],
    waiting_tasks: Callable[[], float],
    waiting_labels: Callable[[], float],
) -> None:
    """Count events from now on; the functions are called at each `exposition`, and must be quick."""
    _info.labels(version).set(1)
    _sessions.set_function(sessions)
    _tasks.labels("running").set_function(running_tasks)
    _tasks.labels("waiting").set_function(waiting_tasks)
    _waiting_labels.set_function(waiting_labels)
    receive_events(count)


def count(event: str, fields: Mapping[str, Value]) -> None:
    """Count an event that has a figure; takes some microseconds."""
    if event == "predicted":
        _predictions.labels(fields.get("source")).observe(fields.get("seconds") or 0.0)
    elif counted := _counted.get(event):
        counter, label = counted
        counter.labels(fields.get(label) or "other").inc()


def exposition() -> bytes:
    """All figures, and those of the process, in Prometheus's text format (`CONTENT_TYPE`)."""
    return generate_latest(REGISTRY)
