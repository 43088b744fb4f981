"""Every test here runs on SQLite and on a real PostgreSQL server."""

import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from digit_core.drawings.labelled import Drawing
from digit_core.inference.prediction import Prediction
from digit_core.storage import database
from scripts.serving.postgresql import postgresql_address, postgresql_programs, start_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a server of this test run's own, without the name of a database."""
    if postgresql_programs() is None:
        reason = "there is no PostgreSQL; on Debian: apt install postgresql"
        if os.environ.get("DIGITS_NOTHING_SKIPPED"):
            pytest.fail(f"DIGITS_NOTHING_SKIPPED is set, but {reason}")
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a short path, because that of a socket is limited
    server = None
    try:
        server = start_postgresql(folder, "-c", "fsync=off", "-c", "max_connections=200")
        yield postgresql_address(folder, "{}")
    finally:
        if server:
            server.send_signal(signal.SIGINT)
            server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


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
