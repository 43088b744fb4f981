import math
import re

import pytest
from playwright.sync_api import expect

from scripts.benchmarks.browser_actions import draw, expect_prediction, predicted_digit, settled
from tests.browser.actions import expect_strokes, press

pytestmark = pytest.mark.browser

SEVEN = [(60, 60), (190, 60), (120, 220)]
ONE = [(40, 150), (40, 250)]
ZERO = [(215 + 30 * math.sin(t / 4), 70 - 45 * math.cos(t / 4)) for t in range(26)]


def test_draw_a_seven_clear_it_then_a_one_and_a_zero_off_centre(app, page):
    page.goto(app)
    expect(page.get_by_text("The canvas is blank: draw a digit.")).to_be_visible()
    draw(page, SEVEN)
    expect_prediction(page, "7")
    press(page, "Clear")
    expect(page.get_by_text("The canvas is blank: draw a digit.")).to_be_visible()
    draw(page, ONE)
    expect_prediction(page, "1")
    press(page, "Clear")
    expect(predicted_digit(page)).to_have_count(0)
    draw(page, ZERO)
    expect_prediction(page, "0")


def test_undo_takes_one_stroke_away_and_drawing_goes_on(app, page):
    page.goto(app)
    draw(page, SEVEN)
    expect_prediction(page, "7")
    draw(page, [(20, 20), (260, 20), (260, 260), (20, 260), (20, 20)])
    expect(predicted_digit(page)).not_to_have_text("7")
    expect_strokes(page, 2)
    press(page, "Undo")
    expect_prediction(page, "7")
    press(page, "Undo")
    expect(page.get_by_text("The canvas is blank: draw a digit.")).to_be_visible()
    draw(page, SEVEN)
    expect_prediction(page, "7")


def test_the_drawing_survives_another_page_and_can_be_gone_on_with(app, page):
    page.goto(app)
    draw(page, SEVEN)
    expect_prediction(page, "7")
    page.get_by_role("link", name="Results", exact=True).click()
    expect(page.get_by_role("heading", name="Results")).to_be_visible()
    page.get_by_role("link", name="Draw", exact=True).click()
    expect_prediction(page, "7")
    press(page, "Undo")
    expect(page.get_by_text("The canvas is blank: draw a digit.")).to_be_visible()


def test_the_drawing_survives_a_reload_in_its_own_tab_and_what_was_cleared_is_gone(app, page):
    page.goto(app)
    draw(page, SEVEN)
    expect_prediction(page, "7")
    expect_strokes(page, 1)
    page.reload()
    expect_prediction(page, "7")
    draw(page, [(20, 20), (260, 20), (260, 260), (20, 260), (20, 20)])
    expect(predicted_digit(page)).not_to_have_text("7")
    press(page, "Undo")
    expect_prediction(page, "7")
    other = page.context.new_page()
    other.goto(app)
    expect(other.get_by_text("The canvas is blank: draw a digit.")).to_be_visible()
    press(page, "Undo")
    expect(page.get_by_text("The canvas is blank: draw a digit.")).to_be_visible()
    settled(page)
    page.reload()
    expect(page.get_by_text("The canvas is blank: draw a digit.")).to_be_visible()
    draw(page, SEVEN)
    expect_prediction(page, "7")


def test_the_prediction_follows_the_pen_and_the_finished_stroke_is_whole(app, page):
    page.goto(app)
    canvas = page.locator("canvas.upper-canvas")
    canvas.wait_for()
    settled(page)
    box = canvas.bounding_box()
    side = page.evaluate("document.querySelector('.st-key-canvas-place').getBoundingClientRect().width")
    corners = [(60 + 13 * step, 60) for step in range(11)] + [(190 - 7 * step, 60 + 16 * step) for step in range(1, 11)]
    points = [(box["x"] + x * side / 280, box["y"] + y * side / 280) for x, y in corners]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    expect_prediction(page, "7")  # while the pen is down
    page.mouse.move(points[-1][0] - 5, points[-1][1] + 10)  # the stroke goes on
    page.mouse.up()
    page.wait_for_function(
        """() => JSON.parse(sessionStorage.getItem('digit-lab-canvas') ?? '{}').objects?.[0]?.path.length > 20"""
    )
    expect_prediction(page, "7")
    press(page, "Undo")
    expect(page.get_by_text("The canvas is blank: draw a digit.")).to_be_visible()


