import json
import re
from types import SimpleNamespace

import pytest
from streamlit import config

from digit_core.errors import StorageError, TrainingBusy
from digit_core.jobs import trainings, warm_trainer
from digit_core.jobs.training_job import Request
from digit_core.runs.active_run import activate, read_active
from digit_core.runs.config import training_config
from digit_core.runs.presets import DEFAULT_PRESET, PRESETS
from digit_core.runs.run import SHIPPED
from digit_core.runs.schemas import Progress
from digit_core.storage import paths
from pages.components import browser_window
from pages.components.training_status import shared_status
from pages.shell import training_form
from tests.pages.conftest import texts


def press(app, label):
    (button,) = [b for b in app.sidebar.button if b.label.startswith(label)]
    return button.click().run()


@pytest.mark.parametrize("page", ["draw", "results", "mistakes", "compare", "runs"])
def test_every_page_shows_the_active_model(open_page, page):
    assert "the shipped model" in texts(open_page(page))


def test_one_click_activates_the_previous_run(open_page, add_run):
    add_run("20260101-120000-quick")
    activate("20260101-120000-quick")
    app = open_page("draw")
    assert "Quick, 01 Jan 12:00:00" in texts(app)
    press(app, "Back to")
    assert read_active().run == SHIPPED


def test_the_shipped_run_can_always_be_activated(open_page, add_run):
    for name in ("20260101-120000-quick", "20260102-120000-lenet5"):
        add_run(name)
        activate(name)
    app = open_page("draw")
    backs = [button.label for button in app.sidebar.button if button.label.startswith("Back to")]
    assert backs == ["Back to Quick, 01 Jan 12:00:00", "Back to the shipped model"]
    press(app, "Back to the shipped")
    assert read_active().run == SHIPPED


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"accuracy": 0.5}, "Less accurate than the shipped model (99."),
        ({"accuracy": 1.0}, None),
    ],
)
def test_a_run_less_accurate_than_the_previous_one_says_so(open_page, add_run, change, sentence):
    run = add_run("20260101-120000-quick")
    metrics = run.path / "metrics.json"
    metrics.write_text(json.dumps(json.loads(metrics.read_text()) | change))
    activate(run.name)
    shown = texts(open_page("draw"))
    assert (sentence in shown) if sentence else "Less accurate" not in shown


def test_a_run_more_accurate_than_the_previous_one_is_compared_with_the_shipped_one_too(open_page, add_run):
    for name, accuracy in (("20260101-120000-quick", 0.5), ("20260102-120000-quick", 0.6)):
        metrics = add_run(name).path / "metrics.json"
        metrics.write_text(json.dumps(json.loads(metrics.read_text()) | {"accuracy": accuracy}))
        activate(name)
    assert "Less accurate than the shipped model (99." in texts(open_page("draw"))


def test_a_run_trained_on_other_data_than_the_shipped_one_says_so(open_page, trained_run):
    activate(trained_run.name)
    app = open_page("draw")
    assert "Trained on scikit-learn digits; the shipped model on MNIST." in texts(app)
    press(app, "Back to the shipped model")
    assert "Trained on" not in texts(open_page("draw"))


@pytest.fixture
def open_form(open_page, monkeypatch):
    """Open the Draw page and the training settings in its sidebar."""
    monkeypatch.setattr(warm_trainer, "keep_warm", lambda: None)

    def show():
        app = open_page("draw")
        app.session_state["training_settings"] = True
        return app.run()

    return show


def test_the_form_starts_the_training_that_it_shows(open_form, monkeypatch):
    started = []
    monkeypatch.setattr(trainings, "start", lambda config, **_: started.append(config))
    app = open_form()
    app.sidebar.selectbox(key="preset").select("two_block")
    app.sidebar.radio(key="data").set_value("digits").run()
    app.sidebar.number_input(key="epochs-two_block-digits").set_value(7)
    app.sidebar.number_input(key="batch-two_block-digits").set_value(32)
    press(app, "Retrain")
    (config,) = started
    assert (config.preset, config.data, config.epochs, config.batch_size) == ("two_block", "digits", 7, 32)


