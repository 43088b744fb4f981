"""Known vulnerabilities of the locked packages.

python -m tests.scripts.audit

pip-audit asks PyPI's service. Where that is out of reach, the packages are compared with `advisories.txt`, a list
recorded on the date in its first line, which knows nothing of later advisories.
"""

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from digit_core.storage.paths import PROJECT

LOCK = PROJECT / "requirements-dev.lock"  # contains the other
ADVISORIES = Path(__file__).with_name("advisories.txt")
_PROBE = "requests"  # one package, to find out whether the service answers


@dataclass(frozen=True)
class Audit:
    """What was found, a sentence each, and by which means."""

    means: str
    is_online: bool
    found: tuple[str, ...]


def audit(lock: str) -> Audit:
    """Audit the text of a lock file: with the service if it knows every package, else with the recorded list."""
    probe = next(entry for entry in entries(lock) if entry.startswith(f"{_PROBE}=="))
    if (online := _online(probe)) is not None and (online := _online(lock)) is not None:
        return Audit("pip-audit and PyPI's service", True, online)
    date, advisories = recorded()
    means = f"the list of {len(advisories)} advisories recorded on {date}, as PyPI's service is out of reach"
    return Audit(means, False, tuple(offline(versions(lock), advisories)))


def entries(lock: str) -> list[str]:
    """The entries of a lock file, a package each."""
    return re.split(r"^(?=\w)", lock, flags=re.MULTILINE)[1:]


def versions(lock: str) -> dict[str, str]:
    """The locked version by package; the lowest, if Pythons differ."""
    pins = [re.match(r"([\w.-]+)==([^\s;]+)", entry).groups() for entry in entries(lock)]
    found: dict[str, str] = {}
    for name, version in pins:
        name = canonicalize_name(name)
        found[name] = min(version, found.get(name, version), key=Version)
    return found


def recorded() -> tuple[str, list[tuple[str, str, str]]]:
    """The date of the recorded list, and of each advisory the package, the first version without it and its name."""
    first, *lines = ADVISORIES.read_text(encoding="utf-8").splitlines()
    return re.search(r"\d{4}-\d\d-\d\d", first)[0], [tuple(line.split()) for line in lines if line and line[0] != "#"]


def offline(locked: dict[str, str], advisories: list[tuple[str, str, str]]) -> list[str]:
    """The advisories that concern the locked versions."""
    return [
        f"{package} {locked[package]}: {name}, mended in {mended}"
        for package, mended, name in advisories
        if package in locked and Version(locked[package]) < Version(mended)
    ]


def _online(lock: str) -> tuple[str, ...] | None:
    """What the service knows; None if it is out of reach, or does not know some of the packages."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "requirements.txt")
        file.write_text(lock, encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--timeout", "5"]
        command += ["--progress-spinner", "off", "--format", "json", "--requirement", str(file)]
        result = subprocess.run(command, capture_output=True, text=True)
    try:
        packages = json.loads(result.stdout)["dependencies"]
    except (ValueError, KeyError):
        return None
    if not packages or any("skip_reason" in package for package in packages):
        return None
    return tuple(
        f"{package['name']} {package['version']}: {known['id']}, mended in {known['fix_versions']}"
        for package in packages
        for known in package["vulns"]
    )


if __name__ == "__main__":
    result = audit(LOCK.read_text(encoding="utf-8"))
    print(f"Audited with {result.means}.", *(result.found or ["No known vulnerability."]), sep="\n")
    sys.exit(bool(result.found))
