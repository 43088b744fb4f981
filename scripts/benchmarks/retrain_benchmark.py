"""What `scripts/benchmark.py retrain` measures: from a click on *Retrain* to its outcome on screen."""

import os
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page

from digit_core.jobs import trainings, warm_trainer
from digit_core.jobs.recovery import progress_of
from digit_core.runs.run import open_run
from scripts.benchmarks.app_benchmark import FIRST_CONTENT, app_in_browser
from scripts.benchmarks.browser_actions import settled
from scripts.benchmarks.processes import processor_seconds

_PATIENCE = 600  # seconds


def measure_retrain() -> dict:
    """Seconds from the click to the outcome in the sidebar, and their ratio to the run's own training seconds.

    `quick` on MNIST, which must be on the machine, in an app of its own: once to generate the synthetic
    digits, which are cached, then cold (the trainer has TensorFlow still to import) and warm.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = {"DIGITS_HOME": f"{folder}/home", "TMPDIR": f"{folder}/tmp"}
        (Path(folder) / "tmp").mkdir()
        os.environ.update(settings)  # this process looks at the same folders
        tempfile.tempdir = settings["TMPDIR"]
        figures = {"load_before": round(os.getloadavg()[0], 1)}
        with app_in_browser(settings) as (page, _, _):
            page.locator(FIRST_CONTENT["Draw"]).wait_for()
            for name in ("first", "cold", "warm"):
                figures[name] = _retrain(page, warm=name == "warm")
        figures["load_after"] = round(os.getloadavg()[0], 1)
    return figures


def _retrain(page: Page, *, warm: bool) -> dict:
    settled(page)
    if warm:
        # As the form does when it is opened; its five minutes begin now.
        warm_trainer.keep_warm()
        _wait(lambda: warm_trainer.is_warm() and _is_idle(), "no trainer is waiting")
    sidebar = page.get_by_test_id("stSidebar")
    last, clock = trainings.latest(), time.perf_counter()
    sidebar.get_by_role("button", name="Retrain").click()
    _wait(lambda: trainings.latest() != last, "no training has started")
    job = trainings.latest()
    finished = sidebar.get_by_text("finished", exact=False)
    if last is not None:  # the outcome of the last one goes first
        finished.wait_for(state="detached", timeout=_PATIENCE * 1000)
    finished.wait_for(timeout=_PATIENCE * 1000)
    seconds = time.perf_counter() - clock
    training, timings = open_run(job.name).metrics.training_seconds, job.progress().timings
    _wait(lambda: not _is_alive(job), "the trainer has not ended")  # its figures
    return {
        "seconds_to_outcome": round(seconds, 1),
        "training_seconds": round(training, 1),
        "ratio": round(seconds / training, 2),
        "was_warm": timings.warm,
        "seconds_before_fit_after": [round(value, 1) for value in (timings.before, timings.fit, timings.after)],
        "outcome": progress_of(job).message,
    }


def _is_idle() -> bool:
    """Whether the waiting trainer has imported everything: it uses no more processor time."""
    process = warm_trainer.waiting_process()
    if process is None:
        return False
    before = processor_seconds(process)
    time.sleep(1.0)
    return processor_seconds(process) - before < 0.1


def _is_alive(job: trainings.Job) -> bool:
    process = job.progress().process
    return Path(f"/proc/{process}/stat").exists() and " Z " not in Path(f"/proc/{process}/stat").read_text()


def _wait(condition, problem: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"After {_PATIENCE} s {problem}.")
        time.sleep(0.1)
