import io

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from digit_core import Recognizer
from digit_core.inference.occlusion import Explainer
from digit_core.preprocessing.fabric_canvas import picture_object
from digit_core.preprocessing.strokes import draw_strokes
from digit_core.runs.active_run import activate
from digit_core.runs.run import SHIPPED, open_run
from digit_core.storage import paths
from pages.components.image_html import data_uri
from scripts.benchmarks.drawings import SEVEN, paint
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
        "fresh": False,
    }
    return app.run()


def card(app) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_a_blank_canvas_gets_no_prediction(open_page):
    app = open_page("draw")
    assert "draw a digit" in texts(app)
    assert "data-testid" not in card(app).replace("[data-testid=stMain", "")
    assert all(b.disabled for b in app.main.button if b.label in {"Undo", "Clear"})


def test_a_drawing_gets_all_ten_probabilities_and_its_model_input(open_page):
    html = card(drawn(open_page("draw"), STROKE))
    assert 'data-testid="digit">7<' in html
    assert all(f"{digit}: " in html for digit in range(10))
    assert "data:image/png" in html


def test_several_digits_side_by_side_are_recognised_as_such(open_page):
    def sevens(*lefts):
        return [{**STROKE, "path": [["M", x, 90], ["L", x + 60, 90], ["L", x + 30, 190]]} for x in lefts]

    app = open_page("draw")
    assert "Recognised separately: **777**" in texts(drawn(app, *sevens(20, 110, 200)))
    assert "Recognised separately" not in texts(drawn(app, *sevens(110)))
    assert "Recognised separately" not in texts(drawn(app, {**STROKE, "path": [["M", 20, 140], ["L", 260, 140]]}))


def test_a_canvas_painted_all_over_still_gets_a_prediction(open_page):
    scribble = [["M", 40, 40], *(["L", x, y] for x, y in ((240, 60), (40, 110), (240, 160), (40, 210), (240, 250)))]
    app = drawn(open_page("draw"), {**STROKE, "strokeWidth": 900, "path": scribble})
    assert "does not look like a digit" in card(app)


def test_a_canvas_full_of_marks_still_gets_a_prediction(open_page):
    dots = [
        {**STROKE, "strokeWidth": 6, "path": [["M", x, y], ["L", x + 3, y]]}
        for x in range(10, 270, 16)
        for y in range(10, 270, 16)
    ]
    app = drawn(open_page("draw"), *dots)
    assert "does not look like a digit" in card(app)
    assert not app.error


def test_undo_removes_the_last_stroke_and_clear_all_strokes(open_page):
    app = drawn(open_page("draw"), STROKE, {**STROKE, "path": [["M", 100, 140], ["L", 180, 140]]})
    button = {b.label: b for b in app.main.button}
    button["Undo"].click().run()
    assert app.session_state["drawing"]["objects"] == [STROKE]
    {b.label: b for b in app.main.button}["Clear"].click().run()
    assert app.session_state["drawing"]["objects"] == []
    assert "draw a digit" in texts(app)


def test_drawing_and_pen_survive_a_visit_to_another_page(open_page):
    app = drawn(open_page("draw"), STROKE)
    app.slider(key="pen_width").set_value(25).run()
    go_to(app, "results")
    go_to(app, "draw")
    assert 'data-testid="digit">7<' in card(app)
    assert app.slider(key="pen_width").value == 25
    assert app.session_state["drawing"]["initial"]["objects"] == [STROKE]


def test_a_damaged_drawing_is_reported_in_a_sentence(open_page):
    app = drawn(open_page("draw"), {**STROKE, "path": [["X", 1]]})
    assert "Clear it and draw again" in texts(app)


def test_when_the_active_run_is_damaged_the_shipped_one_predicts_and_the_page_says_so(open_page, add_run):
    run = add_run("20260101-120000-quick")
    activate(run.name)
    (run.path / "model.tflite").unlink()
    app = drawn(open_page("draw"), STROKE)
    assert 'data-testid="digit">7<' in card(app)
    assert "The shipped run is used instead" in texts(app)


def test_an_invalid_model_file_is_reported_in_a_sentence(open_page, add_run):
    run = add_run("20260101-120000-quick")
    activate(run.name)
    model = run.path / "model.tflite"
    model.write_bytes(np.random.default_rng(0).bytes(model.stat().st_size))
    app = drawn(open_page("draw"), STROKE)
    assert "not a LiteRT model" in texts(app)


def test_uploaded_pictures_are_recognised_or_rejected(open_page, tmp_path):
    app = open_page("draw")
    app.file_uploader[0].upload("broken.png", b"no picture", "image/png").run()
    assert "broken.png is not a picture" in texts(app)
    figure = (paths.SHIPPED_RUN / "figures" / "confusion.png").read_bytes()
    app.file_uploader[0].upload("figure.png", figure, "image/png").run()
    assert not app.exception


def uploaded(app, picture: Image.Image):
    file = io.BytesIO()
    picture.save(file, "PNG")
    return app.file_uploader[0].upload("a.png", file.getvalue(), "image/png").run()


def test_a_transparent_picture_is_shown_on_the_background_used_for_prediction(open_page, monkeypatch):
    shown = []
    monkeypatch.setattr(st, "image", shown.append)
    layer = Image.new("RGBA", (280, 280))
    layer.putalpha(Image.fromarray(paint(SEVEN)))
    app = uploaded(open_page("draw"), layer)
    assert 'data-testid="digit">7<' in card(app)
    assert shown[0].getextrema() == ((0, 255),) * 3


