"""What `scripts/benchmark.py class` measures: many students at one app, beside a training if asked for."""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from digit_core.storage import paths
from scripts.benchmarks.app_load import FIRST_CONTENT, app_in_browser, memory, processor_seconds

_START_TRAINING = """
from digit_core.jobs import trainings
from digit_core.runs.config import training_config
print(trainings.start(training_config("two_block", data="mnist", epochs=500), activate=False).folder)
"""
_TRAINING_BEGINS = 180  # seconds within which it must take its first step


def class_(students: int, strokes: int, pause: float, browse: bool, training: bool) -> dict:
    """Seconds to the page when so many students come in ten seconds, and to a prediction when all of them draw.

    With `browse` they open other pages now and then, with `training` a training of `two_block`
    is under way all the time; both need MNIST. Students, training and app share the machine.
    """
    from scripts.benchmarks.class_load import LIMIT, draw_together
    from scripts.benchmarks.page_recording import record

    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        # A temporary folder of its own: another training on this machine is then not shown in this app.
        settings = {"DIGITS_HOME": f"{folder}/home", "TMPDIR": f"{folder}/tmp"}
        (Path(folder) / "tmp").mkdir()
        page, process, _ = stack.enter_context(app_in_browser(settings))
        page.locator("canvas.upper-canvas").wait_for()
        address = page.url.rstrip("/")
        recording = record(page.context.browser, address, FIRST_CONTENT if browse else {})
        page.goto("about:blank")
        progress = stack.enter_context(_training_beside({**os.environ, **settings})) if training else None
        alone = processor_seconds(process)
        with ThreadPoolExecutor(1) as apart:  # Playwright's loop runs in this thread
            crowd = draw_together(address, recording, students, strokes, pause, browse)
            answers = apart.submit(asyncio.run, crowd).result()
        spent, (megabytes, _) = processor_seconds(process) - alone, memory(process)
        trained = progress() if progress else None
    files = {path for visit in (recording.opening, *recording.visits.values()) for path in visit.files}
    return {
        "students": students,
        "files_of_the_page": len(recording.files_before) + len(recording.opening.files),
        "files_of_other_pages": len(files - set(recording.opening.files)),
        "megabytes_fetched_by_each": round(answers.fetched.received / students / 1e6, 2),
        "files_not_fetched": answers.fetched.failed,
        "seconds_to_page_with_files": _spread(answers.pages),
        "pen_lifts": len(answers.lifts),
        "not_answered": sum(seconds >= LIMIT for seconds in answers.lifts),
        "seconds_to_reading": _spread(answers.lifts),
        "pages_opened": len(answers.visits),
        "pages_not_opened": sum(seconds >= LIMIT for seconds in answers.visits),
        "seconds_to_other_pages": _spread(answers.visits),
        "looks_at_the_training": len(answers.looks),
        "seconds_to_look": _spread(answers.looks),
        "news": answers.news,
        "exceptions_shown": answers.errors,
        "training": trained,
        "processor_ms_of_the_app_for_each_pen_lift_and_all_else": round(1000 * spent / len(answers.lifts), 1),
        "memory_mb": megabytes,
    }


def _spread(seconds: list[float]) -> dict | None:
    if not seconds:
        return None
    quantiles = {"median": 0.5, "p95": 0.95, "p99": 0.99, "worst": 1.0}
    return {name: round(float(np.quantile(seconds, share)), 3) for name, share in quantiles.items()}


@contextlib.contextmanager
def _training_beside(settings: dict[str, str]) -> Iterator:
    """A training of `two_block` in that home; yields what tells its state, epoch and seconds an epoch since."""
    from digit_core.jobs.training_job import Job

    started = subprocess.run(
        [sys.executable, "-c", _START_TRAINING],
        cwd=paths.PROJECT, env=settings, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    job = Job(Path(started.stdout.strip()))
    try:
        deadline = time.monotonic() + _TRAINING_BEGINS
        while not (begun := job.progress()) or not begun.step:
            if (begun and begun.state == "failed") or time.monotonic() > deadline:
                raise SystemExit(f"The training did not begin: {begun and begun.message}")
            time.sleep(0.2)
        clock = time.monotonic()

        def told() -> dict:
            now = job.progress()
            epochs = (now.fraction - begun.fraction) * now.epochs
            return {"state": now.state, "seconds_an_epoch": round((time.monotonic() - clock) / max(epochs, 1e-9), 1)}

        yield told
    finally:
        from digit_core.jobs.trainings import cancel

        cancel(job)
        deadline = time.monotonic() + 30
        while (now := job.progress()) and now.state == "training" and time.monotonic() < deadline:
            time.sleep(0.2)
