"""What only the owner may do, asked for where it happens: each function is called as a visitor."""

import io
import threading

import numpy as np
import pytest

from digit_core.access import actors
from digit_core.access.actors import (
    COMMAND,
    Action,
    Actor,
    Role,
    acting_as,
    current_actor,
    identify_by,
    is_permitted,
    require,
)
from digit_core.datasets.installation import install_mnist
from digit_core.datasets.sources import fetch_mnist
from digit_core.drawings import store
from digit_core.drawings.labelled import LabelledImages
from digit_core.errors import NotPermitted
from digit_core.jobs import adapt, recovery, trainings, warm_trainer
from digit_core.jobs.deletion import delete_run
from digit_core.jobs.tasks import FORMATS, export_task, features_task, robustness_task
from digit_core.jobs.training_job import Job, Request
from digit_core.runs.active_run import activate, active_run, read_active
from digit_core.runs.config import training_config
from digit_core.runs.notes import delete_note, note_of, write_note
from digit_core.runs.run import SHIPPED, open_run
from digit_core.runs.schemas import Progress
from digit_core.runs.zip_archive import write_archive
from digit_core.storage import paths

VISITOR = Actor(Role.VISITOR, "session", "192.0.2.1", person="a" * 32)
RUN = "20260101-120000-quick"


@pytest.fixture
def visitor(monkeypatch):
    monkeypatch.setattr(actors, "_identify", actors._identify)  # put back afterwards
    identify_by(lambda: VISITOR)


def stopped() -> Job:
    """The training that was stopped."""
    return Job(paths.working_folder() / "20260102-120000-quick")


ACTIONS = {
    "train": lambda: trainings.start(training_config()),
    "resume": lambda: trainings.resume(stopped()),
    "cancel": lambda: trainings.cancel(stopped()),
    "delete a stopped training": lambda: trainings.delete_stopped(stopped()),
    "learn from own drawings": lambda: adapt.start_with_drawings_of([VISITOR.person]),
    "learn from everyone's drawings": lambda: adapt.start_with_drawings_of(),
    "learn from given drawings": lambda: adapt.start_with(
        LabelledImages(np.ones((1, 28, 28), np.uint8), np.ones(1, np.int64), ("",)), active_run()
    ),
    "activate": lambda: activate(RUN),
    "delete a run": lambda: delete_run(RUN),
    "write a note": lambda: write_note(RUN, "title", ""),
    "delete a note": lambda: delete_note(RUN),
    "download": lambda: write_archive([open_run(RUN)], io.BytesIO()),
    "export": lambda: export_task(open_run(RUN), FORMATS["onnx"]).start(),
    "measure robustness": lambda: robustness_task(open_run(RUN)).start(),
    "compute features": lambda: features_task(open_run(RUN), "digest").start(),
    "cancel a task": lambda: robustness_task(open_run(RUN)).cancel(),
    "fetch MNIST": fetch_mnist,
    "upload MNIST": lambda: install_mnist(io.BytesIO(b"any")),
    "list people": store.people,
    "read everyone's drawings": store.labelled_images,
    "read another's labelled drawings": lambda: store.labelled_images([VISITOR.person, "b" * 32]),
    "list another's drawings": lambda: store.drawings_of("b" * 32),
    "delete another's drawings": lambda: store.delete("b" * 32, ["c" * 32]),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_a_visitor_may_not(visitor, add_run, name):
    add_run(RUN)
    with acting_as(COMMAND):
        write_note(RUN, "kept", "")
    stopped().folder.mkdir(parents=True)
    stopped().write_request(Request())
    stopped().write_progress(Progress(state="cancelled"))
    before = contents()
    with pytest.raises(NotPermitted, match="Only the owner"):
        ACTIONS[name]()
    assert contents() == before


def contents() -> dict[str, bytes]:
    files = (path for path in paths.home().rglob("*") if path.is_file() and not path.name.endswith(".lock"))
    return {str(path): path.read_bytes() for path in files if ".db" not in path.name}


def test_a_visitor_sees_and_deletes_their_own_drawings(visitor):
    assert store.drawings_of(VISITOR.person) == []
    assert len(store.labelled_images([VISITOR.person]).labels) == 0
    store.delete(VISITOR.person, ["c" * 32])


def test_every_action_is_the_owners(visitor):
    for action in Action:
        assert not is_permitted(action)
        with pytest.raises(NotPermitted, match=action.value), acting_as(VISITOR):
            require(action)
        with acting_as(COMMAND):
            require(action)


def test_a_visitor_starts_no_warm_trainer(visitor, monkeypatch):
    started = []
    monkeypatch.setattr(warm_trainer, "start_process", lambda *_: started.append(True))
    warm_trainer.keep_warm()
    assert started == []


def test_what_was_permitted_is_repaired_during_a_strangers_visit(visitor, add_run, monkeypatch):
    run = add_run(RUN)
    job = Job(run.path)
    job.write_request(Request(activate=True))
    job.write_progress(Progress(state="publishing", updated=4e9))  # its trainer was killed just then
    recovery.recover()
    assert job.progress().state == "finished"
    assert read_active().run == RUN
    assert current_actor() is VISITOR


def test_to_act_for_another_ends_with_its_block_and_stays_in_its_thread(visitor):
    found = []
    with acting_as(COMMAND):
        assert current_actor() is COMMAND
        thread = threading.Thread(target=lambda: found.append(current_actor()))
        thread.start()
        thread.join()
    assert found == [VISITOR]
    assert current_actor() is VISITOR


def test_a_command_acts_for_the_owner(add_run):
    add_run(RUN)
    write_note(RUN, "A name", "")
    assert note_of(RUN).title == "A name"
    activate(RUN)
    assert read_active().run == RUN
    activate(SHIPPED)
    delete_run(RUN)
