import base64
import io
import json
import re
from html import escape

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from digit_core import Recognizer
from digit_core.inference.occlusion import Explainer
from digit_core.preprocessing.fabric_canvas import drawing_from_canvas, picture_object
from digit_core.preprocessing.strokes import draw_strokes
from digit_core.runs.active_run import activate
from digit_core.runs.run import SHIPPED, open_run
from digit_core.storage import paths
from pages.components.image_html import data_uri
from pages.components.percentages import probability as in_percent
from pages.draw_sections.text_edits import edits_between
from scripts.benchmarks.drawings import FOUR, SEVEN, paint
from tests.pages.conftest import go_to, texts

STROKE = {
    "type": "Path",
    "strokeWidth": 36,
    "path": [["M", 120, 120], ["L", 380, 120], ["L", 240, 440]],
}


def drawn(app, *objects):
    app.session_state["drawing"] = {
        "objects": list(objects),
        "initial": {"objects": []},
        "revision": 1,
        "mounted": True,
        "fresh": False,
        "kept": [],
    }
    return app.run()


def press(app, name):
    return next(button for button in app.main.button if button.label == name).click().run()


def digit_boxes(app) -> str:
    cards = [c.proto for c in app.get("bidi_component") if c.proto.component_name == "digit_boxes"]
    return "".join(json.loads(card.json)["html"] for card in cards)


def card(app) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_a_blank_canvas_gets_no_prediction(open_page):
    app = open_page("draw")
    assert "draw a digit" in texts(app)
    markup = re.sub(r"<style>.*?</style>", "", card(app), flags=re.DOTALL)
    assert "data-testid" not in markup
    assert all(b.disabled for b in app.main.button if b.label in {"Undo", "Clear"})


def test_a_drawing_gets_all_ten_probabilities_and_its_model_input(open_page):
    html = card(drawn(open_page("draw"), STROKE))
    assert 'data-testid="digit">7<' in html
    assert all(f"{digit}: " in html for digit in range(10))
    assert "data:image/png" in html


def sevens(*lefts):
    return [{**STROKE, "path": [["M", x, 180], ["L", x + 120, 180], ["L", x + 60, 380]]} for x in lefts]


def test_several_digits_side_by_side_are_the_answer_and_each_has_its_box(open_page):
    app = drawn(open_page("draw"), *sevens(40, 220, 400))
    assert 'data-testid="number">777<' in card(app)
    assert 'data-testid="digit"' not in card(app)  # no question mark above the number
    assert digit_boxes(app).count("<button") == 3
    assert "does not look like a digit" not in card(app)


def test_one_digit_or_a_line_is_no_number(open_page):
    for objects in (sevens(220), [{**STROKE, "path": [["M", 40, 280], ["L", 520, 280]]}]):
        assert 'data-testid="number"' not in card(drawn(open_page("draw"), *objects))


def test_the_box_of_a_digit_opens_its_full_card_until_the_number_changes(open_page):
    app = drawn(open_page("draw"), *sevens(40, 220, 400))
    box = json.loads(digit_boxes(app).split('data-box="')[2].split('"')[0])
    app.session_state["canvas-digits-opened"] = ("canvas", tuple(box))
    app.run()
    assert "Digit 2 of 3" in texts(app)
    assert 'aria-label="Probabilities. 0: ' in card(app)
    app = drawn(app, *sevens(40, 400))
    assert 'data-testid="number">77<' in card(app)
    assert "Digit 2 of" not in texts(app)


def test_what_does_not_look_like_a_digit_has_no_bars_beside_it(open_page):
    app = drawn(open_page("draw"), {**STROKE, "strokeWidth": 900})
    html = card(app)
    assert "does not look like a digit" in html
    assert html.index("<details>") < html.index('aria-label="Probabilities.') < html.index("</details>")


def test_a_canvas_painted_all_over_still_gets_a_prediction(open_page):
    scribble = [["M", 80, 80], *(["L", x, y] for x, y in ((480, 120), (80, 220), (480, 320), (80, 420), (480, 500)))]
    app = drawn(open_page("draw"), {**STROKE, "strokeWidth": 900, "path": scribble})
    assert "does not look like a digit" in card(app)


