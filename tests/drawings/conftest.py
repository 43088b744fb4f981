"""Every test here runs on SQLite and on a real PostgreSQL server."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from digit_core.drawings.labelled import Drawing
from digit_core.inference.recognizer import Prediction
from digit_core.storage import database


def _programs() -> Path | None:
    """The folder of PostgreSQL's programs; Debian keeps them out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    named = shutil.which("initdb")
    return Path(named).resolve().parent if named else None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a server of this test run's own, without the name of a database."""
    programs = _programs()
    if programs is None:
        reason = "there is no PostgreSQL; on Debian: apt install postgresql"
        if os.environ.get("DIGITS_NOTHING_SKIPPED"):
            pytest.fail(f"DIGITS_NOTHING_SKIPPED is set, but {reason}")
        pytest.skip(reason)
    # A short path, because that of a socket may have 107 characters; the server refuses to run as root.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    as_user = {"user": "postgres"} if os.geteuid() == 0 else {}
    if as_user:
        shutil.chown(folder, "postgres")
    quiet = {"stdout": subprocess.DEVNULL, "cwd": "/", **as_user}
    server = None
    try:
        create = [programs / "initdb", "-D", folder / "data", "-U", "digits", "-A", "trust", "--no-sync"]
        subprocess.run(create, check=True, **quiet)
        options = ["-k", folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200"]
        server = subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", *options], stderr=quiet["stdout"], **quiet
        )
        subprocess.run([programs / "pg_isready", "-h", folder, "-t", "30"], check=False, **quiet)
        _wait_until_ready(programs, folder)
        yield f"postgresql://digits@/{{}}?host={folder}"
    finally:
        if server:
            server.send_signal(signal.SIGINT)
            server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(programs: Path, folder: Path) -> None:
    deadline = time.monotonic() + 30
    while subprocess.call([programs / "pg_isready", "-q", "-h", folder, "-t", "1"]):
        assert time.monotonic() < deadline, "PostgreSQL did not start within 30 seconds"
        time.sleep(0.05)  # there is no other way to learn that it is up


@pytest.fixture(params=["sqlite", "postgresql"])
def database_address(request, own_home, monkeypatch) -> str:
    """An empty database, which `DIGITS_DATABASE_URL` names."""
    if request.param == "sqlite":
        address = f"sqlite:///{own_home}/test.db"
    else:
        server = request.getfixturevalue("postgresql")
        name = f"test_{uuid.uuid4().hex}"
        import psycopg

        with psycopg.connect(server.format("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        address = server.format(name)
    monkeypatch.setenv("DIGITS_DATABASE_URL", address)
    yield address
    with database.database_errors():
        database.close()


@pytest.fixture
def make_drawing():
    """A function that makes a drawing: `make_drawing("anna", 4, seed=7)` was predicted as a 4."""

    def make(owner: str = "anna", predicted: int = 4, seed: int = 0, run: str = "shipped", **others) -> Drawing:
        rng = np.random.default_rng(seed)
        probabilities = np.full(10, 0.01, np.float32)
        probabilities[predicted] = 0.91
        image = rng.integers(0, 256, (28, 28)).astype(np.float32) / 255
        others = {"source": "canvas", **others}
        return Drawing(
            owner, run=run, prediction=Prediction(predicted, probabilities, 0.91, 0.99, True, image), **others
        )

    return make
