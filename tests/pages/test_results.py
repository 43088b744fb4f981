import json
import os
import subprocess
import sys
import tomllib

import numpy as np
import pytest
from filelock import FileLock

from digit_core.jobs import task_queue
from digit_core.jobs.background_task import TaskStatus
from digit_core.jobs.tasks import FORMATS, Export, export_path, export_source, export_task, save_export
from digit_core.runs.publishing import remove_folder
from digit_core.runs.run import SHIPPED, open_run
from digit_core.storage import paths
from pages.results_sections.settings_tables import grouped
from tests.pages.conftest import matrix, texts

TABS = (
    "overview",
    "per-class-metrics",
    "confidence",
    "label-errors",
    "robustness",
    "figures",
    "export",
    "settings",
)


def test_the_newest_run_is_shown_and_another_can_be_chosen(open_page, add_run):
    add_run("20260101-120000-quick")
    add_run("20260301-120000-lenet5")
    app = open_page("results")
    assert app.main.selectbox[0].value == "20260301-120000-lenet5"
    app.main.selectbox[0].select(SHIPPED).run()
    assert not app.exception
    assert app.query_params["run"] == SHIPPED


def test_the_metrics_are_the_runs(open_page):
    app, metrics = open_page("results"), open_run(SHIPPED).metrics
    shown = {metric.label: metric.value for metric in app.main.metric}
    assert shown["Test accuracy"] == f"{metrics.accuracy:.2%}"
    assert shown["Test loss"] == f"{metrics.loss:.4f}"
    assert shown["Recall"] == f"{metrics.recall:.2%}"
    report = app.main.dataframe[0].value
    assert list(report["precision"]) == [100 * row.precision for row in metrics.per_class]
    kinds = [component.proto.component_name for component in app.get("bidi_component")]
    assert kinds.count("training_curves") == 1
    mistakes = round(metrics.test_images * (1 - metrics.accuracy))
    assert matrix(app)["description"].startswith(f"Confusion matrix. {mistakes} misclassified.")


def test_a_run_in_the_address_is_shown(open_page, add_run):
    add_run("20260301-120000-lenet5")
    assert open_page("results", run=SHIPPED).main.selectbox[0].value == SHIPPED


@pytest.mark.parametrize("page", ["results", "mistakes"])
def test_an_unknown_run_in_the_address_gives_a_message(open_page, page):
    app = open_page(page, run="../../etc/passwd")
    assert "There is no run named" in texts(app)
    assert app.main.selectbox[0].value is None
    next(button for button in app.main.button if button.label.startswith("Show The shipped model")).click().run()
    assert app.main.selectbox[0].value == SHIPPED


@pytest.mark.parametrize("name", ["metrics.json", "model.tflite"])
def test_a_damaged_run_is_named_and_the_others_are_shown(open_page, add_run, name):
    (add_run("20260301-120000-lenet5").path / name).unlink()
    app = open_page("results")
    assert app.main.expander[0].label == "1 run is damaged and not shown"
    assert f"20260301-120000-lenet5 lacks {name}" in texts(app)
    assert app.main.selectbox[0].value == SHIPPED


def test_a_run_with_a_damaged_history_gives_a_message(open_page, add_run):
    (add_run("20260301-120000-lenet5").path / "history.csv").write_text("nonsense\n1\n")
    assert "history.csv cannot be read" in texts(open_page("results"))


def downloads(app, beginning: str) -> list[str]:
    """The labels of the download buttons whose key begins with `beginning`."""
    return [button.label for button in app.get("download_button") if f"-{beginning}" in button.proto.id]


def export_button(app, form: str, run: str = SHIPPED):
    return app.main.button(key=f"export-{run}-{form}")


def keep_export_of(run, form) -> Export:
    path = export_path(run, form)
    path.parent.mkdir(parents=True, exist_ok=True)
    exported = path.with_name("exported")
    exported.write_bytes(b"12345678" * 200)
    shares = {"agreement": 0.998, "logit_difference": 0.5, "accuracy": 0.991, "run_accuracy": 0.992}
    export = Export(
        run=run.name, format=form.name, size=1600, source=export_source(run), images=1000, seconds=1, **shares
    )
    save_export(run, form, exported, export)
    return export


@pytest.fixture
def started(monkeypatch) -> list:
    """The commands of the processes that would have been started."""
    commands = []

    def start(log, command):
        commands.append(command[3:])
        return subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])

    processes = []
    monkeypatch.setattr(task_queue, "start_process", lambda *given: processes.append(start(*given)) or processes[-1])
    yield commands
    for process in processes:
        process.kill()
        process.wait()


