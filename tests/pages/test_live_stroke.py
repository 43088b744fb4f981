"""The stroke under way: predicted while the pen is down, and never part of the drawing."""

import json

import pytest

from pages.components.live_stroke import SharedLoad
from tests.pages.conftest import texts, trigger

SEVEN = [[120, 120], [250, 120], [380, 120], [310, 280], [240, 440]]
PATH = {"type": "Path", "strokeWidth": 36, "path": [["M", 120, 120], ["L", 380, 120], ["L", 240, 440]]}


def listener(app):
    return next(c.proto for c in app.get("bidi_component") if c.proto.component_name == "live_stroke")


def send(app, points, number=1):
    return trigger(app, listener(app).id, "points", {"number": number, "points": points})


def predicted(app) -> bool:
    return any('data-testid="digit">7<' in element.proto.body for element in app.get("html"))


def test_a_stroke_under_way_is_predicted_and_is_not_part_of_the_drawing(open_page):
    app = send(open_page("draw"), SEVEN)
    assert predicted(app)
    assert app.session_state["drawing"]["objects"] == []
    app.run()
    assert not predicted(app)
    assert "draw a digit" in texts(app)


def test_each_message_is_answered_with_its_number(open_page):
    app = open_page("draw")
    assert json.loads(listener(app).json)["answered"] == 0
    for number in (1, 2, 7):
        app = send(app, SEVEN, number)
        assert json.loads(listener(app).json)["answered"] == number


def test_it_is_added_to_the_finished_strokes(open_page):
    app = open_page("draw")
    bar, rest = SEVEN[:3], SEVEN[2:]
    app.session_state["drawing"] = {
        "objects": [{**PATH, "path": [["M", *bar[0]], *(["L", *point] for point in bar[1:])]}],
        "initial": {"objects": []},
        "revision": 1,
        "mounted": True,
        "fresh": False,
        "kept": [],
    }
    assert not predicted(app.run())
    assert predicted(send(app, rest))


def test_a_stroke_that_is_finished_meanwhile_counts_once(open_page):
    app = open_page("draw")
    app.session_state["live_stroke"] |= {"lifted": True}  # as if the canvas's message came with it
    assert not predicted(send(app, SEVEN))
    assert predicted(send(app, SEVEN, 2))


@pytest.mark.parametrize(
    "points",
    [None, "x", 3, {}, [], [[1, 2]], ["a", "b"], [[1], [2]], [[1, "x"], [2, 3]], [[1e300, 0], [0, 0]], [None, None]],
)
def test_whatever_a_browser_sends_the_page_stays(open_page, points):
    app = send(open_page("draw"), points)
    assert not app.exception
    assert json.loads(listener(app).json)["answered"] == 1
    assert predicted(send(app, SEVEN, 2))


@pytest.mark.parametrize("value", [None, "x", [], {"number": "1", "points": SEVEN}, {"points": SEVEN}])
def test_a_message_without_a_number_is_ignored(open_page, value):
    app = open_page("draw")
    app = trigger(app, listener(app).id, "points", value)
    assert not app.exception
    assert not predicted(app)


def test_one_window_hardly_pauses_and_many_share_a_fifth_of_a_processor():
    load = SharedLoad()
    alone = [load.pause("a", 0.03, now / 10, now / 10) for now in range(20)]
    assert max(alone) < 0.1
    for count in (4, 40):
        load = SharedLoad()
        for window in range(count):
            pause = load.pause(str(window), 0.03, 1.0, 0.3)
        assert (count - 1) * 0.03 / pause == pytest.approx(0.2, rel=0.01)


def test_a_window_that_no_longer_draws_leaves_its_share_to_the_others():
    load = SharedLoad()
    for window in range(50):
        load.pause(str(window), 0.03, 0.0, 0.0)
    assert load.pause("a", 0.03, 1.0, 0.3) > 5
    assert load.pause("a", 0.03, 7.0, 0.6) < 0.1


def test_a_busy_app_predicts_at_the_lift_of_the_pen_alone():
    load = SharedLoad()
    for second in range(5):
        for window in "ab":
            pause = load.pause(window, 0.03, float(second), 0.9 * second)
    assert pause >= 10
    for second in range(5, 10):
        for window in "ab":
            pause = load.pause(window, 0.03, float(second), 4.5 + 0.1 * (second - 5))
    assert pause < 0.2
