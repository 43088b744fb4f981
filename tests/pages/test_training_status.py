import json
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from digit_core.jobs import trainings
from digit_core.runs.active_run import ActiveRun
from digit_core.runs.schemas import Progress
from digit_core.storage import paths
from pages.components.training_html import progress_html
from pages.components.training_status import (
    OpenWindows,
    RateLimit,
    SharedStatus,
    TrainingStatus,
    open_windows,
    read_status,
    rerun_limit,
    shared_status,
)
from pages.shell.training_watch import response

POLL = 0.001  # seconds that a poll takes


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new_process():
    """A process that has shown no page yet."""
    for shared in (shared_status, open_windows, rerun_limit):
        shared.cache_clear()


@pytest.fixture
def training(monkeypatch, new_process) -> trainings.Job:
    """A running training."""
    folder = paths.working_folder() / "20260101-120000-quick"
    folder.mkdir(parents=True)
    job = trainings.Job(folder)
    curve = [(step, 2 / (1 + step)) for step in range(0, 50, 10)]
    values = {"epoch": 2, "epochs": 4, "step": 5, "steps": 10, "loss": 0.25, "accuracy": 0.9, "seconds_left": 42}
    job.write_progress(Progress(state="training", curve=curve, **values))
    monkeypatch.setattr(trainings, "current", lambda: job)
    return job


def seconds_of(windows: OpenWindows, count: int, training: bool = True) -> float:
    """How long each of so many windows waits after all of them have polled."""
    return [windows.poll_seconds(str(name), training=training) for name in range(count)][-1]


def test_the_disk_is_read_at_most_once_a_second_however_many_windows_ask(clock):
    reads = []
    status = SharedStatus(lambda: reads.append(clock.now) or TrainingStatus(ActiveRun()), clock)
    for _ in range(50):  # tenths of a second
        with ThreadPoolExecutor(8) as windows:
            list(windows.map(lambda _: status.get(), range(20)))
        clock.now += 0.1
    assert 5 <= len(reads) <= 6
    assert min(later - earlier for earlier, later in pairwise(reads)) >= 1.0


def test_a_change_made_in_this_process_is_read_at_once(clock):
    statuses = iter([TrainingStatus(ActiveRun()), TrainingStatus(ActiveRun("other"))])
    status = SharedStatus(lambda: next(statuses), clock)
    assert status.get().active.run == "shipped"
    status.invalidate()
    assert status.get().active.run == "other"


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("windows", [1, 20, 40, 200, 1000])
def test_the_polls_of_all_windows_together_take_a_twentieth_of_the_time_at_most(clock, windows, training):
    assert windows * POLL / seconds_of(OpenWindows(clock), windows, training) <= 0.05


def test_few_windows_poll_a_training_every_second(clock):
    assert seconds_of(OpenWindows(clock), 40) == 1


def test_a_window_that_is_closed_no_longer_counts(clock):
    windows = OpenWindows(clock)
    assert seconds_of(windows, 200) == 4
    assert windows.poll_seconds("7", training=True) == 4  # one of them
    clock.now += 61
    assert windows.poll_seconds("7", training=True) == 1


def test_at_most_1000_windows_are_counted(clock):
    assert seconds_of(OpenWindows(clock), 3000) == 20


def test_after_a_change_the_pages_of_a_class_rerun_one_by_one(clock):
    limit = RateLimit(4, clock)
    assert sum(limit.allows() for _ in range(200)) == 4
    clock.now += 2.5
    assert sum(limit.allows() for _ in range(200)) == 4  # unused permits do not add up
    clock.now += 0.25
    assert [limit.allows(), limit.allows()] == [True, False]


def test_a_window_that_shows_the_current_status_does_not_rerun(own_home, new_process):
    status = json.loads(response("a", read_status().digest))
    assert status == {"seconds": 5.0, "rerun": False, "html": ""}


def test_a_started_training_reruns_the_sidebar_until_it_shows_it(own_home, new_process, request):
    before = read_status()
    job = request.getfixturevalue("training")
    assert json.loads(response("a", before.digest))["rerun"]
    assert not json.loads(response("a", read_status().digest))["rerun"]
    job.write_progress(job.progress().model_copy(update={"step": 9}))
    shared_status().invalidate()
    assert not json.loads(response("a", read_status().digest))["rerun"]  # a step is shown by the poll itself


def test_the_end_of_a_training_redraws_the_list_of_runs_and_no_page_that_shows_a_chosen_one(training, monkeypatch):
    during = read_status()
    monkeypatch.setattr(trainings, "current", lambda: None)
    training.write_progress(Progress(state="cancelled"))
    after = read_status()
    assert len({during.digest, after.digest}) == 2
    other = TrainingStatus(ActiveRun("other"))
    assert after.outdates("runs", during)
    assert other.outdates("runs", after) and other.outdates("draw", after)
    assert not after.outdates("draw", during)
    for page in ("results", "mistakes", "compare", "training"):
        assert not after.outdates(page, during) and not other.outdates(page, after)


def test_a_poll_returns_the_progress(training):
    html = json.loads(response("a", ""))["html"]
    for text in (
        "Epoch 2 of 4<",
        "38%",
        "42 s left",
        "0.2500",
        "90.00%",
        'aria-label="Loss by training step, now 0.2500"',
    ):
        assert text in html
    assert 'value="37.5"' in html


def test_the_message_of_a_training_is_escaped():
    assert "&lt;b&gt;" in progress_html(Progress(message="<b>"))


def test_the_curve_goes_from_the_first_loss_at_the_top_to_the_last_at_the_bottom():
    curve = [(0, 1.0), (50, 0.1), (100, 0.01)]
    html = progress_html(Progress(epochs=1, steps=100, loss=0.01, accuracy=1, curve=curve))
    points = [tuple(map(float, point.split(","))) for point in html.split('points="')[1].split('"')[0].split()]
    (_, top), (middle_x, middle_y), (right, bottom) = points
    assert top < middle_y < bottom
    assert middle_y == pytest.approx((top + bottom) / 2)  # its axis is logarithmic
    assert points[0][0] < middle_x < right


def test_the_progress_has_the_same_parts_from_the_first_message_to_the_last():
    def parts(html: str) -> list[str]:
        return re.findall(r"<(?:div|span|progress)\b[^>]*?(?:class|aria-label)=\"?(\w+)", html)

    curve = [(step, 1.0) for step in range(5)]
    late = Progress(message="Publishing", loss=0.1, accuracy=0.9, val_loss=0.1, val_accuracy=0.9, curve=curve)
    assert parts(progress_html(Progress())) == parts(progress_html(late))


def test_a_constant_or_vanishing_loss_has_a_curve_too():
    for losses in ([0.5, 0.5, 0.5], [0.0, 0.0, 0.0]):
        html = progress_html(Progress(epochs=1, steps=3, loss=losses[-1], curve=list(enumerate(losses))))
        assert "nan" not in html


def test_the_training_of_another_user_is_shown_as_such():
    assert "another user" in progress_html(None)
