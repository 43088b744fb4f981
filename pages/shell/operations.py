"""What the app needs around its pages to be operated: start and stop, log, `/healthz` and `/metrics`."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.routing import Route
from streamlit import config

from digit_core.jobs.task_queue import TaskQueue
from digit_core.jobs.training_events import TrainingEvents
from digit_core.telemetry import event_log
from digit_core.telemetry.events import log_event
from digit_core.telemetry.version import version
from pages.shell import figures_endpoint, graceful_stop, health
from pages.shell.open_sessions import SESSIONS

_FLUSH_SECONDS = 5.0
_WRITER = "digit_core.drawings.writer"  # imported on demand: the database takes a fifth of a second to import


def routes() -> list[Route]:
    """The addresses, also below Streamlit's base path, if it has one."""
    base = (config.get_option("server.baseUrlPath") or "").strip("/")
    return [
        Route(prefix + path, respond)
        for prefix in dict.fromkeys(("", f"/{base}" if base else ""))
        for path, respond in ((health.PATH, health.respond), (figures_endpoint.PATH, figures_endpoint.respond))
    ]


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Start log and figures with the app; at its end store what waits. Trainings go on: they are other processes."""
    if problem := event_log.start(app=True):
        print(problem, file=sys.stderr)
    _start_figures()
    events = TrainingEvents()
    events.start()
    graceful_stop.finish_answers_at_signals()
    log_event("app_started", version=version())
    try:
        yield
    finally:
        SESSIONS.accept_no_more()
        events.stop()
        lost = _flush_labels()
        log_event("app_stopped", level="error" if lost else "info", labels_lost=lost)
        event_log.stop()


def note_failure(error: Exception) -> None:
    """Record an error that no page expected; Streamlit shows it and prints the traceback."""
    log_event("page_failed", level="error", kind=type(error).__name__)


def _start_figures() -> None:
    from digit_core.telemetry import prometheus  # not with the module: a session's script needs no Prometheus

    prometheus.start(
        version(),
        sessions=lambda: SESSIONS.count,
        running_tasks=lambda: TaskQueue().is_busy(),
        waiting_tasks=lambda: sum(ticket.started is None for ticket in TaskQueue().tickets()),
        waiting_labels=_waiting_labels,
    )


def _waiting_labels() -> int:
    return sys.modules[_WRITER].WRITER.waiting().count if _WRITER in sys.modules else 0


def _flush_labels() -> int:
    """Store the labels that wait, if the database lets them; how many are lost."""
    if _WRITER not in sys.modules:
        return 0
    writer = sys.modules[_WRITER].WRITER
    return 0 if writer.flush(_FLUSH_SECONDS) else writer.waiting().count
