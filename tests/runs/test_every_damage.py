"""Every file that there is about a run, damaged in every way: a sentence or a fallback, and never a traceback."""

import os
import random

import pytest

from digit_core.jobs.background_task import TaskStatus, sidecar_path
from digit_core.jobs.task_queue import Ticket
from digit_core.jobs.tasks import (
    FORMATS,
    Export,
    Point,
    Robustness,
    export_path,
    export_source,
    export_task,
    robustness_path,
    robustness_source,
    save_robustness,
)
from digit_core.jobs.training_job import Job, Request
from digit_core.runs.active_run import activate
from digit_core.runs.notes import write_note
from digit_core.runs.run import REQUIRED, SHIPPED, open_run
from digit_core.runs.schemas import Progress, Timings
from digit_core.runs.steps import STEP_FIELDS, STEPS_FILE
from digit_core.storage import paths
from digit_core.storage.files import write_text
from tests.constructed import construct_run
from tests.runs.damages import WHOLE, changed_arrays, changed_csv, changed_json, read_everything, restore

NAME = "20260101-120000-quick-no1"
_AT_MOST = 4  # changes of a file, of those that there are a fixed random choice
_RUN = f"runs/{NAME}"
_FILES = [
    *(f"{_RUN}/{name}" for name in (*REQUIRED, STEPS_FILE, "progress.json", "request.json", "figures/curves.svg")),
    f"working/{NAME}/progress.json",
    f"working/{NAME}/request.json",
    f"working/{NAME}/backup/training_metadata.json",
    f"notes/{NAME}.json",
    f"robustness/{NAME}.json",
    f"exports/{NAME}/{NAME}.onnx.json",
    f"exports/{NAME}/{NAME}.keras.progress.json",
    "active.json",
    "queue/queue.json",
]
posix = pytest.mark.skipif(os.name == "nt", reason="makes links and pipes; run it on Linux or macOS")


@pytest.fixture
def home(own_home):
    """A home with everything that can be in it about a run, and its training in progress at the same time."""
    run = construct_run(NAME)
    progress = Progress(
        state="training", epoch=1, epochs=3, step=4, steps=9, loss=0.5, accuracy=0.5, val_loss=0.5, val_accuracy=0.5,
        seconds_left=5, done=0.5, started=1e9, process=4_000_000, active=SHIPPED, curve=[(1, 2.0), (2, 1.0), (3, 0.5)],
        timings=Timings(before=1, fit=1, after=1), updated=1e9,
    )  # fmt: skip
    for job in (Job(run.path), Job(paths.working_folder() / NAME)):
        job.folder.mkdir(parents=True, exist_ok=True)
        job.write_request(Request(config=run.config.model_dump(), command="a test"))
    Job(paths.working_folder() / NAME).write_progress(progress)
    Job(run.path).write_progress(progress.model_copy(update={"state": "finished"}))
    write_text(own_home / f"working/{NAME}/backup/training_metadata.json", '{"epoch": 1, "batch": 0}')
    write_text(run.path / "figures" / "curves.svg", "<svg/>")
    write_text(run.path / STEPS_FILE, ",".join(STEP_FIELDS) + "\n1,1,0.5,2.3,0.1,0.001,900\n2,1,1,2.2,0.2,0.001,900\n")
    write_note(NAME, "a name", "a text", ["tag"])
    save_robustness(
        run,
        Robustness(
            run=NAME, source=robustness_source(run), images=9, seconds=1, curves={"noise": [Point(strength=0, right=9)]}
        ),
    )
    path = export_path(run, FORMATS["onnx"])
    write_text(path, "x")
    figures = {"agreement": 1, "logit_difference": 0, "accuracy": 1, "run_accuracy": 1, "seconds": 1, "images": 9}
    export = Export(run=NAME, format="onnx", size=1, source=export_source(run), **figures)
    write_text(sidecar_path(path, ".json"), export.model_dump_json())
    task = export_task(run, FORMATS["keras"])
    task.write_status(TaskStatus(state="running", fraction=0.5, process=4_000_000))
    ticket = Ticket(path=task.path, log=task.log_path, command=("true",), started=1e9, process=4_000_000)
    write_text(own_home / "queue" / "queue.json", f"[{ticket.model_dump_json()}]")
    activate(NAME)
    return own_home


@posix
@pytest.mark.parametrize("file", _FILES)
def test_a_file_damaged_as_a_whole_is_never_a_traceback(home, file):
    path = home / file
    content = path.read_bytes()
    for damage in WHOLE.values():
        damage(path)
        read_everything(NAME)
        restore(path, content)
    for other in ("config.json", "history.csv", "model.tflite", "predictions.npz"):  # swapped
        path.write_bytes((open_run(SHIPPED).path / other).read_bytes())
        read_everything(NAME)


@pytest.mark.parametrize("file", [file for file in _FILES if not file.endswith((".keras", ".tflite", ".svg"))])
def test_a_value_that_does_not_belong_there_is_never_a_traceback(home, file):
    path = home / file
    change = {".json": changed_json, ".csv": changed_csv, ".npz": changed_arrays}[path.suffix]
    changes = list(change(path))
    for content in random.Random(file).sample(changes, min(_AT_MOST, len(changes))):
        path.write_bytes(content)
        read_everything(NAME)


@posix
@pytest.mark.parametrize("folder", [_RUN, f"{_RUN}/figures", f"working/{NAME}", "notes", "exports", "queue"])
@pytest.mark.parametrize("damage", ["a link to the root", "a link to nothing", "a file"])
def test_a_folder_that_is_none_is_never_a_traceback(home, tmp_path, folder, damage):
    path = home / folder
    path.rename(tmp_path / "moved away")
    if damage == "a file":
        path.write_text("a file")
    else:
        path.symlink_to("/" if damage == "a link to the root" else tmp_path / "nothing")
    read_everything(NAME)


def test_a_robustness_without_images_counts_as_none(home):
    path = robustness_path(open_run(NAME))
    path.write_text(path.read_text().replace('"images": 9', '"images": 0'))
    read_everything(NAME)