@pytest.mark.parametrize(
    "error", [TrainingBusy("another training is running"), StorageError("the disk is full. Free some space")]
)
def test_a_training_that_cannot_start_is_reported_in_a_sentence(open_page, monkeypatch, error):
    def refuse(*_args, **_options):
        raise error

    app = open_page("draw")
    monkeypatch.setattr(trainings, "start", refuse)
    press(app, "Retrain")
    assert not app.exception
    assert str(error) in texts(app)
    assert str(error) in texts(app.run())  # until the next attempt


def test_garbage_is_not_collected_after_each_script_run():
    assert config.get_option("runner.postScriptGC") is False  # a hidden option, which a new Streamlit may drop


def make_training(window="", **progress) -> trainings.Job:
    """The working folder of a training that was started by that window."""
    folder = paths.working_folder() / "20260101-120000-quick"
    folder.mkdir(parents=True)
    job = trainings.Job(folder)
    job.write_request(Request(window=window))
    job.write_progress(Progress(**progress))
    return job


@pytest.fixture
def running(monkeypatch):
    """A function that makes a training that is running."""

    def make(window: str) -> trainings.Job:
        job = make_training(window, state="training", epoch=1, epochs=2, step=5, steps=10, loss=0.25, accuracy=0.9)
        monkeypatch.setattr(trainings, "current", lambda: job)
        return job

    return make


def test_a_running_training_is_shown_and_cancelled_by_one_click_in_the_window_that_started_it(open_page, running):
    app = open_page("results")
    job = running(app.session_state["window_name"])
    shared_status().invalidate()
    app.run()
    assert "Quick, 01 Jan 12:00:00" in texts(app)
    assert "Retrain" not in {button.label for button in app.sidebar.button}
    press(app, "Cancel")
    assert job.request().cancel
    assert job.request().cancelled_by == app.session_state["window_name"]


def test_another_training_can_be_queued_and_taken_out_again(open_page, running, monkeypatch):
    running("b" * 32)
    waiting = trainings.Job(paths.working_folder() / "20260101-130000-lenet5")
    waiting.folder.mkdir()
    waiting.write_progress(Progress(state="queued"))
    monkeypatch.setattr(trainings, "start", lambda config, **_: asked.append(config))
    asked = []
    app = open_page("draw")
    assert "1. **LeNet-5, 01 Jan 13:00:00**" in texts(app)
    press(app, "Add to the queue")
    assert len(asked) == 1
    app.button(key=f"cancel-queued-{waiting.name}").click().run()
    assert waiting.progress().state == "cancelled"
    assert "In the queue" not in texts(app)


@pytest.mark.parametrize(("window", "where"), [("b" * 32, "in another window"), ("", "from the command line")])
def test_another_windows_training_is_cancelled_only_after_a_question(open_page, running, window, where):
    job = running(window)
    app = open_page("results")
    press(app, "Cancel")
    assert not job.request().cancel
    assert where in "".join(element.value for element in app.markdown)
    app.button(key="cancel-training-no").click().run()
    assert not job.request().cancel
    press(app, "Cancel")
    app.button(key="cancel-training-yes").click().run()
    assert job.request().cancel


def test_the_window_that_started_a_training_is_told_that_another_one_cancelled_it(open_page):
    app = open_page("runs")
    job = make_training(app.session_state["window_name"], state="cancelled")
    job.write_request(job.request().model_copy(update={"cancel": True, "cancelled_by": "b" * 32}))
    shared_status().invalidate()
    assert "was cancelled in another window" in texts(app.run())
    assert "was cancelled at" in texts(open_page("runs"))  # to any other window that is no news


def test_the_end_of_a_training_is_told_once_and_its_line_stays_until_it_is_dismissed(open_page):
    app = open_page("results")
    make_training(state="cancelled")
    shared_status().invalidate()
    app.run()
    assert [toast.value.startswith("**Quick, 01 Jan 12:00:00** was cancelled") for toast in app.toast] == [True]
    app.run()
    assert not app.toast
    assert "was cancelled at" in texts(app)
    app.sidebar.button(key="dismiss-outcome").click().run()
    assert "was cancelled" not in texts(app)
    assert not open_page("results").toast  # a window that was opened later


