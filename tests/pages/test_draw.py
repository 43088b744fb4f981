import numpy as np

from digit_core.records import home
from digit_core.records.served import serve
from tests.pages.conftest import go_to, texts

STROKE = {
    "type": "Path",
    "strokeWidth": 18,
    "path": [["M", 60, 60], ["L", 190, 60], ["L", 120, 220]],
}


def drawn(app, *objects):
    app.session_state["drawing"] = {
        "objects": list(objects),
        "initial": {"objects": []},
        "revision": 1,
        "mounted": True,
    }
    return app.run()


def reading(app) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_a_blank_canvas_gets_no_reading(open_page):
    app = open_page("draw")
    assert "draw a digit" in texts(app)
    assert "data-testid" not in reading(app).replace("[data-testid=stMain", "")
    assert all(b.disabled for b in app.main.button if b.label in {"Undo", "Clear"})


def test_a_drawing_is_read_with_all_ten_probabilities_and_what_the_model_saw(open_page):
    html = reading(drawn(open_page("draw"), STROKE))
    assert 'data-testid="digit">7<' in html
    assert all(f"{digit}: " in html for digit in range(10))
    assert "data:image/png" in html


def test_undo_takes_the_last_stroke_away_and_clear_all(open_page):
    app = drawn(open_page("draw"), STROKE, {**STROKE, "path": [["M", 100, 140], ["L", 180, 140]]})
    button = {b.label: b for b in app.main.button}
    button["Undo"].click().run()
    assert app.session_state["drawing"]["objects"] == [STROKE]
    {b.label: b for b in app.main.button}["Clear"].click().run()
    assert app.session_state["drawing"]["objects"] == []
    assert "draw a digit" in texts(app)


def test_the_drawing_survives_a_visit_to_another_page(open_page):
    app = drawn(open_page("draw"), STROKE)
    go_to(app, "results")
    go_to(app, "draw")
    assert 'data-testid="digit">7<' in reading(app)
    assert app.session_state["drawing"]["initial"]["objects"] == [STROKE]


def test_a_damaged_drawing_is_a_sentence(open_page):
    app = drawn(open_page("draw"), {**STROKE, "path": [["X", 1]]})
    assert "Clear it and draw again" in texts(app)


def test_when_the_served_run_is_damaged_the_shipped_one_reads_and_that_is_said(open_page, add_run):
    run = add_run("20260101-120000-quick")
    serve(run.name)
    (run.path / "model.tflite").unlink()
    app = drawn(open_page("draw"), STROKE)
    assert 'data-testid="digit">7<' in reading(app)
    assert "The shipped run reads instead" in texts(app)


def test_a_model_file_full_of_nonsense_is_a_sentence_and_not_a_traceback(open_page, add_run):
    run = add_run("20260101-120000-quick")
    serve(run.name)
    model = run.path / "model.tflite"
    model.write_bytes(np.random.default_rng(0).bytes(model.stat().st_size))
    app = drawn(open_page("draw"), STROKE)
    assert "not a LiteRT model" in texts(app)


def test_pictures_from_files_are_read_or_refused(open_page, tmp_path):
    app = open_page("draw")
    app.file_uploader[0].upload("broken.png", b"no picture", "image/png").run()
    assert "broken.png is not a picture" in texts(app)
    figure = (home.SHIPPED_RUN / "figures" / "confusion.png").read_bytes()
    app.file_uploader[0].upload("figure.png", figure, "image/png").run()
    assert not app.exception