def test_an_export_is_started_on_demand_and_can_then_be_downloaded(open_page, started):
    app, run, form = open_page("results", tab="export"), open_run(SHIPPED), FORMATS["tflite-int8"]
    assert not downloads(app, "download-")
    assert [export_button(app, name).label for name in FORMATS] == ["Export"] * 4
    assert started == []
    export_button(app, form.name).click().run()
    assert not app.exception
    assert started == [("export", SHIPPED, "tflite-int8")]
    assert export_button(app, form.name).label == "Waiting"
    assert export_button(app, form.name).disabled
    assert not export_button(app, "onnx").disabled
    task = export_task(run, form)
    with FileLock(task.lock_path), task.queue.locked():  # as its process does when it starts
        task.write_status(TaskStatus(state="running", message="Converting the model"))
        task.queue.remove(task.path)
        app.run()
    assert export_button(app, form.name).label == "Exporting"
    assert "Converting the model" in texts(app)
    task.clear_status()
    keep_export_of(run, form)
    app.run()
    assert downloads(app, "download-") == [".tflite · 2 KB"]
    assert "Accuracy on 1,000 test images: **99.10%** (run: 99.20%). 99.80% agreement with the run." in texts(app)


def test_a_second_export_waits_in_the_queue_and_can_be_cancelled(open_page, started):
    app = open_page("results", tab="export")
    for name in ("keras", "onnx"):
        export_button(app, name).click().run()
    assert [command[2] for command in started] == ["keras"]
    assert export_button(app, "onnx").label == "Waiting"
    assert "In the queue, 1 ahead" in texts(app)
    app.main.button(key=f"cancel-export-{SHIPPED}-onnx").click().run()
    assert not app.exception
    assert export_button(app, "onnx").label == "Export"
    assert export_button(app, "keras").label == "Waiting"
    app.main.button(key=f"cancel-export-{SHIPPED}-keras").click().run()
    assert [export_button(app, name).label for name in FORMATS] == ["Export"] * 4
    assert [command[2] for command in started] == ["keras"]


def test_a_failed_export_gives_a_message_and_can_be_tried_again(open_page, started):
    export_task(open_run(SHIPPED), FORMATS["onnx"]).write_status(
        TaskStatus(state="failed", message="The disk is full.")
    )
    app = open_page("results", tab="export")
    assert "The disk is full." in texts(app)
    assert export_button(app, "onnx").label == "Try again"
    export_button(app, "onnx").click().run()
    assert "The disk is full." not in texts(app)
    assert export_button(app, "onnx").label == "Waiting"


def test_a_run_that_was_deleted_meanwhile_is_not_exported(open_page, add_run, started):
    run = add_run("20260301-120000-lenet5")
    app = open_page("results", tab="export")
    remove_folder(run.path)
    export_button(app, "onnx", run.name).click().run()
    assert not app.exception
    assert started == []
    assert not export_path(run, FORMATS["onnx"]).parent.exists()


def test_a_home_that_cannot_be_written_gives_a_message(open_page, own_home):
    own_home.write_text("a file where the folder should be")
    app = open_page("results", tab="export")
    export_button(app, "keras").click().run()
    assert not app.exception
    assert "could not be written: part of the path is a file" in texts(app)


def test_without_mnist_an_export_downloads_it_first(open_page, no_mnist):
    assert "downloaded first" in texts(open_page("results", tab="export"))


def test_figures_are_loaded_only_when_they_are_looked_at(open_page):
    assert "Figure" not in [box.label for box in open_page("results").main.selectbox]
    app = open_page("results", tab="figures")
    assert downloads(app, "download-") == ["PNG", "SVG"]
    app.main.selectbox(key=f"figure-{SHIPPED}").select("confusion").run()
    assert not app.exception


@pytest.mark.parametrize("change", ["damage", "delete"])
def test_a_damaged_figure_gives_a_message(open_page, add_run, change):
    run = add_run("20260301-120000-lenet5")
    path = run.path / "figures" / "curves.png"
    path.write_text("nonsense") if change == "damage" else path.unlink()
    assert "The figure is damaged." in texts(open_page("results", tab="figures"))


def test_one_run_after_the_other_can_be_chosen(open_page, add_run):
    names = [f"2026010{day}-120000-quick" for day in (3, 2, 1)]
    for name in names:
        add_run(name)
    app = open_page("results")
    for name in (names[1], names[2], SHIPPED, names[0]):
        app.main.selectbox[0].select(name).run()
        assert (app.main.selectbox[0].value, app.query_params["run"]) == (name, name)


