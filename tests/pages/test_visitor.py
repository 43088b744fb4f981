"""What a visitor finds on the pages, and the sidebar's words on who may do what."""

import pytest

from digit_core.access import actors
from digit_core.access.actors import Actor, Proof, Role, identify_by
from digit_core.access.teacher_code import TeacherCode
from digit_core.errors import NotPermitted
from digit_core.jobs import trainings
from digit_core.runs.active_run import activate, read_active
from digit_core.runs.config import training_config
from pages.components import identity
from pages.components.browser_window import browser_name
from tests.pages.conftest import texts

RUN = "20260101-120000-quick"
OWNERS = {"Retrain", "Make active", "Edit", "Download", "Delete", "Export", "Measure", "Back to the shipped model"}


@pytest.fixture
def acting(monkeypatch):
    """A function that says who the person of all sessions is; put back afterwards."""
    monkeypatch.setattr(actors, "_identify", actors._identify)
    monkeypatch.setattr(identity, "has_accounts", lambda: False)
    code = TeacherCode("K7QM-4XTD-9PVR")
    monkeypatch.setattr(identity, "teacher_code", lambda: code)

    def act(role: Role, proof: Proof = Proof.NONE, name: str = "") -> None:
        identify_by(lambda: Actor(role, "session", "192.0.2.1", browser_name(), proof, name))

    return act


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("draw", {}),
        ("runs", {"runs": RUN}),
        ("results", {"tab": "export"}),
        ("results", {"tab": "robustness"}),
        ("my_drawings", {}),
        ("training", {}),
        ("compare", {}),
    ],
)
def test_a_visitor_finds_no_button_of_the_owner(open_page, acting, add_run, page, query):
    add_run(RUN)
    activate(RUN)
    acting(Role.VISITOR)
    app = open_page(page, **query)
    labels = {button.label for button in app.button} | {each.proto.label for each in app.get("download_button")}
    assert not labels & OWNERS
    assert "Visitors can draw and look. Enter the teacher's code to train." in texts(app)


def test_the_owner_finds_them(open_page, acting, add_run):
    add_run(RUN)
    acting(Role.OWNER, Proof.CODE)
    labels = {button.label for button in open_page("runs", runs=RUN).button}
    assert labels >= {"Retrain", "Make active", "Edit", "Delete", "Sign out"}


@pytest.mark.parametrize(
    ("role", "proof", "name", "sentence"),
    [
        (Role.OWNER, Proof.MACHINE, "", "Everyone who opens this app on this machine can train and delete."),
        (Role.OWNER, Proof.CODE, "", "Signed in with the teacher's code (owner)"),
        (Role.OWNER, Proof.ACCOUNT, "a@b.example", "(owner)"),
        (Role.VISITOR, Proof.ACCOUNT, "a@b.example", "which is not an owner of this app: you can draw and look."),
    ],
)
def test_the_sidebar_says_who_may_do_what(open_page, acting, role, proof, name, sentence):
    acting(role, proof, name)
    assert sentence in texts(open_page("draw"))


def test_a_wrong_code_is_told_and_the_right_one_makes_a_token(open_page, acting, monkeypatch):
    kept = []
    monkeypatch.setattr(identity, "keep_token", kept.append)
    acting(Role.VISITOR)
    app = open_page("draw")
    for typed, sentence in (("wrong", "This is not the teacher's code."), ("k7qm 4xtd 9pvr", "")):
        app.sidebar.text_input(key="teacher-code-typed").set_value(typed)
        next(button for button in app.sidebar.button if button.label == "Sign in").click().run()
        assert sentence in texts(app)
        assert not app.exception
    assert "This is not" not in texts(app)
    (token,) = kept
    assert identity.owner_tokens().is_valid(token)


def test_what_a_button_does_is_refused_also_where_the_button_is_drawn(open_page, acting, add_run, monkeypatch):
    """As for a person who was the owner when the page was drawn."""
    add_run(RUN)
    acting(Role.OWNER, Proof.CODE)
    app = open_page("runs", runs=RUN)
    monkeypatch.setattr("pages.runs_sections.actions.is_permitted", lambda action: True)
    monkeypatch.setattr("pages.shell.sidebar.is_permitted", lambda action: True)
    acting(Role.VISITOR)
    next(button for button in app.button if button.label == "Make active").click().run()
    assert "Only the owner of this Digit Lab may change the active model." in texts(app)
    next(button for button in app.button if button.label == "Retrain").click().run()
    assert "Only the owner of this Digit Lab may train a model." in texts(app)
    assert read_active().run != RUN
    with pytest.raises(NotPermitted):
        trainings.start(training_config())
