import numpy as np
import pytest

from digit_core.errors import InvalidStrokes
from digit_core.reading.canvas_paths import drawing_from_canvas


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