def test_a_run_that_was_kept_says_why_and_is_activated_or_shown_by_a_click(open_page, add_run):
    run = add_run("20260101-120000-quick")
    job = trainings.Job(run.path)
    job.write_progress(Progress(state="finished", message="Kept, not activated: 12 fewer right than the shipped model"))
    app = open_page("compare")
    assert "Kept, not activated: 12 fewer right than the shipped model." in texts(app)
    app.sidebar.button(key="activate-finished").click().run()
    assert read_active().run == run.name
    assert "not activated" not in texts(app) and "activated since" in texts(app)
    assert all(button.key != "activate-finished" for button in app.sidebar.button)
    assert app.sidebar.button(key="leave-to-finished").label == "Show it"


@pytest.mark.parametrize("sent", ["", "<b>", "a" * 31, "A" * 32, "a" * 32])
def test_only_a_name_as_the_app_makes_them_is_taken_from_the_browser(monkeypatch, sent):
    context = SimpleNamespace(cookies={browser_window.COOKIE: sent})
    monkeypatch.setattr(browser_window, "st", SimpleNamespace(session_state={}, context=context))
    name = browser_window.window_name()
    assert (name == sent) == (sent == "a" * 32)
    assert re.fullmatch("[0-9a-f]{32}", name)
    assert browser_window.window_name() == name


@pytest.mark.parametrize(
    ("state", "words"),
    [("failed", r"failed at \d\d:\d\d. The disk is full"), ("cancelled", "was cancelled"), ("finished", "finished")],
)
def test_every_page_shows_how_the_last_training_ended(open_page, state, words):
    folder = paths.working_folder() / "20260101-120000-quick"
    folder.mkdir(parents=True)
    trainings.Job(folder).write_progress(Progress(state=state, message="The disk is full"))
    assert re.search(words, texts(open_page("mistakes")))


def test_an_old_training_is_shown_with_its_date(open_page):
    folder = paths.working_folder() / "20260101-120000-quick"
    folder.mkdir(parents=True)
    trainings.Job(folder).write_progress(Progress(state="cancelled", updated=1_700_000_000))
    assert re.search(r"was cancelled on 1[45] Nov at \d\d:\d\d\.", texts(open_page("mistakes")))


def test_a_stopped_training_is_resumed_with_one_click(open_page, monkeypatch):
    folder = paths.working_folder() / "20260101-120000-quick"
    folder.mkdir(parents=True)
    trainings.Job(folder).write_progress(Progress(state="cancelled"))
    monkeypatch.setattr(trainings, "resumable", lambda job: 3)
    resumed = []
    monkeypatch.setattr(trainings, "resume", lambda job, **_: resumed.append(job))
    press(open_page("draw"), "Resume after epoch 3")
    assert [job.name for job in resumed] == [folder.name]


def test_a_run_that_a_user_named_is_not_taken_for_the_last_training(open_page, add_run):
    (add_run("my-friends-run").path / "progress.json").write_text(Progress(state="finished").model_dump_json())
    assert "finished" not in texts(open_page("draw"))
    folder = paths.working_folder() / "20260101-120000-quick"
    folder.mkdir(parents=True)
    trainings.Job(folder).write_progress(Progress(state="cancelled"))
    assert "Quick, 01 Jan 12:00:00** was cancelled" in texts(open_page("draw"))


def test_the_shipped_run_replaces_an_active_run_whose_model_is_damaged(open_page, add_run):
    model = add_run("20260101-120000-quick").path / "model.tflite"
    activate("20260101-120000-quick")
    model.write_bytes(b"x" * model.stat().st_size)
    shown = texts(open_page("draw"))
    assert "Active model: **the shipped model**" in shown
    assert "The model of the run 20260101-120000-quick cannot be loaded" in shown
    assert "The shipped run is used instead." in shown


