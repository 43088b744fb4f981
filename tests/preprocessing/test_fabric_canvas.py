import base64
import io

import numpy as np
import pytest
from PIL import Image

from digit_core.errors import InvalidStrokes
from digit_core.preprocessing.fabric_canvas import FARTHEST, WIDEST, Drawing, drawing_from_canvas, picture_object
from digit_core.preprocessing.pipeline import drawing_steps
from tests.resource_limits import is_quick


def _path(*commands, **extra):
    return {"type": "Path", "strokeWidth": 18, "path": [list(command) for command in commands], **extra}


def test_a_line_becomes_its_points():
    drawing = drawing_from_canvas([_path(("M", 10, 20), ("L", 30, 40))])
    assert np.array_equal(drawing.strokes[0], [[10, 20], [30, 40]])
    assert drawing.pen_width == 18


def test_a_curve_passes_through_its_midpoint_and_end():
    (stroke,) = drawing_from_canvas([_path(("M", 0, 0), ("Q", 10, 0, 10, 10))]).strokes
    assert np.allclose(stroke[2], [7.5, 2.5])  # a quarter of each end, half of the control point
    assert np.allclose(stroke[-1], [10, 10])


def test_an_empty_canvas_is_no_drawing():
    assert not drawing_from_canvas([])
    assert not drawing_from_canvas([{"type": "Rect", "left": 3}])


def test_a_stroke_that_was_moved_scaled_and_rotated_is_where_it_is_now():
    item = _path(("M", 0, 0), ("L", 10, 0), originX="center", originY="center", left=105, top=50, width=10, height=0)
    (stroke,) = drawing_from_canvas([{**item, "scaleX": 2, "scaleY": 2}]).strokes
    assert np.allclose(stroke, [[95, 50], [115, 50]])
    (turned,) = drawing_from_canvas([{**item, "angle": 90}]).strokes
    assert np.allclose(turned, [[105, 45], [105, 55]])


@pytest.mark.parametrize("path", [[["X", 1, 2]], [["Q", 1, 2, 3, 4]], "M 1 2", [["M", "a", "b"]], []])
def test_an_invalid_path_is_refused_with_a_remedy(path):
    with pytest.raises(InvalidStrokes, match="Clear it"):
        drawing_from_canvas([{"type": "Path", "path": path}])


@pytest.mark.parametrize("width", [1e9, 1e6, 10**400, -1e9, 0])
def test_a_pen_of_any_width_takes_no_time(width):
    def process():
        try:
            drawing = drawing_from_canvas([_path(("M", 10, 10), ("L", 90, 200), strokeWidth=width)])
            drawing_steps(drawing, 280)
            assert 0 <= drawing.pen_width <= WIDEST
        except InvalidStrokes as error:
            assert "strokeWidth is larger" in str(error)

    assert is_quick(process, 0.5)


def test_coordinates_far_outside_the_canvas_are_clipped():
    item = _path(("M", -900_000, 10), ("L", 90, 200))
    (stroke,) = drawing_from_canvas([item]).strokes
    assert stroke.tolist() == [[-FARTHEST, 10], [90, 200]]
    assert drawing_steps(drawing_from_canvas([item]), 280)[0].ink.any()


_BAD_NUMBERS = [float("nan"), float("inf"), 10**400, -1e300, "7", None, [1], {}, True]


@pytest.mark.parametrize("value", _BAD_NUMBERS)
@pytest.mark.parametrize("name", ["strokeWidth", "left", "top", "width", "height", "scaleX", "scaleY", "angle"])
def test_an_invalid_number_of_a_stroke_is_named(name, value):
    box = {"left": 10, "top": 10, "width": 80, "height": 190}
    with pytest.raises(InvalidStrokes, match=f"{name} is .* Clear it"):
        drawing_from_canvas([_path(("M", 10, 10), ("L", 90, 200), **box | {name: value})])