def test_a_canvas_full_of_marks_still_gets_a_prediction(open_page):
    dots = [
        {**STROKE, "strokeWidth": 12, "path": [["M", x, y], ["L", x + 6, y]]}
        for x in range(20, 540, 32)
        for y in range(20, 540, 32)
    ]
    app = drawn(open_page("draw"), *dots)
    assert '<div class="sure">' in card(app)  # of a digit or of none: a lattice of dots is neither drawing nor scribble
    assert not app.error


def test_undo_removes_the_last_stroke_and_clear_all_strokes(open_page):
    app = drawn(open_page("draw"), STROKE, {**STROKE, "path": [["M", 200, 280], ["L", 360, 280]]})
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


def test_a_transparent_picture_is_shown_on_the_background_used_for_prediction(open_page):
    layer = Image.new("RGBA", (280, 280))
    layer.putalpha(Image.fromarray(paint(SEVEN)))
    app = uploaded(open_page("draw"), layer)
    assert 'data-testid="digit">7<' in card(app)
    jpeg = base64.b64decode(digit_boxes(app).split("data:image/jpeg;base64,")[1].split('"')[0])
    assert all(low < 10 and high > 245 for low, high in Image.open(io.BytesIO(jpeg)).getextrema())


def test_the_digits_of_a_picture_are_boxes_in_their_places(open_page):
    app = uploaded(open_page("draw"), Image.fromarray(255 - np.hstack([paint(SEVEN), paint(FOUR)])))
    assert 'data-testid="number">74<' in card(app)
    assert digit_boxes(app).count("<button") == 2
    assert "Probabilities." not in card(app)
    left = [float(each.split("%")[0]) for each in digit_boxes(app).split('style="left:')[1:]]
    assert left[0] < 50 < left[1]


def test_a_picture_that_is_added_is_shown_and_another_can_be_chosen(open_page):
    app, files = open_page("draw"), []
    for name, digits in (("a.png", (SEVEN, FOUR)), ("b.png", (FOUR, SEVEN)), ("c.png", (FOUR, FOUR))):
        file = io.BytesIO()
        Image.fromarray(255 - np.hstack([paint(strokes) for strokes in digits])).save(file, "PNG")
        files.append((name, name, file.getvalue(), "image/png"))
        app.file_uploader[0]._files = list(files)  # `set_value` gives all of them new identifiers
        app.run()
    assert 'data-testid="number">44<' in card(app)
    choice = next(box for box in app.selectbox if box.label == "Picture")
    choice.set_value(0).run()
    assert 'data-testid="number">74<' in card(app)


def test_pictures_and_their_corrections_are_still_there_after_a_visit_to_another_page(open_page):
    app = uploaded(open_page("draw"), Image.fromarray(255 - np.hstack([paint(SEVEN), paint(FOUR)])))
    box = tuple(json.loads(digit_boxes(app).split('data-box="')[2].split('"')[0]))
    (source,) = app.session_state["picture_results"]
    app.session_state["corrections"] = {source: {box: 9}}
    go_to(app, "my_drawings")
    go_to(app, "draw")
    assert 'data-testid="number">79<' in card(app)
    assert "1 picture from before" in texts(app)
    press(app, "Remove")
    assert 'data-testid="number"' not in card(app)
    go_to(app, "results")
    go_to(app, "draw")
    assert 'data-testid="number"' not in card(app)


def test_a_text_that_is_edited_is_the_answer_and_can_be_taken_back(open_page):
    app = uploaded(open_page("draw"), Image.fromarray(255 - np.hstack([paint(SEVEN), paint(FOUR)])))
    (area,) = app.text_area
    assert area.value == "74"
    area.set_value("74.50  <b>").run()
    assert 'data-testid="number">74.50 &lt;b&gt;<' in card(app)
    assert "Text edited." in card(app)
    press(app, "Undo all edits")
    assert 'data-testid="number">74<' in card(app)
    assert app.text_area[0].value == "74"


