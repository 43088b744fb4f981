"""The steps of the `Dockerfile` on this machine, where there is no container engine.

python -m tests.deploy.image_steps              with this checkout's packages
python -m tests.deploy.image_steps --install    installs them anew, as an image does: minutes

The files that `.dockerignore` lets through are copied to a temporary folder and made read-only, with its
environment. The commands of the `Dockerfile` run there: as an ordinary user (`nobody`) if this is root.
"""

import argparse
import fnmatch
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from digit_core.storage.paths import PROJECT
from scripts.benchmarks.chromium import free_port

_PORT = "8501"
NOBODY = 65534
_STARTED_WITHIN = 120  # seconds
_VERSION = sys.version_info[:2]


@dataclass(frozen=True)
class Dockerfile:
    """A Dockerfile's instructions in order, continued lines joined: pairs of a name and what follows it."""

    instructions: tuple[tuple[str, str], ...] = field(default_factory=tuple)

    @classmethod
    def read(cls) -> "Dockerfile":
        """The project's own."""
        lines = (PROJECT / "Dockerfile").read_text(encoding="utf-8").splitlines()
        text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
        return cls(tuple(re.match(r"(\w+)\s+(.*)", line).groups() for line in text.splitlines() if line.strip()))

    def all(self, name: str) -> list[str]:
        """What follows each instruction of that name."""
        return [rest for instruction, rest in self.instructions if instruction == name]

    def command(self, name: str) -> list[str]:
        """The words of the only CMD or HEALTHCHECK, in its JSON form."""
        (rest,) = self.all(name)
        return json.loads(rest[rest.index("[") :])

    def environment(self) -> dict[str, str]:
        """The variables that ENV sets."""
        return dict(word.split("=", 1) for rest in self.all("ENV") for word in rest.split())


@dataclass(frozen=True)
class Image:
    """An image's files in a folder, `app` read-only and `data` writable, and how to run a command in it."""

    folder: Path
    variables: dict[str, str]
    user: int | None

    def begin(self, command: list[str], **options) -> subprocess.Popen:
        """Start one of its commands as the ordinary user."""
        user = {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}
        return subprocess.Popen(command, cwd=self.folder / "app", env=self.variables, **user, **options)

    def files(self) -> dict[str, tuple[int, int]]:
        """Size and time of change of every file in `app`, the environment aside."""
        app = self.folder / "app"
        files = [path for path in app.rglob("*") if path.is_file() and ".venv" not in path.relative_to(app).parts]
        return {str(path.relative_to(app)): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def ignored(path: str) -> bool:
    """Whether `.dockerignore` keeps a file out of the image; for patterns without an exception, as there are."""
    patterns = [line for line in (PROJECT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    parents = [path, *map(str, Path(path).parents)][:-1]
    return any(fnmatch.fnmatch(name, pattern.removeprefix("**/")) for pattern in patterns for name in parents)


@contextmanager
def image(*, install: bool = False) -> Iterator[Image]:
    """Build the image's files; deleted at the end."""
    dockerfile = Dockerfile.read()
    with tempfile.TemporaryDirectory(prefix="digit lab image ", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        app, data, temporary = folder / "app", folder / "data", folder / "tmp"
        _copy_checkout(app)
        interpreter, user = ordinary_interpreter(), NOBODY if os.getuid() == 0 else None
        for place in (data, temporary):
            place.mkdir()
            if user:
                os.chown(place, user, user)
        if not install:
            _lend_packages(app, interpreter)
        for step in dockerfile.all("RUN"):
            if step.startswith("python3 "):  # the other one makes the user and /data
                subprocess.run([interpreter, *step.split()[1:]], cwd=app, check=True)
        for path in [app, *app.rglob("*")]:
            if not path.is_symlink() and path.is_relative_to(app):
                path.chmod(path.stat().st_mode & ~0o222)
        variables = dockerfile.environment() | {
            "PATH": f"{Path(interpreter).parent}:{os.environ['PATH']}",
            "DIGITS_HOME": str(data),
            "HOME": str(temporary),
            "TMPDIR": str(temporary),
            "DIGITS_VERSION": "image",
        }
        try:
            yield Image(folder, variables, user)
        finally:
            for path in [app, *(path for path in app.rglob("*") if path.is_dir() and not path.is_symlink())]:
                path.chmod(0o755)


def ordinary_interpreter() -> str:
    """A Python of this version that an ordinary user may run; root's own may lie in a folder for root alone."""
    own = Path(sys._base_executable).resolve()
    if os.getuid() != 0 or all(folder.stat().st_mode & 0o001 for folder in own.parents):
        return str(own)
    found = shutil.which(f"python{_VERSION[0]}.{_VERSION[1]}", path="/usr/bin:/usr/local/bin")
    assert found, f"an ordinary user needs a Python {_VERSION[0]}.{_VERSION[1]} outside of {own.parent}"
    return found


def _lend_packages(app: Path, interpreter: str) -> None:
    """An environment with this one's packages, without the minutes that it takes to install them."""
    subprocess.run([interpreter, "-m", "venv", "--without-pip", app / ".venv"], check=True)
    lent = f"{sysconfig.get_path('purelib')}\n"
    (app / ".venv" / "lib" / f"python{_VERSION[0]}.{_VERSION[1]}" / "site-packages" / "lent.pth").write_text(lent)
    lock = (app / "requirements.lock").read_text(encoding="utf-8")
    (app / ".venv" / ".install-status").write_text(hashlib.sha256(lock.encode()).hexdigest())


def _copy_checkout(app: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if not ignored(name) and (PROJECT / name).exists():
            (app / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, app / name)


def run(built: Image) -> dict:
    """Start the app as the image does, check it as the image does, stop it; returns what `/healthz` said."""
    dockerfile, port = Dockerfile.read(), str(free_port())
    start, check = ([word.replace(_PORT, port) for word in dockerfile.command(name)] for name in ("CMD", "HEALTHCHECK"))
    start = [word.replace("0.0.0.0", "127.0.0.1") for word in start]
    before = built.files()
    log = built.folder / "log"
    with log.open("wb") as output:
        app = built.begin(start, stdout=output, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + _STARTED_WITHIN
            while built.begin(check, stderr=subprocess.DEVNULL).wait():
                assert app.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(1)  # as the interval of a health check
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as response:
                health = json.load(response)
            app.send_signal(signal.SIGTERM)
            app.wait(30)
        finally:
            app.kill()
            app.wait()
    assert '"app_stopped"' in log.read_text(), log.read_text()
    assert built.files() == before, "the app has written to its read-only checkout"
    return health


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--install", action="store_true")
    with image(install=parser.parse_args().install) as built:
        print(json.dumps(run(built)))