@pytest.mark.parametrize("value", _BAD_NUMBERS)
def test_an_invalid_coordinate_is_refused(value):
    for command in (("L", value, 5), ("Q", 1, 2, 3, value)):
        with pytest.raises(InvalidStrokes, match="a coordinate is .* Clear it"):
            drawing_from_canvas([_path(("M", 10, 10), command)])


@pytest.mark.parametrize("message", [None, 5, "objects", {"objects": []}, [None], [[]], ["path"], [_path(), 3]])
def test_a_message_that_is_not_a_list_of_shapes_is_refused(message):
    with pytest.raises(InvalidStrokes, match="Clear it"):
        drawing_from_canvas(message)


@pytest.mark.parametrize("path", [None, 5, {"M": 1}, [5], [None], [["M"]], [["M", 1]], [[["M"], 1, 2]], [["ML", 1, 2]]])
@pytest.mark.parametrize("origin", ["left", None, 5, [], "middle"])
def test_malformed_paths_and_origins_are_refused(path, origin):
    with pytest.raises(InvalidStrokes, match="Clear it"):
        drawing_from_canvas([{"type": "Path", "path": path, "left": 3, "width": 3, "height": 3, "originX": origin}])


@pytest.mark.parametrize(
    ("strokes", "commands"), [(20_000, []), (1, [("L", 2, 2)] * 60_000), (9, [("Q", 2, 2, 3, 3)] * 2000)]
)
def test_too_many_strokes_or_points_are_refused(strokes, commands):
    objects = [_path(("M", 1, 1), *commands)] * strokes
    with pytest.raises(InvalidStrokes, match="at most"):
        drawing_from_canvas(objects)


def test_error_messages_quote_little_of_the_message():
    with pytest.raises(InvalidStrokes) as error:
        drawing_from_canvas([{"type": "Path", "path": [["x" * 1_000_000, 1, 2]]}])
    assert len(str(error.value)) < 300


PICTURE = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)
STROKE = {"type": "Path", "strokeWidth": 18, "path": [["M", 60, 60], ["L", 190, 60]]}


def png(image: Image.Image, kind: str = "PNG") -> str:
    file = io.BytesIO()
    image.save(file, kind)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def test_a_test_image_survives_the_canvas_pixel_by_pixel():
    placed = picture_object(PICTURE, 280)
    assert (drawing_from_canvas([placed, STROKE]).picture == PICTURE).all()
    assert placed["width"] * placed["scaleX"] == pytest.approx(280)


def test_a_canvas_without_a_test_image_has_none():
    assert drawing_from_canvas([STROKE]).picture is None
    assert not drawing_from_canvas([])
    assert drawing_from_canvas([picture_object(PICTURE, 280)])


def test_an_image_alone_is_its_own_model_input():
    model_input = drawing_steps(Drawing((), 1.0, PICTURE), 280)[-1].ink
    assert model_input.dtype == np.float32
    assert np.array_equal(model_input, PICTURE.astype(np.float32) / 255)


def test_strokes_over_an_image_add_their_ink():
    image = np.zeros((28, 28), np.uint8)
    image[6:22, 13:16] = 255
    drawing = Drawing((np.array([[60.0, 140.0], [220.0, 140.0]]),), 24.0, image)
    with_stroke = drawing_steps(drawing, 280)[-1].ink
    assert with_stroke[13:15].max(axis=0)[5:23].min() > 0.5  # a bar from side to side
    assert with_stroke[:, 13:15].max(axis=1)[6:22].min() > 0.5  # and the image's own
    assert (drawing_steps(drawing, 280)[-1].ink == with_stroke).all()


@pytest.mark.parametrize(
    "source",
    [
        None,
        7,
        "https://example.org/7.png",
        "data:image/png;base64,####",
        "data:image/png;base64,bm8gcG5n",
        png(Image.new("L", (27, 28))),
        png(Image.new("L", (28, 28)), "GIF"),
        "data:image/png;base64," + "A" * 10_000_000,
    ],
)
def test_a_foreign_image_is_refused(source):
    with pytest.raises(InvalidStrokes, match="Clear it and draw again"):
        drawing_from_canvas([{"type": "image", "src": source}])