def test_the_table_has_edited_texts_and_none_that_are_edited_away(open_page):
    app = uploaded(open_page("draw"), Image.fromarray(255 - np.vstack([paint(SEVEN), paint(FOUR), paint(FOUR)])))
    app.text_area[0].set_value("71\n\n4").run()
    table = app.dataframe[0].value
    assert table["text"].tolist() == ["71", "4"]
    assert table["line"].tolist() == [1, 3]
    assert table["problem"].tolist() == ["Text edited.", ""]


@pytest.mark.parametrize(
    ("after", "edits"),
    [
        (["12", "34", "56"], {}),
        (["34", "56"], {0: ""}),  # the others are the same
        (["12", "3.4", "56"], {1: "3.4"}),
        (["12", "34", "56", "78"], {3: "78"}),
        ([], {0: "", 1: "", 2: ""}),
    ],
)
def test_only_lines_that_were_changed_are_edited(after, edits):
    assert edits_between(["12", "34", "56"], after) == edits


def test_a_corrected_digit_goes_into_the_answer(open_page):
    app = drawn(open_page("draw"), *sevens(40, 220, 400))
    box = tuple(json.loads(digit_boxes(app).split('data-box="')[2].split('"')[0]))
    for digit, text in ((1, "717"), (10, "77")):
        app.session_state["corrections"] = {"canvas": {box: digit}}
        app.run()
        assert f'data-testid="number">{text}<' in card(app)
        assert "1 corrected" in card(app)
    assert "corrected to: not a digit" in digit_boxes(app)


def test_the_tab_is_in_the_address(open_page):
    app = open_page("draw", tab="upload")
    assert app.session_state["input"] == "Upload"
    assert open_page("draw").session_state["input"] == "Draw"


def test_the_presentation_is_in_the_address_and_a_button_leaves_it(open_page):
    app = open_page("draw")
    press(app, "Present")
    assert app.query_params["present"] == "1"
    assert "stSidebar]" in card(app)  # hidden
    press(app, "Leave (Esc)")
    assert "present" not in app.query_params
    assert "stSidebar]" not in card(app)


def test_the_prediction_does_not_depend_on_the_size_of_the_canvas():
    recognizer = Recognizer(open_run(SHIPPED))
    drawing = drawing_from_canvas([STROKE, {**STROKE, "path": [["M", 200, 280], ["L", 360, 280]]}])
    expected = recognizer.predict_drawing(drawing, 560).prediction
    for factor in (0.5, 0.7, 1.5):
        scaled = recognizer.predict_drawing(drawing.scaled(factor), round(560 * factor)).prediction
        assert scaled.digit == expected.digit
        assert np.allclose(scaled.probabilities, expected.probabilities, atol=1e-3)


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
    assert re.search(r"\*\*7\*\*, (> )?99\.", texts(app))
    app.slider(key="sliders-rotation").set_value(-45.0).run()
    assert not app.exception
    assert not re.search(r"\*\*7\*\*, (> )?99\.", texts(app))


def on_canvas(app) -> str:
    return " ".join(item["type"] for item in app.session_state["drawing"]["objects"])


def test_a_test_image_on_the_canvas_is_its_own_model_input_and_can_be_removed(open_page):
    image = np.floor(draw_strokes([np.array([[60.0, 60], [190, 60], [120, 220]])]) * 255 + 0.5).astype(np.uint8)
    expected = Recognizer(open_run(SHIPPED)).predict_normalized(image.astype(np.float32) / 255)
    picture = picture_object(image, 560)
    app = drawn(open_page("draw"), picture)
    assert f'data-testid="digit">{expected.digit}<' in card(app)
    for digit, probability in enumerate(expected.probabilities):
        assert f"{digit}: {escape(in_percent(probability))}" in card(app)
    {b.label: b for b in app.main.button}["Undo"].click().run()
    assert "draw a digit" in texts(app)


def test_strokes_over_a_test_image_become_part_of_it(open_page):
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 13:16] = 255  # a one; closed to a nine or an eight by what is drawn over it, but no longer a one
    picture = picture_object(image, 560)
    app = drawn(open_page("draw"), picture)
    assert 'data-testid="digit">1<' in card(app)
    bar = {**STROKE, "path": [["M", 100, 90], ["L", 280, 90]]}
    app = drawn(app, picture, bar)
    assert 'data-testid="digit">7<' in card(app)
    {b.label: b for b in app.main.button}["Undo"].click().run()
    assert on_canvas(app) == "Image"
    assert 'data-testid="digit">1<' in card(app)


