"""What `scripts/benchmark.py class` measures: many students in one app, optionally during a training."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from digit_core.jobs.training_job import Job
from digit_core.storage import paths
from scripts.benchmarks.app_benchmark import FIRST_CONTENT, app_in_browser
from scripts.benchmarks.page_recording import record
from scripts.benchmarks.processes import processor_seconds, resident_megabytes
from scripts.benchmarks.simulated_class import LIMIT, simulate_class

_TRAINING = ("scripts/train.py", "--preset", "two_block", "--epochs", "500", "--no-activate")
_START_SECONDS = 180  # within which the training must take its first step


def measure_class(students: int, strokes: int, pause: float, browse: bool, training: bool, live: bool) -> dict:
    """Seconds to the page when so many students come within ten seconds, and to a prediction while all of them draw.

    With `live` they ask for predictions while the pen is down too. With `browse` they open other pages now
    and then, with `training` a training of `two_block` runs throughout; both need MNIST. Students, training
    and app share the machine.
    """
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        # A temporary folder of its own, so that this app does not show another training on this machine.
        settings = {"DIGITS_HOME": f"{folder}/home", "TMPDIR": f"{folder}/tmp"}
        (Path(folder) / "tmp").mkdir()
        page, process, _ = stack.enter_context(app_in_browser(settings))
        page.locator(FIRST_CONTENT["Draw"]).wait_for()
        address = page.url.rstrip("/")
        recording = record(page.context.browser, address, FIRST_CONTENT if browse else {})
        page.goto("about:blank")
        progress = stack.enter_context(_training(settings)) if training else None
        before = processor_seconds(process)
        with ThreadPoolExecutor(1) as thread:  # since Playwright's event loop runs in this one
            simulation = simulate_class(address, recording, students, strokes, pause, browse, live)
            answers = thread.submit(asyncio.run, simulation).result()
        processor, megabytes = processor_seconds(process) - before, resident_megabytes(process)
        trained = progress() if progress else None
    opening = set(recording.opening.files)
    return {
        "students": students,
        "files_of_the_page": len(recording.files_before) + len(opening),
        "files_of_other_pages": len({path for visit in recording.visits.values() for path in visit.files} - opening),
        "megabytes_fetched_by_each": round(answers.fetched["bytes"] / students / 1e6, 2),
        "files_not_fetched": answers.fetched["failed"],
        "seconds_to_page_with_files": _quantiles(answers.pages),
        "pen_lifts": len(answers.lifts),
        "not_answered": sum(seconds >= LIMIT for seconds in answers.lifts),
        "seconds_to_prediction": _quantiles(answers.lifts),
        "predictions_while_the_pen_is_down": len(answers.live),
        "seconds_to_prediction_while_the_pen_is_down": _quantiles(answers.live),
        "pages_opened": len(answers.visits),
        "pages_not_opened": sum(seconds >= LIMIT for seconds in answers.visits),
        "seconds_to_other_pages": _quantiles(answers.visits),
        "training_status_requests": len(answers.polls),
        "seconds_to_training_status": _quantiles(answers.polls),
        "training_status_changes": answers.status_changes,
        "exceptions_shown": answers.exceptions,
        "training": trained,
        "processor_ms_of_the_app_per_pen_lift_all_included": round(1000 * processor / len(answers.lifts), 1),
        "memory_mb": megabytes,
    }


def _quantiles(seconds: list[float]) -> dict | None:
    if not seconds:
        return None
    shares = {"median": 0.5, "p95": 0.95, "p99": 0.99, "worst": 1.0}
    return {name: round(float(np.quantile(seconds, share)), 3) for name, share in shares.items()}


@contextlib.contextmanager
def _training(settings: dict[str, str]) -> Iterator[Callable[[], dict]]:
    """A training of `two_block` in that home; yields a function for its state and seconds per epoch since."""
    process = subprocess.Popen(
        [sys.executable, *_TRAINING],
        cwd=paths.PROJECT,
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not (jobs := _jobs_with_steps(settings["DIGITS_HOME"])):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"The training did not start: try {' '.join(_TRAINING)}.")
            time.sleep(0.2)
        job, clock = jobs[0], time.monotonic()
        first = job.progress()

        def progress() -> dict:
            now = job.progress()
            epochs = max((now.fraction - first.fraction) * now.epochs, 1e-9)
            return {"state": now.state, "seconds_per_epoch": round((time.monotonic() - clock) / epochs, 1)}

        yield progress
    finally:
        process.send_signal(signal.SIGINT)  # cancels the training
        process.wait(60)


def _jobs_with_steps(home: str) -> list[Job]:
    jobs = [Job(folder) for folder in Path(home, "working").glob("[0-9]*")]
    return [job for job in jobs if (progress := job.progress()) and progress.step]
