"""What is imported is declared, and what is declared is locked: with all that it needs, and with digests."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from digit_core.storage.paths import PROJECT

LISTS = {
    "requirements.lock": ["requirements.txt"],
    "requirements-cluster.lock": ["requirements.txt", "requirements-cluster.txt"],
    "requirements-dev.lock": ["requirements.txt", "requirements-cluster.txt", "requirements-dev.txt"],
}
APP = ("streamlit_app.py", "pages", "digit_core")  # may import what requirements.txt declares; the rest also
CLUSTER = PROJECT / "digit_core" / "cluster"  # may import what requirements-cluster.txt declares; tests also
DEVELOPMENT = ("scripts", "tests")  # what requirements-dev.txt does
PACKAGES = packages_distributions()


def direct(name: str) -> dict[str, str]:
    """Versions by package in one of the lists of what the project itself imports."""
    pins = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==(\S+)", (PROJECT / name).read_text(encoding="utf-8"), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in pins}


def locked(name: str) -> dict[str, tuple[str, str]]:
    """Version, and the text of its entry, by package and marker; a package may differ between Pythons."""
    entries = re.split(r"^(?=\w)", (PROJECT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found = {}
    for entry in entries:
        package, version, marker = re.match(r"([\w.-]+)==([^\s;]+)( ; .*?)? \\\n", entry).groups(default="")
        found[package + marker] = version, entry
    return found


@pytest.mark.parametrize("lock", LISTS)
def test_a_lock_file_holds_just_what_the_lists_declare_in_the_same_versions(lock):
    declared = {package: version for name in LISTS[lock] for package, version in direct(name).items()}
    asked_for = {
        package.partition(" ;")[0]: version
        for package, (version, text) in locked(lock).items()
        if "-r requirement" in text
    }
    assert asked_for == declared, "made again? The command is in the lock file's first lines"


@pytest.mark.parametrize("lock", LISTS)
def test_every_locked_package_has_digests_and_no_address(lock):
    assert len(locked(lock)) > 60
    for _, text in locked(lock).values():
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", text)
    whole = (PROJECT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|^-|\s[/~]|[A-Z]:\\", whole, re.MULTILINE)  # nor a line of options, nor a path


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [("requirements.lock", "requirements-cluster.lock"), ("requirements-cluster.lock", "requirements-dev.lock")],
)
def test_each_lock_contains_the_one_that_its_list_begins_with(smaller, larger):
    contained = locked(larger)
    for package, (version, _) in locked(smaller).items():
        assert contained[package][0] == version


@pytest.mark.parametrize("lock", LISTS)
def test_a_lock_file_tells_how_to_make_it_again(lock):
    lines = (PROJECT / lock).read_text(encoding="utf-8").splitlines()
    (command,) = [line for line in lines[:3] if "uv pip compile" in line]
    assert {"--universal", "--generate-hashes", LISTS[lock][-1], lock} <= set(command.split())


def test_everything_imported_is_declared():
    app = direct("requirements.txt")
    cluster = app | direct("requirements-cluster.txt")
    for place in [*APP, *DEVELOPMENT]:
        files = [PROJECT / place] if place.endswith(".py") else sorted((PROJECT / place).rglob("*.py"))
        assert files
        for path in files:
            declared = cluster if path.is_relative_to(CLUSTER) else app
            if place in DEVELOPMENT:
                declared = cluster | direct("requirements-dev.txt")
            for module in imported(path) & set(PACKAGES):
                packages = {canonicalize_name(package) for package in PACKAGES[module]}
                assert packages & set(declared), f"{path.relative_to(PROJECT)} imports {module}, which is not declared"


def imported(path: Path) -> set[str]:
    """The top-level names of the modules that a file imports from outside the project and the standard library."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names
