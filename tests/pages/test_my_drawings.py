import time

import numpy as np
import pytest

from digit_core import Prediction
from digit_core.drawings import store, transfer
from digit_core.drawings.importing import import_drawings
from digit_core.drawings.labelled import Drawing, Label
from digit_core.storage import database, paths
from pages.components import browser_window
from tests.pages.conftest import go_to, grid_html, texts, trigger

ME = "a" * 32


@pytest.fixture(autouse=True)
def me(monkeypatch):
    monkeypatch.setattr(browser_window, "_name", lambda key, cookie: ME)
    yield
    database.close()


def add(
    label: int | None, predicted: int = 4, *, owner: str = ME, run: str = "shipped", seed=None, days: float = 0
) -> str:
    probabilities = np.full(10, 0.01, np.float32)
    probabilities[predicted] = 0.91
    image = np.random.default_rng(seed).random((28, 28), dtype=np.float32)
    prediction = Prediction(predicted, probabilities, 0.91, 0.99, True, image)
    drawing = Drawing(owner, "canvas", run, prediction, created=time.time() - 86_400 * days)
    store.add([drawing], [Label(drawing.id, owner, label)])
    return drawing.id


def cards(app) -> int:
    return grid_html(app).count('class="card"')


def test_without_drawings_the_page_says_how_to_get_some(open_page):
    app = open_page("my_drawings")
    assert "There are no drawings yet" in texts(app)
    assert not paths.database_file().exists() or store.people() == {}


def test_only_ones_own_drawings_are_shown_with_how_often_the_model_was_right(open_page):
    add(4), add(9), add(4), add(4, owner="b" * 32)
    app = open_page("my_drawings")
    assert cards(app) == 3
    assert [metric.value for metric in app.metric] == ["3", "66.67%"]
    assert app.get("vega_lite_chart")


def test_the_filters_narrow_the_gallery(open_page):
    add(4), add(9), add(10), add(None), add(4, run="20260101-120000-quick", days=10)
    app = open_page("my_drawings")
    assert cards(app) == 5
    app.segmented_control(key="my-shown").set_value("wrong").run()
    assert cards(app) == 2
    app.segmented_control(key="my-shown").set_value("all").run()
    for key, value, count in (("my-true", 10, 1), ("my-true", "none", 1), ("my-since", "week", 4)):
        app.selectbox(key=key).set_value(value).run()
        assert cards(app) == count, (key, value)
        app.selectbox(key=key).set_value("any").run()
    app.selectbox(key="my-run").set_value("20260101-120000-quick").run()
    assert cards(app) == 1
    app.selectbox(key="my-predicted").set_value(9).run()
    assert cards(app) == 0 and "No images match" in texts(app)


def test_a_drawing_is_relabelled_in_its_dialog(open_page):
    add(9)
    app = open_page("my_drawings")
    component = next(c.proto for c in app.get("bidi_component") if c.proto.component_name == "image_grid")
    trigger(app, component.id, "opened", 0)
    app.segmented_control(key="my-label").set_value(4).run()
    assert store.drawings_of(ME)[0].label == 4
    with store.reading() as connection:
        assert connection.execute(store.sa.select(store.sa.func.count()).select_from(store.LABELS)).scalar() == 2


def test_a_drawing_is_deleted_in_its_dialog(open_page):
    add(9, seed=1, days=1)
    kept = add(4, seed=2, days=2)
    app = open_page("my_drawings")
    component = next(c.proto for c in app.get("bidi_component") if c.proto.component_name == "image_grid")
    trigger(app, component.id, "opened", 0)
    app.button(key="delete-drawing").click().run()
    assert [drawing.id for drawing in store.drawings_of(ME)] == [kept]


def test_all_drawings_that_match_are_deleted_at_once(open_page):
    add(9), add(4), add(9)
    app = open_page("my_drawings")
    app.segmented_control(key="my-shown").set_value("wrong").run()
    app.button(key="delete-all-shown").click().run()
    assert [drawing.label for drawing in store.drawings_of(ME)] == [4]


def test_a_database_that_is_away_is_told(open_page, monkeypatch):
    monkeypatch.setenv("DIGITS_DATABASE_URL", "postgresql://digits@/x?host=/nowhere")
    app = open_page("my_drawings")
    assert "The server does not answer" in texts(app)
    go_to(app, "draw")
    assert "The canvas is blank" in texts(app)


def test_drawings_are_imported_by_everybody_for_themselves(open_page):
    from digit_core import Recognizer

    rng = np.random.default_rng(0)
    collection = transfer.Collection(rng.integers(0, 256, (40, 28, 28)).astype(np.uint8), np.arange(40) % 10)
    import_drawings(collection, ME, Recognizer.load("shipped"))
    app = open_page("my_drawings")
    assert cards(app) == 36 and app.metric[0].value == "40"


def test_the_sidebar_offers_to_learn_from_drawings_only_if_there_are_some(open_page, monkeypatch):
    started = []
    monkeypatch.setattr("digit_core.jobs.adapt.start_with_drawings_of", lambda *given, **more: started.append(given))
    app = open_page("my_drawings")
    assert not [button for button in app.sidebar.button if button.key == "retrain-drawings"]
    add(4)
    app = open_page("my_drawings")
    app.sidebar.button(key="retrain-drawings").click().run()
    assert started == [([ME], ())]


def test_everyones_drawings_can_be_learned_from_and_a_person_left_out(open_page, monkeypatch):
    started = []
    monkeypatch.setattr("digit_core.jobs.adapt.start_with_drawings_of", lambda *given, **more: started.append(given))
    add(4)
    app = open_page("my_drawings")
    assert "left-out" not in [each.key for each in app.multiselect]
    add(4, owner="b" * 32), add(9, owner="c" * 32)
    app = open_page("my_drawings")
    app.multiselect(key="left-out").set_value(["b" * 32]).run()
    app.button(key="retrain-everyone").click().run()
    assert started == [([ME, "c" * 32], ["b" * 32])]
    app.multiselect(key="left-out").set_value([ME, "b" * 32, "c" * 32]).run()
    assert "Everybody is left out" in texts(app)


def test_results_show_what_a_run_learned_from_drawings(open_page, add_run):
    import json

    run = add_run("20260101-120000-robust")
    document = json.loads((run.path / "config.json").read_text())
    document["config"] |= {"base_run": "shipped", "drawings": 30, "drawing_share": 0.25, "teachers": []}
    (run.path / "config.json").write_text(json.dumps(document))
    compared = {"images": 6, "before": 1, "after": 4, "only_before": 0, "only_after": 3}
    nothing = dict.fromkeys(compared, 0)
    test = {"images": 10_000, "before": 9966, "after": 9960, "only_before": 10, "only_after": 4}
    adaptation = {"base_run": "shipped", "test": test, "held_back": compared, "learned": nothing, "contradicted": 2}
    (run.path / "adaptation.json").write_text(json.dumps(adaptation))
    app = open_page("results", run=run.name)
    assert "What it learned from drawings" in texts(app)
    table = app.dataframe[0].value
    assert table["Right now"].tolist() == ["9,960 (99.60%)", "4 (66.67%)"]
    assert "2 labels contradict the others" in texts(app)
    (run.path / "adaptation.json").unlink()
    app = open_page("results", run=run.name)
    assert "adaptation.json" in texts(app)
