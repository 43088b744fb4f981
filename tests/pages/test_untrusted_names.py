"""What strangers wrote is shown as it is: a name, note, tag or file name is never markup."""

import io
import zipfile

import pytest
from streamlit.testing.v1 import AppTest

from digit_core.runs.notes import write_note
from digit_core.runs.run import SHIPPED, open_run
from digit_core.runs.zip_archive import write_archive
from pages.components.titles import markdown
from pages.runs_sections import run_upload
from tests.constructed import construct_run
from tests.pages.conftest import texts

NAME = "20260101-000000-quick"
HOSTILE = "<img src=x onerror=alert(1)>![a](//b)[c](//d)$e$:red[f]"


@pytest.mark.parametrize("page", ["runs", "results", "compare", "mistakes", "training", "my_drawings"])
def test_a_hostile_name_is_no_markup_on_any_page(open_page, page):
    construct_run(NAME)
    write_note(NAME, HOSTILE[:60], HOSTILE * 2, ["<b>", "[x](y)"])
    app = open_page(page, run=NAME, runs=f"{NAME},{SHIPPED}")
    shown = texts(app) + "".join(button.label for button in app.button)
    for markup in ("![a]", "[c](", "]($", "<b>", "[x]("):
        assert markup not in shown.replace("\\<b\\>", "").replace("\\[", "")
    for html in app.get("html"):
        assert "<img src=x" not in html.proto.body


def test_escaped_text_has_no_markdown_left():
    assert markdown("<b>[a](//b)") == "\\<b\\>\\[a\\](//b)"


def test_a_run_is_imported_on_the_page(open_page, monkeypatch):
    file = io.BytesIO()
    write_archive([open_run(SHIPPED)], file)
    app = open_page("runs")
    monkeypatch.setattr(run_upload.st, "file_uploader", lambda *_, **__: file)
    [button] = [button for button in app.button if button.label == "Import"]
    button.click().run()
    assert "shipped-2** was imported" in texts(app)
    file.truncate(100)
    button = next(button for button in app.button if button.label == "Import")
    button.click().run()
    assert "not a zip file" in texts(app) or "incomplete" in texts(app)
    assert not zipfile.is_zipfile(file)


def test_why_pictures_were_not_recognised_is_said_in_full_for_the_first_five():
    def page():
        from pages.draw_sections.uploaded_pictures import PictureResult, _show_problems

        bad = [PictureResult(str(i), f"*{i}*.png", problem="The picture is blank.") for i in range(7)]
        _show_problems([*bad, PictureResult("good", "good.png")])

    app = AppTest.from_function(page).run()
    (warning,) = app.warning
    assert warning.value.startswith("7 of 8 files could not be recognised:")
    assert r"- \*4\*.png\: The picture is blank." in warning.value
    assert "5*" not in warning.value.replace("\\", "") and "- and 2 more, in the table" in warning.value


def test_without_problems_nothing_is_said_about_them():
    def page():
        from pages.draw_sections.uploaded_pictures import PictureResult, _show_problems

        _show_problems([PictureResult("good", "good.png")])

    assert not AppTest.from_function(page).run().warning