def test_the_model_input_of_a_picture_is_shown(open_page):
    picture = 255 - paint(SEVEN)
    picture[40:52, 250:262] = 0  # a speck, which is dropped
    app = uploaded(open_page("draw"), Image.fromarray(picture))
    (digit,) = Recognizer(open_run(SHIPPED)).predict_number(Image.fromarray(picture)).digits
    assert data_uri(digit.prediction.model_input) in card(app)


def test_the_occlusion_map_is_computed_only_while_its_expander_is_open(open_page, monkeypatch):
    calls = []
    explain = Explainer.explain
    monkeypatch.setattr(Explainer, "explain", lambda self, image: calls.append(1) or explain(self, image))
    app = drawn(open_page("draw"), STROKE)
    assert calls == []
    app.session_state["why"] = True
    app.run()
    assert len(calls) == 1
    html = card(app)
    assert "Occlusion map. Covering the" in html
    assert "costs the most: the odds of **7** against" in texts(app)
    assert "To turn it into a" in texts(app)


def test_the_what_if_sliders_change_the_prediction(open_page):
    app = drawn(open_page("draw"), STROKE)
    assert "Rotation (degrees)" not in [slider.label for slider in app.slider]
    app.session_state["change"] = True
    app.run()
    assert "**7**, over 99% sure" in texts(app)
    app.slider(key="sliders-rotation").set_value(-45.0).run()
    assert not app.exception
    assert "**7**, over 99% sure" not in texts(app)


def on_canvas(app) -> str:
    return " ".join(item["type"] for item in app.session_state["drawing"]["objects"])


def test_a_test_image_on_the_canvas_is_its_own_model_input_and_can_be_removed(open_page):
    image = np.floor(draw_strokes([np.array([[60.0, 60], [190, 60], [120, 220]])]) * 255 + 0.5).astype(np.uint8)
    expected = Recognizer(open_run(SHIPPED)).predict_normalized(image.astype(np.float32) / 255)
    picture = picture_object(image, 280)
    app = drawn(open_page("draw"), picture)
    assert f'data-testid="digit">{expected.digit}<' in card(app)
    for digit, probability in enumerate(expected.probabilities):
        assert f"{digit}: {probability:.1%}" in card(app) or probability > 0.999
    {b.label: b for b in app.main.button}["Undo"].click().run()
    assert "draw a digit" in texts(app)


def test_strokes_over_a_test_image_become_part_of_it(open_page):
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 13:16] = 255  # a one; closed to a nine or an eight by what is drawn over it, but no longer a one
    picture = picture_object(image, 280)
    app = drawn(open_page("draw"), picture)
    assert 'data-testid="digit">1<' in card(app)
    bar = {**STROKE, "path": [["M", 50, 45], ["L", 140, 45]]}
    app = drawn(app, picture, bar)
    assert 'data-testid="digit">7<' in card(app)
    {b.label: b for b in app.main.button}["Undo"].click().run()
    assert on_canvas(app) == "Image"
    assert 'data-testid="digit">1<' in card(app)


def test_the_drawing_that_a_test_image_replaced_can_be_restored(open_page):
    app = drawn(open_page("draw"), STROKE)
    app.session_state["drawing"] = {
        **app.session_state["drawing"],
        "objects": [picture_object(np.full((28, 28), 9, np.uint8), 280)],
        "before": [STROKE],
        "name": "MNIST test image 7, a 9",
    }
    app.run()
    assert "On the canvas: MNIST test image 7, a 9." in texts(app)
    {b.label: b for b in app.main.button}["Restore drawing"].click().run()
    assert app.session_state["drawing"]["objects"] == [STROKE]
    assert "On the canvas" not in texts(app)
    assert "Restore drawing" not in [b.label for b in app.main.button]


def test_an_invalid_image_is_reported_in_a_sentence(open_page):
    app = drawn(open_page("draw"), {"type": "Image", "src": "data:image/png;base64,bm9uZQ=="})
    assert "Clear it and draw again" in texts(app)


_CHANGES = [{"strokeWidth": 1e9}, {"path": [["M", 10**400, 1]]}, {"path": {}}, {"type": "Image"}]


@pytest.mark.parametrize("change", _CHANGES)
def test_an_invalid_message_from_the_canvas_is_reported_in_a_sentence(open_page, change):
    app = drawn(open_page("draw"), {**STROKE, **change})
    assert not app.exception
    assert "Clear it and draw again." in texts(app)


_SHAPES = [{"drawing": {"raw": {"objects": objects}}} for objects in (None, "path", {}, [None, 5, "path"])]


@pytest.mark.parametrize("message", [None, 5, [], {}, {"drawing": 5}, {"drawing": {"raw": []}}, *_SHAPES])
def test_only_shapes_are_kept_of_what_a_browser_sends(own_home, message):
    script = f"""
import streamlit as st
from pages.components import canvas

st.session_state["canvas"] = {message!r}
canvas._take()
"""
    app = AppTest.from_string(script, default_timeout=30).run()
    assert not app.exception, app.exception[0].stack_trace
    assert app.session_state["drawing"]["objects"] == []