def test_a_home_that_cannot_be_written_is_reported_and_the_app_goes_on(open_page, own_home):
    own_home.write_text("a file where the folder should be")
    app = open_page("draw")
    press(app, "Retrain")
    assert "DIGITS_HOME" in texts(app)


@pytest.fixture
def started(monkeypatch) -> list:
    """The configurations of the trainings that are started."""
    found = []
    monkeypatch.setattr(trainings, "start", lambda config, **_: found.append(config))
    return found


def retrain(app):
    return next(button for button in app.sidebar.button if button.label == "Retrain")


@pytest.mark.parametrize("preset", PRESETS)
def test_untouched_settings_are_the_presets_own(open_form, started, preset):
    app = open_form()
    app.sidebar.selectbox(key="preset").select(preset).run()
    press(app, "Retrain")
    assert started == [training_config(preset)]


def test_every_preset_takes_seed_rate_optimiser_augmentation_and_early_stopping(open_form, started):
    app = open_form()
    app.sidebar.selectbox(key="preset").select("robust").run()
    app.sidebar.number_input(key="seed-robust-mnist").set_value(7)
    app.sidebar.selectbox(key="optimizer-robust-mnist").select("sgd")
    app.sidebar.selectbox(key="augmentation-robust-mnist").select("slight")
    app.sidebar.toggle(key="stopping-robust-mnist").set_value(True).run()
    app.sidebar.number_input(key="rate-robust-mnist-sgd").set_value(0.05)
    app.sidebar.number_input(key="patience-robust-mnist").set_value(4).run()
    assert "seed 7" in texts(app)
    press(app, "Retrain")
    (config,) = started
    assert (config.seed, config.optimizer, config.learning_rate, config.patience) == (7, "sgd", 0.05, 4)
    assert (config.augmentation, config.rotation, config.mild_epochs) == ("none", 5.0, 0)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("epochs-quick-mnist", 501, "Epochs should be from 1 to 500, got 501."),
        ("epochs-quick-mnist", 0, "Epochs should be from 1 to 500, got 0."),
        ("batch-quick-mnist", -3, "Batch size should be from 1 to 8,192, got -3."),
        ("seed-quick-mnist", -1, "Seed should be at least 0 and below 2,147,483,648, got -1."),
        ("rate-quick-mnist-adam", 2.0, "Learning rate should be above 0 and at most 1, got 2.0."),
    ],
)
def test_a_value_out_of_range_gives_its_range_and_cannot_be_trained(open_form, started, key, value, sentence):
    app = open_form()
    app.sidebar.number_input(key=key).set_value(value)
    retrain(app).click().run()  # the button is still enabled when the field loses the focus
    assert sentence in texts(app)
    assert retrain(app).disabled
    assert started == []
    app.sidebar.number_input(key=key).set_value(1).run()
    assert not retrain(app).disabled
    assert "should be" not in texts(app)


def test_settings_that_were_opened_stay_as_they_are_when_closed(open_form, started):
    app = open_form()
    app.sidebar.selectbox(key="preset").select("two_block").run()
    app.session_state["training_settings"] = False
    press(app.run(), "Retrain")
    assert started == [training_config("two_block")]


def test_settings_that_nobody_has_opened_are_the_default_presets_own(open_page, started):
    press(open_page("draw"), "Retrain")
    assert started == [training_config(DEFAULT_PRESET)]


def test_a_training_of_about_known_length_says_so(open_page, monkeypatch):
    assert " s on this machine" not in texts(open_page("draw"))
    monkeypatch.setattr(training_form, "seconds_for", lambda config: 25.4)
    assert "About 25 s on this machine" in texts(open_page("draw"))


def test_the_trainer_is_kept_warm_once_the_form_is_open(open_page, monkeypatch):
    kept = []
    monkeypatch.setattr(warm_trainer, "keep_warm", lambda: kept.append(True))
    app = open_page("draw")
    assert kept == []
    app.session_state["training_settings"] = True
    app.run()
    assert kept == [True]