def test_the_drawing_that_a_test_image_replaced_can_be_restored(open_page):
    app = drawn(open_page("draw"), STROKE)
    app.session_state["drawing"] = {
        **app.session_state["drawing"],
        "objects": [picture_object(np.full((28, 28), 9, np.uint8), 560)],
        "kept": [{"objects": [STROKE], "by": "replaced by a picture", "name": None}],
        "name": "MNIST test image 7, a 9",
    }
    app.run()
    assert "On the canvas: MNIST test image 7, a 9." in texts(app)
    {b.label: b for b in app.main.button}["Restore drawing"].click().run()
    assert app.session_state["drawing"]["objects"] == [STROKE]
    assert "On the canvas" not in texts(app)
    assert "Restore drawing" not in [b.label for b in app.main.button]


def test_undo_brings_back_what_was_cleared(open_page):
    app = press(drawn(open_page("draw"), STROKE), "Clear")
    assert app.session_state["drawing"]["objects"] == []
    app = press(app, "Undo")
    assert app.session_state["drawing"]["objects"] == [STROKE]
    assert 'data-testid="digit">7<' in card(app)


def test_undo_brings_back_corrections_and_another_drawing_does_not(open_page):
    app = drawn(open_page("draw"), *sevens(40, 220, 400))
    box = tuple(json.loads(digit_boxes(app).split('data-box="')[2].split('"')[0]))
    app.session_state["corrections"] = {"canvas": {box: 1}}
    app.run()
    press(press(app, "Clear"), "Undo")
    assert 'data-testid="number">717<' in card(app)
    press(app, "Clear")
    drawn(app, *sevens(10, 190))
    assert 'data-testid="number">77<' in card(app)
    drawn(app, *sevens(40, 220, 400))
    assert 'data-testid="number">777<' in card(app)


_CANVAS = f"""
import numpy as np
import streamlit as st
from types import SimpleNamespace
from pages.components import canvas

STROKE = {STROKE!r}
state, image = canvas._state(), np.zeros((28, 28), np.uint8)


def stored(message):
    st.session_state[canvas._MEMORY] = SimpleNamespace(stored=message)
    canvas._restore_stored()
"""


def canvas_state(steps: str) -> dict:
    app = AppTest.from_string(_CANVAS + steps, default_timeout=30).run()
    assert not app.exception, app.exception[0].stack_trace
    return app.session_state["drawing"]


def test_the_drawing_of_a_session_before_is_kept_when_a_picture_comes_first(own_home):
    """The image was opened by a link: the browser's drawing is asked for only when the canvas is shown."""
    state = canvas_state("canvas.put_picture(image, 'a 0'); stored({'objects': [STROKE], 'replaced': []})")
    assert [item["type"] for item in state["objects"]] == ["Image"]
    assert [kept["objects"] for kept in state["kept"]] == [[STROKE]]
    state = canvas_state(
        "canvas.put_picture(image, 'a 0'); stored({'objects': [STROKE], 'replaced': []}); canvas._restore_replaced()"
    )
    assert state["objects"] == [STROKE]


def test_strokes_over_a_picture_are_kept_when_another_picture_comes(own_home):
    state = canvas_state(
        "canvas.put_picture(image, 'a 0'); state['objects'] += [STROKE]; canvas.put_picture(image, 'a 1')"
    )
    assert [[item["type"] for item in kept["objects"]] for kept in state["kept"]] == [["Image", "Path"]]
    assert state["name"] == "a 1"


def test_replaced_drawings_come_back_after_a_reload(own_home):
    state = canvas_state("stored({'objects': [], 'replaced': [[STROKE]]})")
    assert [kept["objects"] for kept in state["kept"]] == [[STROKE]]


@pytest.mark.parametrize("message", [None, 5, [], {"objects": 5}, {"replaced": [None, 5, [7]]}, {"replaced": {}}])
def test_a_damaged_store_of_the_browser_restores_nothing(own_home, message):
    state = canvas_state(f"stored({message!r})")
    assert (state["objects"], state["kept"]) == ([], [])


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
