"""Nothing jumps while a page loads: the cumulative layout shift, as browsers report it, is good below 0.1."""

import pytest
from playwright.sync_api import expect

from scripts.benchmarks.browser_actions import settled

pytestmark = pytest.mark.browser

OBSERVE = """
window.shifts = [];
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(entry.value);
}).observe({type: 'layout-shift', buffered: true});
"""
# The frame is still when nothing has moved for half a second.
STILL = """() => {
  const count = window.shifts.length, now = performance.now();
  if (window.seen !== count) [window.seen, window.since] = [count, now];
  return now - window.since > 500;
}"""


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("", "Draw a digit"),
        ("results", "Results"),
        ("mistakes", "Mistakes"),
        ("compare", "Compare"),
        ("runs", "Runs"),
        ("training", "Training"),
    ],
)
def test_a_page_does_not_jump_while_it_loads(app, page, address, title):
    page.add_init_script(OBSERVE)
    page.goto(f"{app}/{address}")
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    settled(page)
    page.wait_for_function(STILL)
    shifts = page.evaluate("window.shifts")
    assert sum(shifts) < 0.1, [round(shift, 4) for shift in shifts if shift > 0.001]
