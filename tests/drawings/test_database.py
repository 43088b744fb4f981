import os
import sqlite3
import threading
import time

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from digit_core.drawings import store
from digit_core.drawings.labelled import Label
from digit_core.drawings.tables import METADATA
from digit_core.errors import DatabaseUnavailable
from digit_core.storage import database, paths


def test_the_migrations_make_the_tables_that_the_code_expects(database_address):
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_many_threads_can_open_an_empty_database_at_once(database_address):
    problems = []

    def use():
        try:
            store.drawings_of("anna")
        except DatabaseUnavailable as error:
            problems.append(error)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_a_later_schema_is_refused_and_left_alone(database_address, make_drawing):
    store.add([make_drawing()], [])
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(DatabaseUnavailable, match="a later version of Digit Lab: its schema is 9999.*Update Digit Lab"):
        store.drawings_of("anna")
    with (
        database.writing.__wrapped__.__globals__["_opened"]
        .__globals__["create_engine"](database.database_url())
        .connect() as connection
    ):
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == "9999"
        assert connection.execute(sa.text("SELECT count(*) FROM drawings")).scalar() == 1


def test_sqlite_in_the_home_is_the_default_and_lets_people_read_while_others_write(own_home, make_drawing, monkeypatch):
    monkeypatch.delenv("DIGITS_DATABASE_URL", raising=False)
    with database.writing() as connection:
        assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
        assert store.drawings_of("anna") == []
    assert paths.database_file().is_file()
    database.close()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nonsense", "DIGITS_DATABASE_URL is no address"),
        ("mysql://localhost/x", "names a database of mysql; use PostgreSQL or SQLite"),
        ("postgresql://digits@/x?host=/nowhere", "The server does not answer. Is it running"),
    ],
)
def test_an_address_that_cannot_be_used_is_told(own_home, monkeypatch, address, message):
    monkeypatch.setenv("DIGITS_DATABASE_URL", address)
    with pytest.raises(DatabaseUnavailable, match=message):
        store.drawings_of("anna")


def test_a_damaged_file_is_told(own_home):
    own_home.mkdir()
    paths.database_file().write_bytes(b"nothing that SQLite knows" * 1000)
    with pytest.raises(DatabaseUnavailable, match="Its file is damaged"):
        store.drawings_of("anna")


def test_a_locked_database_is_told_after_a_while(own_home, make_drawing, monkeypatch):
    monkeypatch.setattr(database, "_PATIENCE", 0.1)
    store.drawings_of("anna")
    other = sqlite3.connect(paths.database_file(), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailable, match="Another program is writing to it"):
        store.add([make_drawing()], [])
    other.execute("COMMIT")
    other.close()
    store.add([make_drawing()], [])
    database.close()


def test_a_full_disk_is_told_and_nothing_is_half_stored(own_home, make_drawing):
    store.drawings_of("anna")
    drawing = make_drawing()
    with database.reading() as connection:
        pages = connection.execute(sa.text("PRAGMA page_count")).scalar()

    def limit(connection, _record):
        connection.execute(f"PRAGMA max_page_count = {pages}")

    sa.event.listen(database.engine(), "connect", limit)
    database.engine().dispose()
    many = [make_drawing(seed=seed) for seed in range(200)]
    with pytest.raises(DatabaseUnavailable, match="The disk is full"):
        store.add([drawing, *many], [Label(drawing.id, "anna", 4)])
    assert store.drawings_of("anna") == []
    database.close()


@pytest.mark.skipif(os.name == "nt", reason="folders have no permissions there")
def test_a_database_that_can_only_be_read_can_be_read(own_home, make_drawing):
    store.add([make_drawing()], [])
    database.close()
    address = f"file:{paths.database_file()}?mode=ro&uri=true"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITS_DATABASE_URL", f"sqlite:///{address}")
        patch.setattr(database, "_is_gone", lambda url: False)
        patch.setattr(database, "make_folder", lambda path: path)
        assert len(store.drawings_of("anna")) == 1
        with pytest.raises(DatabaseUnavailable, match="It is read-only"):
            store.add([make_drawing(seed=1)], [])
        database.close()


def test_a_database_that_was_deleted_is_created_anew(own_home, make_drawing):
    store.add([make_drawing()], [])
    for path in own_home.glob("digit-lab.db*"):
        path.unlink()
    assert store.drawings_of("anna") == []
    store.add([make_drawing(seed=1)], [])
    assert len(store.drawings_of("anna")) == 1
    database.close()


def test_many_who_ask_while_the_database_is_away_wait_for_one_attempt_only(own_home, monkeypatch):
    monkeypatch.setenv("DIGITS_DATABASE_URL", "postgresql://digits@/x?host=/nowhere")
    attempts = []

    def slow(url):
        attempts.append(url)
        time.sleep(0.2)
        raise DatabaseUnavailable("The database cannot be used. It is away.")

    monkeypatch.setattr(database, "_opened", slow)
    refused = []

    def use():
        try:
            store.drawings_of("anna")
        except DatabaseUnavailable as error:
            refused.append(str(error))

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["The database cannot be used. It is away."] * 20
    assert len(attempts) == 1
    database.close()