def _no_traceback(open_page, run) -> str:
    """The texts of Results with each of its sections open in turn, none of which may raise."""
    found = []
    for tab in TABS:
        found.append(texts(open_page("results", run=run.name, tab=tab)))
    return "\n".join(found)


@pytest.mark.parametrize("labels", [np.arange(10) - 1, np.arange(10) + 1, np.full(10, 10**12)])
def test_labels_that_are_not_digits_give_a_message(open_page, add_run, labels):
    run = add_run("20260301-120000-lenet5")
    np.savez(run.path / "predictions.npz", probabilities=np.full((10, 10), 0.1, np.float32), labels=labels)
    document = json.loads((run.path / "config.json").read_text())
    del document["sizes"]  # as in runs from before sizes were recorded
    (run.path / "config.json").write_text(json.dumps(document))
    assert "not from 0 to 9" in _no_traceback(open_page, run)


def test_a_history_without_an_epoch_gives_a_message(open_page, add_run):
    run = add_run("20260301-120000-lenet5")
    path = run.path / "history.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    assert "has no epoch in its history.csv" in _no_traceback(open_page, run)


def test_a_confusion_matrix_of_another_size_gives_a_message(open_page, add_run):
    path = add_run("20260301-120000-lenet5").path / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"confusion": [[1, 2], [3, 4]]}))
    assert "metrics.json cannot be used" in texts(open_page("results"))


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there; run it on Linux or macOS")
def test_a_figure_that_is_a_link_shows_nothing_from_elsewhere(open_page, add_run, tmp_path):
    run = add_run("20260301-120000-lenet5")
    figure = run.path / "figures" / "curves.svg"
    (tmp_path / "private.svg").write_text("mine")
    figure.unlink()
    figure.symlink_to(tmp_path / "private.svg")
    app = open_page("results", run=run.name, tab="figures")
    assert "Accuracy and loss by epoch" not in app.main.selectbox(key=f"figure-{run.name}").options


def test_visitors_see_no_traceback():
    settings = tomllib.loads((paths.PROJECT / ".streamlit" / "config.toml").read_text())
    assert settings["client"]["showErrorDetails"] in ("none", "type")


def test_training_accuracy_is_called_augmented_where_the_training_images_were(open_page, trained_run):
    assert "on training images (with augmentation)" in texts(open_page("results", run=SHIPPED))
    assert "on training images, " in texts(open_page("results", run=trained_run.name))


def open_tab(app) -> str:
    """The label of the tab that is open."""
    return app.session_state["results-section"]


def test_the_tab_in_the_address_is_open_and_an_unknown_one_gives_a_message(open_page):
    assert open_tab(open_page("results")) == "Overview"
    app = open_page("results", tab="label-errors")
    assert open_tab(app) == "Label errors"
    assert "in the address must be" not in texts(app)
    app = open_page("results", tab="`<b>`")
    assert open_tab(app) == "Overview"
    assert "`tab` in the address must be one of overview, per-class-metrics," in texts(app)


def test_the_address_follows_the_tab_that_is_opened(open_page):
    app = open_page("results", run=SHIPPED)
    states = app._tree.get_widget_states()
    tabs = next(block for block in app.main.children.values() if block.type == "tab_container")
    states.widgets.add(id=tabs.proto.tab_container.id, string_value="Export")
    app._run(states)
    assert open_tab(app) == "Export"
    assert app.query_params["tab"] == "export"
    assert app.query_params["run"] == SHIPPED
    assert export_button(app, "onnx").label == "Export"


def test_export_figures_and_settings_stand_once(open_page):
    app = open_page("results", tab="confidence")
    assert "Export" not in [button.label for button in app.main.button]
    assert not len(app.main.table)


def test_settings_are_grouped_and_named_in_words_and_raw_in_the_download(open_page):
    run = open_run(SHIPPED)
    groups = grouped(run)
    assert list(groups) == ["Data", "Architecture", "Optimisation", "Augmentation", "Environment"]
    names = [name for group in groups.values() for name in group]
    assert len(names) == len(set(names))
    assert not [name for name in names if "_" in name]
    assert groups["Data"]["Validation images"] == "8.33%"
    assert groups["Optimisation"]["Learning rate"] == f"{run.config.learning_rate:g}"
    shown = sum(value is not None for value in run.config.model_dump().values())
    assert sum(map(len, groups.values())) == shown + 2 + len(run.environment.versions)  # and date and digest
    app = open_page("results", tab="settings")
    assert "##### Optimisation" in texts(app)
    assert len(app.main.table) == len(groups)
