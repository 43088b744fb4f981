import time

import numpy as np
import pytest

from digit_core.errors import InvalidStrokes
from digit_core.preprocessing.fabric_canvas import FARTHEST, WIDEST, drawing_from_canvas
from digit_core.preprocessing.pipeline import drawing_steps


def _path(*commands, **extra):
    return {"type": "Path", "strokeWidth": 18, "path": [list(command) for command in commands], **extra}


def test_a_line_comes_back_as_its_points():
    drawing = drawing_from_canvas([_path(("M", 10, 20), ("L", 30, 40))])
    assert np.array_equal(drawing.strokes[0], [[10, 20], [30, 40]])
    assert drawing.pen_width == 18


def test_a_curve_goes_through_its_middle_and_ends_where_it_should():
    (stroke,) = drawing_from_canvas([_path(("M", 0, 0), ("Q", 10, 0, 10, 10))]).strokes
    assert np.allclose(stroke[2], [7.5, 2.5])  # a quarter of each end, half of the control point
    assert np.allclose(stroke[-1], [10, 10])


def test_an_empty_canvas_is_no_drawing():
    assert not drawing_from_canvas([])
    assert not drawing_from_canvas([{"type": "Rect", "left": 3}])


def test_a_stroke_that_was_moved_and_doubled_is_read_where_it_is_now():
    item = _path(("M", 0, 0), ("L", 10, 0), originX="center", originY="center", left=105, top=50, width=10, height=0)
    (stroke,) = drawing_from_canvas([{**item, "scaleX": 2, "scaleY": 2}]).strokes
    assert np.allclose(stroke, [[95, 50], [115, 50]])
    (turned,) = drawing_from_canvas([{**item, "angle": 90}]).strokes
    assert np.allclose(turned, [[105, 45], [105, 55]])


@pytest.mark.parametrize("path", [[["X", 1, 2]], [["Q", 1, 2, 3, 4]], "M 1 2", [["M", "a", "b"]], []])
def test_a_path_that_is_none_is_refused_with_a_way_out(path):
    with pytest.raises(InvalidStrokes, match="Clear it"):
        drawing_from_canvas([{"type": "Path", "path": path}])


@pytest.mark.parametrize("width", [1e9, 1e6, 10**400, -1e9, 0])
def test_a_pen_of_any_width_takes_no_time(width):
    start = time.thread_time()
    try:
        drawing = drawing_from_canvas([_path(("M", 10, 10), ("L", 90, 200), strokeWidth=width)])
        drawing_steps(drawing, 280)
        assert 0 <= drawing.pen_width <= WIDEST
    except InvalidStrokes as error:
        assert "strokeWidth is larger" in str(error)
    assert time.thread_time() - start < 0.5


def test_what_lies_far_outside_of_the_canvas_comes_no_farther_than_the_bounds():
    item = _path(("M", -900_000, 10), ("L", 90, 200))
    (stroke,) = drawing_from_canvas([item]).strokes
    assert stroke.tolist() == [[-FARTHEST, 10], [90, 200]]
    assert drawing_steps(drawing_from_canvas([item]), 280)[0].ink.any()


_BAD_NUMBERS = [float("nan"), float("inf"), 10**400, -1e300, "7", None, [1], {}, True]


@pytest.mark.parametrize("value", _BAD_NUMBERS)
@pytest.mark.parametrize("name", ["strokeWidth", "left", "top", "width", "height", "scaleX", "scaleY", "angle"])
def test_a_number_of_a_stroke_that_is_none_is_named(name, value):
    box = {"left": 10, "top": 10, "width": 80, "height": 190}
    with pytest.raises(InvalidStrokes, match=f"{name} is .* Clear it"):
        drawing_from_canvas([_path(("M", 10, 10), ("L", 90, 200), **box | {name: value})])


@pytest.mark.parametrize("value", _BAD_NUMBERS)
def test_a_coordinate_that_is_none_is_refused(value):
    for command in (("L", value, 5), ("Q", 1, 2, 3, value)):
        with pytest.raises(InvalidStrokes, match="a coordinate is .* Clear it"):
            drawing_from_canvas([_path(("M", 10, 10), command)])


@pytest.mark.parametrize("message", [None, 5, "objects", {"objects": []}, [None], [[]], ["path"], [_path(), 3]])
def test_a_message_that_is_no_list_of_shapes_is_refused(message):
    with pytest.raises(InvalidStrokes, match="Clear it"):
        drawing_from_canvas(message)


@pytest.mark.parametrize("path", [None, 5, {"M": 1}, [5], [None], [["M"]], [["M", 1]], [[["M"], 1, 2]], [["ML", 1, 2]]])
@pytest.mark.parametrize("origin", ["left", None, 5, [], "middle"])
def test_whatever_else_a_path_is_it_is_refused(path, origin):
    with pytest.raises(InvalidStrokes, match="Clear it"):
        drawing_from_canvas([{"type": "Path", "path": path, "left": 3, "width": 3, "height": 3, "originX": origin}])


@pytest.mark.parametrize(
    ("strokes", "commands"), [(20_000, []), (1, [("L", 2, 2)] * 60_000), (9, [("Q", 2, 2, 3, 3)] * 2000)]
)
def test_more_strokes_or_points_than_a_drawing_has_are_refused(strokes, commands):
    objects = [_path(("M", 1, 1), *commands)] * strokes
    with pytest.raises(InvalidStrokes, match="at most"):
        drawing_from_canvas(objects)


def test_what_a_message_holds_is_not_repeated_at_length():
    with pytest.raises(InvalidStrokes) as error:
        drawing_from_canvas([{"type": "Path", "path": [["x" * 1_000_000, 1, 2]]}])
    assert len(str(error.value)) < 300
