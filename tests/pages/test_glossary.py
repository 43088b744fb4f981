"""Terms of the field, explained beside them."""

import re

import pytest

from digit_core.storage.paths import PROJECT
from pages.components.glossary import TERMS, definition


def test_every_term_has_a_sentence():
    for meaning in TERMS.values():
        assert meaning[0].isupper() and meaning.endswith(".")
    assert definition("epoch").startswith("**Epoch**: ")
    with pytest.raises(KeyError):
        definition("magic")


def test_every_term_is_explained_somewhere():
    source = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "pages").rglob("*.py"))
    used = set(re.findall(r"""definition\(["']([^"']+)["']\)""", source))
    assert used == set(TERMS)
