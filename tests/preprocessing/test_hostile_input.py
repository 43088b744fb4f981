"""Arbitrary drawings and pictures are either processed or refused with a DigitError, quickly.

A few hundred inputs each time; `DIGITS_EXAMPLES=20000` takes that many.
"""

import base64
import contextlib
import io
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from digit_core import DigitError, Recognizer
from digit_core.preprocessing.fabric_canvas import drawing_from_canvas
from digit_core.preprocessing.image_files import open_picture
from digit_core.preprocessing.pipeline import drawing_steps
from tests.preprocessing import crafted
from tests.resource_limits import is_quick

_EXAMPLES = settings(
    deadline=None,
    max_examples=int(os.environ.get("DIGITS_EXAMPLES", "300")),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
_HUGE = [1e9, -1e9, 1e300, 10**400, -(10**30), float("nan"), float("inf"), -float("inf"), 5e-324, 2**63, -0.0]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from(_HUGE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
_NUMBER = st.floats(-50, 330) | st.integers(-10, 300) | st.sampled_from(_HUGE) | _JSON
_PLAUSIBLE = st.integers(0, 280)
_COMMAND = st.one_of(
    st.tuples(st.sampled_from("ML"), _PLAUSIBLE, _PLAUSIBLE).map(list),
    st.tuples(st.just("Q"), *[_PLAUSIBLE] * 4).map(list),
    st.tuples(st.sampled_from(["M", "L", "Q", "Z", "ML", "", None]), st.lists(_NUMBER, max_size=5)).map(
        lambda parts: [parts[0], *parts[1]]
    ),
    _JSON,
)
_NAMES = ["strokeWidth", "left", "top", "width", "height", "scaleX", "scaleY", "angle", "originX", "originY"]
_PATHS = st.lists(_COMMAND, max_size=6).map(lambda commands: [["M", 40, 50], ["L", 90, 160], *commands]) | _JSON
_FILES = crafted.pictures()
_INTERESTING = [b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\1\0\0", b"\0\0\1\0", b"\x40"]
_EDITS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "insert", "delete", "overwrite", "repeat", "cut"]),
        st.floats(0, 1) | st.floats(0, 0.2),
        st.integers(1, 255),
        st.sampled_from(_INTERESTING) | st.binary(min_size=1, max_size=8),
    ),
    max_size=5,
)


def edited(content: bytes, edits: list) -> bytes:
    for kind, place, amount, some in edits:
        at = int(place * len(content))
        before, after = content[:at], content[at:]
        if kind == "flip" and after:
            content = before + bytes([after[0] ^ amount]) + after[1:]
        elif kind == "insert":
            content = before + some + after
        elif kind == "delete":
            content = before + after[amount:]
        elif kind == "overwrite":
            content = before + some + after[len(some) :]
        elif kind == "repeat":
            content = before + after[:amount] * 20 + after
        elif kind == "cut" and amount > 200:
            content = before
    return content


def _address(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


_TEST_IMAGE = crafted.saved(Image.linear_gradient("L").resize((28, 28)), "PNG")
_SOURCE = _EDITS.map(lambda edits: _address(crafted.with_right_checksums(edited(_TEST_IMAGE, edits)))) | _JSON
_OBJECT = st.fixed_dictionaries(
    {"type": st.sampled_from(["path", "Path"]), "path": _PATHS},
    optional=dict.fromkeys(_NAMES, _NUMBER | st.sampled_from(["center", "left"])),
)
_PICTURE = st.fixed_dictionaries({"type": st.just("Image")}, optional={"src": _SOURCE})
_MESSAGES = st.lists(_OBJECT, max_size=4) | st.lists(_OBJECT | _PICTURE | _JSON, max_size=4) | _JSON


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load("shipped")


def quick(action) -> None:
    def attempt() -> None:
        with contextlib.suppress(DigitError):
            action()

    assert is_quick(attempt)


@_EXAMPLES
@given(_MESSAGES)
def test_arbitrary_canvas_messages(message):
    quick(lambda: drawing_steps(drawing_from_canvas(message), 280))


@_EXAMPLES
@given(st.lists(_JSON | st.lists(st.tuples(_NUMBER, _NUMBER), max_size=4), max_size=4) | _JSON, _NUMBER)
def test_arbitrary_strokes(recognizer, strokes, pen_width):
    quick(lambda: recognizer.predict_strokes(strokes, pen_width))


@_EXAMPLES
@given(st.sampled_from(sorted(_FILES)), _EDITS, st.booleans(), st.sampled_from([None, 20, 1200]))
def test_arbitrary_picture_files(recognizer, name, edits, repair, enough):
    content = edited(_FILES[name], edits)
    if repair and name.startswith("PNG"):
        content = crafted.with_right_checksums(content)

    def read():
        image = open_picture(io.BytesIO(content), name, enough)
        with contextlib.suppress(DigitError):
            recognizer.predict(image)
        recognizer.predict_number(image)

    quick(read)
