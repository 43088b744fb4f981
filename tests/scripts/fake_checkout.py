"""A checkout whose lock files name a small package of the tests' own: `.venv` is made in it without a network.

python -m tests.scripts.fake_checkout --kills 50       kills at random moments, one after another, then a whole start
"""

import argparse
import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path
from random import Random

from scripts import environment

FILES = 3_000  # unpacking them takes pip half a second or more: time to be killed in
STUDENT = """
import os
import environment

environment.enter(__name__, getattr(environment, os.environ.get("LOCK", "APP")))

import parcel
print("parcel", parcel.VERSION, len(list(parcel.FOLDER.glob("*.txt"))))
"""


class Project:
    """A checkout with this project's `scripts/environment.py`, in a folder with a space in its name."""

    def __init__(self, folder: Path):
        self.interpreter, self.user = sys._base_executable, None
        self.folder = folder / "a checkout"
        self.wheels = folder / "wheels"
        self.environment = self.folder / ".venv"
        (self.folder / "scripts").mkdir(parents=True)
        self.wheels.mkdir()
        shutil.copy(environment.__file__, self.folder / "scripts")
        (self.folder / "scripts" / "student.py").write_text(STUDENT)
        self.want("1.0")

    def want(self, version: str) -> None:
        """Make the package in this version and lock it."""
        wheel = self.wheels / f"parcel-{version}-py3-none-any.whl"
        information = f"parcel-{version}.dist-info"
        files = {f"parcel/{number}.txt": "a file\n" for number in range(FILES)} | {
            "parcel/__init__.py": f"from pathlib import Path\nVERSION = {version!r}\nFOLDER = Path(__file__).parent\n",
            f"{information}/METADATA": f"Metadata-Version: 2.1\nName: parcel\nVersion: {version}\n",
            f"{information}/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        sizes = {name: len(text) for name, text in files.items()} | {f"{information}/RECORD": ""}
        files[f"{information}/RECORD"] = "".join(f"{name},,{size}\n" for name, size in sizes.items())
        with zipfile.ZipFile(wheel, "w") as archive:
            for name, text in files.items():
                archive.writestr(zipfile.ZipInfo(name), text)  # without the time: the same digest each time
        self.lock(f"parcel=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")

    def lock(self, text: str) -> None:
        """Write both lock files."""
        (self.folder / environment.APP).write_text(text)
        (self.folder / environment.DEVELOPMENT).write_text(f"# and more\n{text}")

    def begin(self, **variables: str) -> subprocess.Popen:
        """Run the script as a person does, with the Python that is on the machine, in a process group of its own."""
        return subprocess.Popen(
            [self.interpreter, "scripts/student.py"],
            cwd=self.folder,
            env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            user=self.user,
            # Tests that were begun in the background ignore Ctrl-C, and so would this.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, **variables: str) -> str:
        """What the script printed; it must have succeeded."""
        with self.begin(**variables) as process:
            printed, _ = process.communicate(timeout=900)
        assert process.returncode == 0, printed
        return printed

    def fail(self) -> str:
        """What the script printed; it must have failed, with a sentence."""
        with self.begin() as process:
            printed, _ = process.communicate(timeout=900)
        assert process.returncode == 1
        assert "Traceback" not in printed
        return printed

    def packages(self) -> Path:
        """The folder of installed packages; it need not exist."""
        return Path(sysconfig.get_path("purelib", "venv", vars={"base": str(self.environment)}))

    def unpacked(self) -> int:
        """How many of the package's files are in their place."""
        return sum(1 for _ in (self.packages() / "parcel").glob("*.txt"))


def kill_at_random(project: Project, kills: int, seed: int) -> list[str]:
    """Kill starts at random moments, the command alone or with pip; then what was wrong after any of them."""
    random, wrong = Random(seed), []
    for number in range(kills):
        begun = project.begin()
        with contextlib.suppress(subprocess.TimeoutExpired):
            begun.wait(random.uniform(0, 6))
        if begun.poll() is None:
            random.choice((os.killpg, os.kill))(begun.pid, signal.SIGKILL)
        begun.communicate(timeout=900)  # also waits for a pip that goes on
        status = project.environment / ".install-status"
        says_whole = status.exists() and len(status.read_text()) >= 64
        if says_whole and project.unpacked() != FILES:
            wrong.append(f"after kill {number}: {project.unpacked()} files in an environment that counts as whole")
    printed = project.run()
    return wrong if printed.endswith(f"parcel 1.0 {FILES}\n") else [*wrong, printed]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        wrong = kill_at_random(Project(Path(name)), options.kills, options.seed)
    print(f"{options.kills} kills:", *(wrong or [f"all {FILES:,} files in place, and never whole before"]), sep="\n")
    sys.exit(bool(wrong))
