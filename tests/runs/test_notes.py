import pytest

from digit_core.errors import InvalidNote, UnknownRun
from digit_core.runs.notes import LONGEST_TAG, LONGEST_TEXT, LONGEST_TITLE, MOST_TAGS, Note, note_of, write_note
from digit_core.runs.run import SHIPPED
from digit_core.storage import paths
from tests.constructed import construct_run

NAME = "20260101-000000-quick"


@pytest.fixture(autouse=True)
def run(own_home):
    return construct_run(NAME)


def test_a_note_is_saved_without_writing_to_the_run(run):
    before = {path: path.stat().st_mtime_ns for path in [run.path, *run.path.iterdir()]}
    write_note(NAME, "Für die 3b", "dropout 0.3\nseed 7")
    assert note_of(NAME) == Note(title="Für die 3b", text="dropout 0.3\nseed 7")
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert note_of(SHIPPED) == Note()


def test_a_new_note_replaces_the_old_one():
    for title in ("one", "two", "six"):
        write_note(NAME, title, "")
        assert note_of(NAME).title == title


def test_a_title_is_one_line_of_printable_characters():
    assert write_note(NAME, "  a\n b\tc\u202e\x00 ", "").title == "a b c"


def test_an_empty_note_leaves_no_file():
    write_note(NAME, "one", "")
    write_note(NAME, " ", "\n")
    assert note_of(NAME) == Note()
    assert list(paths.notes_folder().iterdir()) == []


@pytest.mark.parametrize(("title", "text"), [("x" * (LONGEST_TITLE + 1), ""), ("", "x" * (LONGEST_TEXT + 1))])
def test_a_note_that_is_too_long_is_refused_and_the_old_one_stays(title, text):
    write_note(NAME, "one", "two")
    with pytest.raises(InvalidNote, match="can have at most"):
        write_note(NAME, title, text)
    assert note_of(NAME) == Note(title="one", text="two")


@pytest.mark.parametrize("name", ["unknown", "../20260101-000000-quick"])
def test_an_unknown_run_cannot_have_a_note(name):
    with pytest.raises(UnknownRun):
        write_note(name, "one", "")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"title": 5}', "\xff"])
def test_a_damaged_note_counts_as_empty(content):
    paths.notes_folder().mkdir(parents=True)
    (paths.notes_folder() / f"{NAME}.json").write_text(content, encoding="latin-1")
    assert note_of(NAME) == Note()


def test_tags_are_tidied_and_kept_without_a_title():
    assert write_note(NAME, "", "", ["  Class  3B ", "class 3b", "a,b", " ", ""]).tags == ("class 3b", "a b")
    assert note_of(NAME) == Note(tags=("class 3b", "a b"))


@pytest.mark.parametrize("tags", [["x" * (LONGEST_TAG + 1)], [str(number) for number in range(MOST_TAGS + 1)]])
def test_too_long_or_too_many_tags_are_refused(tags):
    with pytest.raises(InvalidNote, match="at most"):
        write_note(NAME, "", "", tags)
    assert note_of(NAME) == Note()


def test_a_note_of_an_earlier_version_has_no_tags():
    paths.notes_folder().mkdir(parents=True)
    (paths.notes_folder() / f"{NAME}.json").write_text('{"title": "one", "text": ""}')
    assert note_of(NAME) == Note(title="one")
