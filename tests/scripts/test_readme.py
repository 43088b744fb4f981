"""The README and CONTRIBUTING.md: links, pictures and examples."""

import re
import struct
from pathlib import Path

import numpy as np
import pytest

from digit_core.storage.paths import PROJECT
from scripts.benchmarks.drawings import SEVEN, paint

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "deploy/README.md")
PICTURES = sorted((PROJECT / ".images").glob("*.png"))


def text_of(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """Of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_within_the_project_leads_somewhere(name):
    text = text_of(name)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:href|src)="([^"]+)"', text)
    assert links
    for link in links:
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (PROJECT / name).parent / path if path else PROJECT / name
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_rows_of_a_table_are_as_long_as_its_head(name):
    tables = re.findall(r"(?:^\|.*\n)+", text_of(name), re.MULTILINE)
    assert tables
    for table in tables:
        cells = [len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()]
        assert len(set(cells)) == 1, table


def test_the_pictures_are_those_of_the_readme_each_small_and_with_its_text():
    shown = re.findall(r'<img src="([^"]+)"[^>]* alt="([^"]+)"', text_of("README.md"))
    assert sorted(PROJECT / path for path, _ in shown) == PICTURES
    for path in PICTURES:
        width, _ = struct.unpack(">II", path.read_bytes()[16:24])
        assert width == 1280
        assert path.stat().st_size < 150_000


def test_each_reader_is_sent_to_a_section_near_the_beginning():
    beginning = "\n".join(text_of("README.md").splitlines()[:20])
    for reader, section in (("student", "first-steps"), ("teacher", "for-a-class"), ("data scientist", "for-a-data")):
        assert re.search(rf"\*\*{reader}\*\*.*\(#{section}", beginning), reader


def test_the_readmes_python_runs_as_written():
    (code,) = re.findall(r"```python\n(.*?)```", text_of("README.md"), re.DOTALL)
    names = {"image": paint(SEVEN), "strokes": SEVEN}
    exec(compile(code, Path("README.md"), "exec"), names)
    assert names["recognizer"].predict_strokes(SEVEN, pen_width=18).digit == 7
    assert names["recognizer"].predict_number(np.asarray(names["image"])).text == "7"
