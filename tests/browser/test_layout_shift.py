"""Nothing jumps while a page loads: the cumulative layout shift, as browsers report it, is good below 0.1."""

import pytest
from playwright.sync_api import expect

from scripts.benchmarks.browser_actions import settled
from tests.browser.actions import PAGES

pytestmark = pytest.mark.browser

# Each shift with what moved, and from where to where: without it a failure on another machine cannot be explained.
OBSERVE = """
window.shifts = [];
const moved = ({node, previousRect: from, currentRect: to}) => {
  const element = node?.nodeType === 1 ? node : node?.parentElement;
  const key = [...(element?.closest('[class*=st-key-]')?.classList ?? [])].find(name => name.startsWith('st-key-'));
  const text = (element?.innerText ?? '').slice(0, 30);
  return `${element?.dataset.testid} ${key ?? ''} "${text}" ${from.y}+${from.height} to ${to.y}+${to.height}`;
};
new PerformanceObserver(list => {
  for (const entry of list.getEntries())
    if (!entry.hadRecentInput) window.shifts.push([entry.value, entry.sources.slice(0, 3).map(moved)]);
}).observe({type: 'layout-shift', buffered: true});
"""
# The frame is still when nothing has moved for half a second.
STILL = """() => {
  const count = window.shifts.length, now = performance.now();
  if (window.seen !== count) [window.seen, window.since] = [count, now];
  return now - window.since > 500;
}"""


@pytest.mark.parametrize(("address", "title"), PAGES)
def test_a_page_does_not_jump_while_it_loads(app, page, address, title):
    page.add_init_script(OBSERVE)
    page.goto(f"{app}/{address}")
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    settled(page)
    page.wait_for_function(STILL)
    shifts = page.evaluate("window.shifts")
    assert sum(value for value, _ in shifts) < 0.1, [shift for shift in shifts if shift[0] > 0.005]
