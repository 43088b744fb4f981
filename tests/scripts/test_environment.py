"""`.venv` is made and kept by the scripts; here from a small package of the tests' own, without a network."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from scripts import environment
from tests.deploy.image_steps import NOBODY, ordinary_interpreter
from tests.scripts.fake_checkout import FILES, Project, kill_at_random
from tests.waiting import wait_for


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made") / ".venv"
    subprocess.run([sys._base_executable, "-m", "venv", folder], check=True)
    return folder


@pytest.fixture
def made(project, made_once) -> Project:
    """A project with an environment that was made by hand and holds pip alone."""
    shutil.copytree(made_once, project.environment, symlinks=True)
    return project


@pytest.fixture
def installed(made) -> Project:
    """A project with a whole environment."""
    made.run()
    return made


def kill_when(condition, process: subprocess.Popen, kill=os.killpg, number=signal.SIGKILL) -> str:
    """Send the signal at that moment, and return what was printed until then."""

    def reached() -> bool:
        assert process.poll() is None, process.communicate()[0]
        os.killpg(process.pid, signal.SIGSTOP)  # or on a busy machine pip would be done before the signal reaches it
        is_reached = condition()
        if not is_reached:
            os.killpg(process.pid, signal.SIGCONT)
        return is_reached

    wait_for(reached)
    kill(process.pid, number)
    with contextlib.suppress(ProcessLookupError):  # killed
        os.killpg(process.pid, signal.SIGCONT)
    with process:
        return process.communicate(timeout=300)[0] if kill is os.killpg else ""


def test_the_second_start_changes_nothing_and_installs_nothing(installed):
    shutil.rmtree(installed.wheels)
    before = {path: path.lstat().st_mtime_ns for path in installed.environment.rglob("*")}
    assert installed.run(PYTHONDONTWRITEBYTECODE="1") == f"parcel 1.0 {FILES}\n"
    assert {path: path.lstat().st_mtime_ns for path in installed.environment.rglob("*")} == before


def test_a_kill_while_the_environment_is_made_heals(project):
    python = project.environment / environment.python().relative_to(environment.FOLDER)
    kill_when(python.exists, project.begin())
    assert not (project.packages() / "parcel").exists()
    assert f"parcel 1.0 {FILES}\n" in project.run()


@pytest.mark.parametrize(
    ("kill", "number"),
    [
        pytest.param(os.killpg, signal.SIGKILL, id="kill -9 of all its processes"),
        pytest.param(os.kill, signal.SIGKILL, id="kill -9 of the command, and pip goes on"),
        pytest.param(os.killpg, signal.SIGINT, id="Ctrl-C"),
    ],
)
def test_a_kill_while_pip_unpacks_heals(made, kill, number):
    printed = kill_when(lambda: made.unpacked() > 50, made.begin(), kill, number)
    assert made.unpacked() > 50
    assert number == signal.SIGKILL or printed.endswith(
        "\nStopped. Run the same command to start the installation over.\n"
    )
    printed = made.run()
    assert "The last installation was interrupted" in printed
    assert printed.endswith(f"\nparcel 1.0 {FILES}\n")
    assert made.run() == f"parcel 1.0 {FILES}\n"


def test_a_kill_while_what_an_interrupted_installation_left_is_removed_heals(installed):
    (installed.environment / ".install-status").write_text("begun")
    kill_when(lambda: installed.unpacked() < FILES, installed.begin())
    assert installed.run().endswith(f"\nparcel 1.0 {FILES}\n")


def test_pip_that_ends_by_itself_half_way_leaves_no_environment_that_counts(made):
    """As on a full disk: its exit code is then that of an update that it never began."""

    def stop_pip(process: int, number: int) -> None:
        (pip,) = (int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split())
        os.kill(pip, number)

    with made.begin() as process:
        kill_when(lambda: made.unpacked() > 50, process, stop_pip, signal.SIGINT)
    assert 50 < made.unpacked() < FILES
    assert "The last installation was interrupted" in made.run()
    assert made.unpacked() == FILES


def test_a_truncated_file_of_a_package_is_noticed(installed):
    (installed.environment / ".install-status").unlink()
    (installed.packages() / "parcel" / "7.txt").write_text("")
    installed.run()
    assert (installed.packages() / "parcel" / "7.txt").read_text() == "a file\n"


def test_whatever_the_moments_of_many_kills_the_next_start_that_ends_leaves_everything_in_place(made):
    assert kill_at_random(made, kills=3, seed=2) == []


def test_a_read_only_checkout_of_another_user_is_installed_for_into_the_home():
    """A path with spaces, an ordinary user, a checkout that is not theirs, and no network at the second start."""
    with tempfile.TemporaryDirectory(prefix="not-mine-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        project, home = Project(folder), folder / "my home"
        project.interpreter, project.user = ordinary_interpreter(), NOBODY if os.getuid() == 0 else None
        home.mkdir()
        if project.user:
            os.chown(home, NOBODY, NOBODY)
        checkout = [project.folder, *project.folder.rglob("*")]
        for path in checkout:
            path.chmod(path.stat().st_mode & ~0o222)
        variables = {"DIGITS_HOME": str(home / "digits"), "HOME": str(home), "TMPDIR": str(home)}
        try:
            assert project.run(**variables).endswith(f"\nparcel 1.0 {FILES}\n")
            shutil.rmtree(project.wheels)
            assert project.run(**variables) == f"parcel 1.0 {FILES}\n"
            assert sorted(project.folder.rglob("*")) == sorted(checkout[1:])
            assert (home / "digits" / ".venv" / "pyvenv.cfg").exists()
        finally:
            for path in checkout:
                path.chmod(0o755)


def test_two_starts_at_once_install_once(project):
    both = [project.begin(), project.begin()]
    printed = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    assert all(text.endswith(f"parcel 1.0 {FILES}\n") for text in printed)
    assert sorted("Installing the packages" in text for text in printed) == [False, True]


def test_an_environment_without_pip_is_made_anew(project):
    """As Debian leaves it without python3-venv."""
    subprocess.run([sys._base_executable, "-m", "venv", "--without-pip", project.environment], check=True)
    assert project.run().endswith(f"\nparcel 1.0 {FILES}\n")


def test_an_environment_that_an_earlier_version_left_half_unpacked_is_made_anew(installed):
    (installed.environment / ".install-status").unlink()
    (installed.packages() / "parcel" / "7.txt").unlink()
    assert installed.run().endswith(f"\nparcel 1.0 {FILES}\n")


def test_an_environment_made_by_hand_is_kept_and_completed(made):
    (made.packages() / "mine.py").write_text("")
    assert made.run().endswith(f"\nparcel 1.0 {FILES}\n")
    assert (made.packages() / "mine.py").exists()


def test_a_changed_lock_file_is_installed_and_what_a_person_added_stays(installed):
    (installed.packages() / "mine.py").write_text("")
    installed.want("2.0")
    assert installed.run().endswith(f"\nparcel 2.0 {FILES}\n")
    assert (installed.packages() / "mine.py").exists()
    installed.want("1.0")
    assert installed.run().endswith(f"\nparcel 1.0 {FILES}\n")


def test_an_update_that_cannot_be_fetched_leaves_the_environment_as_it_was(installed):
    (installed.packages() / "mine.py").write_text("")
    before = (installed.folder / environment.APP).read_text()
    installed.lock(before.replace("1.0", "3.0"))
    assert "Is there a network? Then run the same command again." in installed.fail()
    installed.lock(before)
    assert installed.run() == f"parcel 1.0 {FILES}\n"
    assert (installed.packages() / "mine.py").exists()


def test_a_package_with_another_digest_is_not_installed(installed):
    installed.want("2.0")
    lock = (installed.folder / environment.APP).read_text()
    installed.lock(re.sub("sha256:.*", "sha256:" + 64 * "0", lock))
    assert "DO NOT MATCH THE HASHES" in installed.fail()
    installed.lock(lock)
    assert installed.run().endswith(f"\nparcel 2.0 {FILES}\n")


def test_the_environment_for_development_serves_the_app_too(installed):
    assert "Installing the packages of requirements-dev.lock" in installed.run(LOCK="DEVELOPMENT")
    assert installed.run() == installed.run(LOCK="DEVELOPMENT") == f"parcel 1.0 {FILES}\n"


def test_a_place_that_cannot_be_written_to_is_one_clear_sentence(project):
    project.environment.write_text("a file where the folder should be")
    assert "The Python environment could not be changed" in project.fail()
