"""The structure of the code and its vocabulary, as CONTRIBUTING.md describes them."""

import ast
import re
import tomllib
from pathlib import Path

from digit_core.storage.paths import PROJECT

PACKAGES = ("digit_core", "pages")
SOURCES = sorted(path for name in (*PACKAGES, "scripts", "tests") for path in (PROJECT / name).rglob("*.py"))
MAXIMUM_LINES = 250
DATA_TABLES = {"digit_templates.py", "letter_templates.py"}
# Regular expressions for phrases that the vocabulary in CONTRIBUTING.md replaces. A space in them stands for
# whatever separates two words: also a line break within a comment or between the parts of a string.
BANNED = (
    r"whoever|what came of it|be rid of|which see",
    r"(reads|reading) now|lets? (\S+ ){0,3}reads?",
    r"(runs?|models?) that reads?|reads? with (a|this|that|the) (run|model)",
    r"serv(e|es|ed|ing) (run|model)|(runs?|models?) (being )?served",
    r"misread(s|ing)?|(digits?|drawings?|strokes?) (is|are) read",
    r"(best|second|two|first|confident|sure|wrong|right) readings?",
    r"counter-examples?",
)
GAP = r"""(?:[\s"'#]|f(?=["']))+"""
PATTERN = re.compile(rf"\b(?:{'|'.join(BANNED)})\b".replace(" ", GAP), re.IGNORECASE)


def test_no_two_modules_share_a_name():
    places: dict[str, list[str]] = {}
    for package in PACKAGES:
        for path in (PROJECT / package).rglob("*.py"):
            if not path.stem.startswith("__"):
                places.setdefault(path.stem, []).append(str(path.relative_to(PROJECT)))
    assert [found for found in places.values() if len(found) > 1] == []


def test_modules_are_short():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES if not is_test(path)}
    long = {str(path.relative_to(PROJECT)): count for path, count in lines.items() if count > MAXIMUM_LINES}
    assert {name: count for name, count in long.items() if Path(name).name not in DATA_TABLES} == {}


def test_the_entry_point_imports_only_the_shell_and_streamlit():
    """import-linter cannot check a module outside of packages. Starlette is what Streamlit's middleware is made of."""
    tree = ast.parse((PROJECT / "streamlit_app.py").read_text(encoding="utf-8"))
    modules = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    modules |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules
    assert [name for name in modules if not re.match(r"(streamlit|starlette|pages\.shell)(\.|$)", name)] == []


def test_every_path_in_the_documents_exists():
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (PROJECT / name).read_text(encoding="utf-8")
        for path in re.findall(r"`((?:digit_core|pages|scripts|tests)/[\w/.]*)`", text):
            assert "NAME" in path or (PROJECT / path).exists(), f"{name} names {path}"


def test_scripts_do_not_import_tests():
    for path in (PROJECT / "scripts").rglob("*.py"):
        assert not re.search(r"^\s*(from|import) tests\b", path.read_text(encoding="utf-8"), re.MULTILINE), path


def test_the_vocabulary_is_the_fields():
    offenders = []
    for path in [*SOURCES, PROJECT / "README.md", PROJECT / "CONTRIBUTING.md"]:
        text = path.read_text(encoding="utf-8")
        for found in PATTERN.finditer(text) if path != Path(__file__) else ():
            line = text.count("\n", 0, found.start()) + 1
            offenders.append(f"{path.relative_to(PROJECT)}:{line}: {' '.join(found.group().split())}")
    assert not offenders, "\n" + "\n".join(offenders)


def test_the_vocabulary_test_finds_what_it_should():
    for phrase in ("Let one read", "run that\n# reads", "served model", 'reads "\n    "now', "Whoever"):
        assert PATTERN.search(phrase), phrase
    for phrase in ("the file is read", "already", "the active run", "ready", "read from disk", "observed models"):
        assert not PATTERN.search(phrase), phrase


def is_test(path: Path) -> bool:
    return path.is_relative_to(PROJECT / "tests")


def test_every_page_is_in_the_navigation_and_in_the_layers():
    pages = {path.stem for path in (PROJECT / "pages").glob("[a-z]*.py")}
    contract = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(each["layers"] for each in contract["contracts"] if each["type"] == "layers")
    navigation = (PROJECT / "pages" / "shell" / "frame.py").read_text(encoding="utf-8")  # importing it needs an app
    icons = next(
        ast.literal_eval(node.value)
        for node in ast.parse(navigation).body
        if isinstance(node, ast.Assign) and node.targets[0].id == "_ICONS"
    )
    assert set(icons) == pages
    assert {name.removeprefix("pages.") for name in layers[0].split(" | ")} == pages
