import ctypes
import time

import pytest

from digit_core.access.sandbox import Reply, Sandbox, Stopped
from digit_core.errors import InvalidImage, NoInk


def answer(number: int) -> Reply:
    return {"number": number + 1}, b"bytes"


def refuse() -> Reply:
    raise NoInk("There is nothing.")


def crash() -> Reply:
    ctypes.string_at(0)
    return {}, b""


def take_memory() -> Reply:
    return {"size": len(bytearray(2_000_000_000))}, b""


def take_time() -> Reply:
    while True:
        pass


def wait_for_long() -> Reply:
    time.sleep(600)
    return {}, b""


def stumble() -> Reply:
    raise KeyError("a bug")


@pytest.fixture(scope="module")
def sandbox():
    sandbox = Sandbox(seconds=1)
    yield sandbox
    sandbox.close()


def test_an_answer_and_an_error_come_back(sandbox):
    assert sandbox.call(answer, 1) == ({"number": 2}, b"bytes")
    with pytest.raises(NoInk, match=r"There is nothing\."):
        sandbox.call(refuse)


@pytest.mark.parametrize("work", [crash, take_memory, take_time])
def test_work_that_crashes_or_takes_too_much_is_stopped_and_the_next_is_done(sandbox, work):
    with pytest.raises(Stopped, match="too much time or memory"):
        sandbox.call(work)
    assert sandbox.call(answer, 2)[0] == {"number": 3}


def test_work_that_waits_is_stopped():
    sandbox = Sandbox(patience=3)
    try:
        with pytest.raises(Stopped):
            sandbox.call(wait_for_long)
    finally:
        sandbox.close()


def test_a_bug_keeps_its_traceback(sandbox):
    with pytest.raises(RuntimeError, match="in stumble"):
        sandbox.call(stumble)


def test_a_picture_comes_back_as_it_is_and_a_broken_one_is_refused():
    from PIL import Image

    from digit_core.preprocessing.untrusted_pictures import open_untrusted
    from tests.preprocessing import crafted

    picture = Image.linear_gradient("L").resize((40, 30)).convert("RGB")
    found = open_untrusted(crafted.saved(picture, "PNG"), "a.png")
    assert (found.mode, found.size, found.tobytes()) == ("RGB", (40, 30), picture.tobytes())
    with pytest.raises(InvalidImage, match="a.png"):
        open_untrusted(b"nothing", "a.png")
    with pytest.raises(InvalidImage, match="at most 25 MB"):
        open_untrusted(bytes(25_000_001), "a.png")
