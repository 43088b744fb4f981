"""Each page by its own address, first thing after the start of the server."""

import pytest
from playwright.sync_api import expect

from tests.browser.actions import PAGES

pytestmark = pytest.mark.browser


# Addresses of all links in the sidebar that were ever shown. Streamlit's own list of the files in pages/ has one
# to "draw.py" at /draw; in the app's navigation that is the page at /.
LINKS = """
window.links = new Set();
new MutationObserver(() => {
  for (const link of document.querySelectorAll('[data-testid=stSidebarNavLink]'))
    window.links.add(new URL(link.href).pathname);
}).observe(document, {subtree: true, childList: true});
"""


def test_the_first_address_that_anybody_opens_may_be_any_pages(app, page):
    page.add_init_script(LINKS)
    page.goto(f"{app}/results?run=shipped")
    expect(page.get_by_role("heading", name="Results", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stSidebar").get_by_role("button", name="Retrain")).to_be_visible()
    expect(page.get_by_test_id("stSidebar").get_by_role("link", name="Draw", exact=True)).to_be_visible()
    assert page.url.endswith("/results?run=shipped")
    pages = {"/", "/results", "/mistakes", "/my_drawings", "/compare", "/runs", "/training", "/join"}
    assert set(page.evaluate("[...window.links]")) == pages


@pytest.mark.parametrize(("address", "title"), PAGES)
def test_every_page_has_an_address(app, page, address, title):
    page.goto(f"{app}/{address}")
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