def canvas_side(page) -> float:
    box = page.locator("canvas.upper-canvas").bounding_box()
    assert box["width"] == box["height"]
    return box["width"]


def test_the_canvas_grows_with_the_window_and_its_drawing_with_it(app, page):
    page.goto(app)
    draw(page, SEVEN)
    expect_prediction(page, "7")
    expect_strokes(page, 1)
    settled(page)
    probabilities = page.locator('[aria-label^="Probabilities."]').get_attribute("aria-label")
    assert 340 < canvas_side(page) < 400
    canvas = page.locator("canvas.upper-canvas").bounding_box()
    assert page.get_by_test_id("digit").bounding_box()["x"] > canvas["x"] + canvas["width"]  # beside it
    assert page.locator(".prediction").bounding_box()["y"] + 300 < 900  # above the fold
    page.set_viewport_size({"width": 1920, "height": 1080})
    expect(page.locator("canvas.upper-canvas")).to_have_css("width", "560px")
    assert page.locator('[aria-label^="Probabilities."]').get_attribute("aria-label") == probabilities
    press(page, "Clear")
    draw(page, SEVEN)  # with the pointer on the larger canvas
    expect_prediction(page, "7")
    expect_strokes(page, 1)
    press(page, "Clear")
    page.locator("button", has_text="Undo").click()
    expect_prediction(page, "7")


def test_the_presentation_fills_the_screen_and_escape_leaves_it(app, page):
    page.goto(app)
    draw(page, SEVEN)
    expect_prediction(page, "7")
    before = canvas_side(page)
    page.get_by_role("button", name="Present").click()
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page).to_have_url(re.compile("present=1"))
    expect_prediction(page, "7")
    assert canvas_side(page) > before + 100
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stSidebar")).to_be_visible()
    expect(page).not_to_have_url(re.compile("present=1"))
    expect_prediction(page, "7")


def test_the_tour_is_shown_once_and_blocks_no_drawing(app, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(app)
    tour = page.get_by_label("Tour", exact=True)
    expect(tour).to_contain_text("1 of 3")
    draw(page, SEVEN)
    expect_prediction(page, "7")
    tour.get_by_role("button", name="Next").click()
    expect(tour).to_contain_text("See why")
    tour.get_by_role("button", name="Skip the tour").click()
    expect(tour).to_be_hidden()
    expect_strokes(page, 1)
    page.reload()
    expect_prediction(page, "7")
    settled(page)
    expect(tour).to_be_hidden()
    context.close()


def test_clear_works_from_the_keyboard(app, page):
    page.goto(app)
    draw(page, SEVEN)
    expect_prediction(page, "7")
    page.locator("button", has_text="Clear").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The canvas is blank: draw a digit.")).to_be_visible()


@pytest.mark.parametrize("name", ["", "results", "mistakes", "compare", "runs", "training", "join"])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_nothing_is_cut_off_on_a_phone(app, browser, name, colours):
    context = browser.new_context(viewport={"width": 400, "height": 800}, color_scheme=colours, has_touch=True)
    page = context.new_page()
    page.goto(f"{app}/{name}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    too_wide = page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stMain] *')]
            .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && e.checkVisibility()
                         && !e.closest('[data-testid=stDataFrame], [role=tablist]'))
            .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert not too_wide
    context.close()


def test_a_finger_draws_too(app, browser):
    context = browser.new_context(viewport={"width": 400, "height": 800}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(app)
    canvas = page.locator("canvas.upper-canvas")
    canvas.wait_for()
    expect(page.locator(".dc-toolbar")).to_be_hidden()
    box = canvas.bounding_box()
    touch = context.new_cdp_session(page)
    # From the upper right corner, where the canvas's own toolbar once took strokes for itself.
    points = [{"x": box["x"] + 262 - y / 8, "y": box["y"] + y} for y in range(10, 230, 10)]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
    for point in points[1:]:
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect_prediction(page, "1")
    context.close()
