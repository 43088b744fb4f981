"""Becoming the owner, in Chromium: by the teacher's code, and with an account of an OpenID Connect provider."""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from oidc_provider_mock import User, run_server_in_thread
from playwright.sync_api import Page, expect

from digit_core.storage import paths
from scripts.benchmarks.chromium import free_port
from tests.running_app import RunningApp, run_app

pytestmark = pytest.mark.browser
CODE = "K7QM-4XTD-9PVR"
RUN = "20260101-120000-quick"
OWNER = re.compile(r"Signed in as Teacher.?@school\.example \(owner\)")  # the address is kept from being a link
USERS = (
    User(sub="teacher", claims={"email": "Teacher@school.example", "email_verified": True}),
    User(sub="student", claims={"email": "student@school.example", "email_verified": True}),
    User(sub="pretender", claims={"email": "teacher@school.example", "email_verified": False}),
)


@pytest.fixture(scope="module")
def with_code(tmp_path_factory) -> Iterator[RunningApp]:
    folder = tmp_path_factory.mktemp("code")
    shutil.copytree(paths.SHIPPED_RUN, folder / "home" / "runs" / RUN)
    with run_app(folder, DIGITS_TEACHER_CODE=CODE) as running:
        yield running


@pytest.fixture(scope="module")
def provider() -> Iterator[ExitStack]:
    """The provider; closing it makes it unreachable."""
    with ExitStack() as stack:
        server = stack.enter_context(run_server_in_thread(user_claims=USERS))
        stack.address = f"http://localhost:{server.server_port}"
        yield stack


@pytest.fixture(scope="module")
def with_accounts(tmp_path_factory, provider) -> Iterator[RunningApp]:
    folder, port = tmp_path_factory.mktemp("accounts"), free_port()
    secrets = folder / "secrets.toml"
    secrets.write_text(f"""
        [auth]
        redirect_uri = "http://localhost:{port}/oauth2callback"
        cookie_secret = "only for this test, and of 32 letters"
        client_id = "digit-lab"
        client_secret = "any"
        server_metadata_url = "{provider.address}/.well-known/openid-configuration"

        [access]
        owners = ["teacher@school.example"]
    """)
    with run_app(folder, "--secrets.files", str(secrets), port=port) as running:
        yield running


@pytest.fixture
def sidebar(page: Page):
    page.route(lambda url: "localhost" not in url, lambda route: route.abort())  # the provider's style sheet
    return page.get_by_test_id("stSidebar")


def enter(sidebar, code: str) -> None:
    sidebar.get_by_label("Teacher's code").fill(code)
    sidebar.get_by_role("button", name="Sign in").click()


def sign_in_as(page: Page, sidebar, address: str, user: str) -> None:
    page.goto(address)
    sidebar.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=user).click()


def expect_owner(sidebar, *, is_owner: bool) -> None:
    expect(sidebar.get_by_role("button", name="Retrain")).to_have_count(int(is_owner))


def test_the_teachers_code_makes_the_owner_until_they_sign_out(with_code, page, sidebar):
    page.goto(with_code.address)
    expect(sidebar.get_by_text("Visitors can draw and look. Enter the teacher's code to train.")).to_be_visible()
    expect_owner(sidebar, is_owner=False)
    enter(sidebar, "wrong")
    expect(sidebar.get_by_text("This is not the teacher's code.")).to_be_visible()
    expect_owner(sidebar, is_owner=False)
    with page.expect_response(re.compile("/owner-session")):
        enter(sidebar, CODE.lower())
    expect(sidebar.get_by_text("Signed in with the teacher's code (owner)")).to_be_visible()
    expect_owner(sidebar, is_owner=True)
    assert "digit-lab-owner" not in page.evaluate("document.cookie")  # no script can read it
    page.reload()
    expect_owner(sidebar, is_owner=True)
    page.goto(f"{with_code.address}/runs?runs={RUN}")
    expect(page.get_by_role("button", name="Make active")).to_be_visible()
    with page.expect_response(re.compile("/owner-session")):
        sidebar.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Make active")).to_have_count(0)
    page.reload()
    expect(sidebar.get_by_label("Teacher's code")).to_be_visible()
    expect_owner(sidebar, is_owner=False)


def test_after_too_many_codes_the_page_says_when_to_try_again(with_code, page, sidebar):
    page.goto(with_code.address)
    for _ in range(6):
        enter(sidebar, "wrong")
        expect(sidebar.get_by_test_id("stAlert")).to_be_visible()
        if sidebar.get_by_text(re.compile("Too many codes")).count():
            break
        page.reload()
    expect(sidebar.get_by_text(re.compile(r"Too many codes were tried\. Try again in \d+ seconds?\."))).to_be_visible()


def test_an_owners_account_signs_in_and_out(with_accounts, page, sidebar):
    sign_in_as(page, sidebar, with_accounts.address, "teacher")
    expect(sidebar.get_by_text(OWNER)).to_be_visible()
    expect_owner(sidebar, is_owner=True)
    page.goto(f"{with_accounts.address}/my_drawings")
    expect(page.get_by_text("they belong to your account")).to_be_visible()
    sidebar.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="End session").click()  # the provider asks
    expect(sidebar.get_by_role("button", name="Sign in")).to_be_visible()
    expect_owner(sidebar, is_owner=False)


@pytest.mark.parametrize("user", ["student", "pretender"])
def test_another_account_can_draw_and_look(with_accounts, page, sidebar, user):
    sign_in_as(page, sidebar, with_accounts.address, user)
    expect(sidebar.get_by_text("which is not an owner of this app: you can draw and look.")).to_be_visible()
    expect_owner(sidebar, is_owner=False)
    expect(page.get_by_text("The canvas is blank")).to_be_visible()


def test_a_refusal_at_the_provider_leads_back_with_a_sentence(with_accounts, page, sidebar):
    sign_in_as(page, sidebar, with_accounts.address, "Deny")
    expect(sidebar.get_by_text("The sign-in provider did not sign you in.")).to_be_visible()
    expect_owner(sidebar, is_owner=False)


def test_a_provider_that_cannot_be_reached_leads_back_with_a_sentence(with_accounts, provider, page, sidebar):
    page.goto(with_accounts.address)
    provider.close()
    sidebar.get_by_role("button", name="Sign in").click()
    expect(sidebar.get_by_text("The sign-in provider cannot be reached. Try again later.")).to_be_visible()
    expect_owner(sidebar, is_owner=False)
