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
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digit_core.jobs.training_job import Job
from digit_core.storage import paths
from scripts.benchmarks.app_benchmark import FIRST_CONTENT, add_runs, app_in_browser
from scripts.benchmarks.class_browsers import use_browsers
from scripts.benchmarks.page_recording import record
from scripts.benchmarks.processes import children, processor_seconds, resident_megabytes, runs_streamlit
from scripts.benchmarks.simulated_class import LIFTS_BETWEEN_PAGES, LIMIT, simulate_class

_TRAINING = ("scripts/train.py", "--preset", "two_block", "--epochs", "500", "--no-activate")
_PAGES = FIRST_CONTENT | {"My drawings": "h1", "Training": "h1", "Join": "h1"}
_RUNS = [f"2026010{day}-090000-robust" for day in range(1, 6)]  # that students look at, beside the shipped one
_SETTLED = 60.0  # seconds after which memory should no longer grow
_START_SECONDS = 180  # within which the training must take its first step


@dataclass(frozen=True)
class Class:
    """What a class does: see `measure_class`. `minutes` is used instead of `strokes`, where it is given."""

    students: int = 200
    strokes: int = 8
    pause: float = 5.0
    browse: bool = False
    training: bool = False
    live: bool = True
    minutes: float | None = None
    browsers: int = 0
    processes: int = 1

    @property
    def lifts(self) -> int:
        """The pen lifts of each student."""
        if self.minutes is None:
            return self.strokes
        share = LIFTS_BETWEEN_PAGES / (LIFTS_BETWEEN_PAGES + 1) if self.browse else 1.0
        return max(round(60 * self.minutes / self.pause * share), 1)


def measure_class(given: Class) -> dict:
    """Seconds to the page when so many students come within ten seconds, and to a prediction while all of them draw.

    With `live` they ask for predictions while the pen is down too. With `browse` they open other pages now
    and then, with `training` a training of `two_block` runs throughout; both need MNIST. So many `browsers`
    do the same in Chromium. Students, browsers, training and app share the machine. Of several `processes` of
    the app, processor time and memory are those of all together.
    """
    students = given.students
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        # A temporary folder of its own, so that this app does not show another training on this machine.
        settings = {"DIGITS_HOME": f"{folder}/home", "TMPDIR": f"{folder}/tmp"}
        (Path(folder) / "tmp").mkdir()
        if given.browse:
            add_runs(Path(folder) / "home", _RUNS)
        page, process, _ = stack.enter_context(app_in_browser(settings, given.processes))
        page.locator(FIRST_CONTENT["Draw"]).wait_for()
        servers = [child for child in children(process) if runs_streamlit(child)] if given.processes > 1 else [process]

        def processor() -> float:
            return sum(map(processor_seconds, servers))

        def memory() -> float:
            return round(sum(map(resident_megabytes, servers)), 1)

        address = page.url.rstrip("/")
        recording = record(page.context.browser, address, _PAGES if given.browse else {})
        page.goto("about:blank")
        progress = stack.enter_context(_training(settings)) if given.training else None
        before = processor()
        with ThreadPoolExecutor(1) as thread:  # since Playwright's event loop runs in this one
            simulation = simulate_class(
                address,
                recording,
                students,
                given.lifts,
                given.pause,
                given.browse,
                given.live,
                memory,
            )
            simulated = thread.submit(asyncio.run, simulation)
            names = [name for name in _PAGES if name != "Draw"] if given.browse else []
            seen = use_browsers(page.context.browser, address, given.browsers, given.pause, names, simulated.done)
            answers = simulated.result()
        spent, megabytes = processor() - before, memory()
        trained = progress() if progress else None
    opening = set(recording.opening.files)
    failed = {
        "files_not_fetched": answers.fetched["failed"],
        "not_answered": sum(seconds >= LIMIT for seconds in answers.lifts),
        "pages_not_opened": sum(seconds >= LIMIT for seconds in answers.visits),
        "training_status_not_answered": sum(seconds >= LIMIT for seconds in answers.polls),
        "exceptions_shown": answers.exceptions,
        "errors_in_browsers": len(seen.errors),
    }
    settled = next((mb for seconds, mb in answers.memory if seconds >= _SETTLED), None)
    return {
        "errors": sum(failed.values()),
        **failed,
        "students": students,
        "app_processes": len(servers),
        "files_of_the_page": len(recording.files_before) + len(opening),
        "files_of_other_pages": len({path for visit in recording.visits.values() for path in visit.files} - opening),
        "megabytes_fetched_by_each": round(answers.fetched["bytes"] / students / 1e6, 2),
        "seconds_to_page_with_files": _quantiles(answers.pages),
        "pen_lifts": len(answers.lifts),
        "seconds_to_prediction": _quantiles(answers.lifts),
        "predictions_while_the_pen_is_down": len(answers.live),
        "seconds_to_prediction_while_the_pen_is_down": _quantiles(answers.live),
        "pages_opened": len(answers.visits),
        "seconds_to_other_pages": _quantiles(answers.visits),
        "training_status_requests": len(answers.polls),
        "seconds_to_training_status": _quantiles(answers.polls),
        "training_status_changes": answers.status_changes,
        "training": trained,
        "browsers": {
            "pen_lifts": len(seen.lifts),
            "seconds_to_prediction": _quantiles(seen.lifts),
            "seconds_to_other_pages": _quantiles(seen.pages),
            "errors": seen.errors[:10],
        },
        "processor_ms_of_the_app_per_pen_lift_all_included": round(1000 * spent / len(answers.lifts), 1),
        "memory_mb": megabytes,
        "memory_mb_after_a_minute": settled,
        "memory_growth_mb_after_a_minute": None if settled is None else round(megabytes - settled, 1),
    }


def _quantiles(seconds: list[float]) -> dict | None:
    if not seconds:
        return None
    shares = {"median": 0.5, "p95": 0.95, "p99": 0.99, "worst": 1.0}
    return {name: round(float(np.quantile(seconds, share)), 3) for name, share in shares.items()}


@contextlib.contextmanager
def _training(settings: dict[str, str]) -> Iterator[Callable[[], dict]]:
    """A training of `two_block` in that home; yields a function for its state and seconds per epoch since."""
    log = Path(settings["TMPDIR"]) / "training.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, *_TRAINING],
            cwd=paths.PROJECT,
            env={**os.environ, **settings},
            stdout=file,
            stderr=file,
            # A shell has its background commands ignore SIGINT, and all that they start.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not (jobs := _jobs_with_steps(settings["DIGITS_HOME"])):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"The training did not start. {log.read_text(errors='replace')[-2000:]}")
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
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:  # minutes of measuring are not lost for that
            print("The training could not be cancelled.", file=sys.stderr)
            process.kill()


def _jobs_with_steps(home: str) -> list[Job]:
    jobs = [Job(folder) for folder in Path(home, "working").glob("[0-9]*")]
    return [job for job in jobs if (progress := job.progress()) and progress.step]
