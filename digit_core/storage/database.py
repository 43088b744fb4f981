"""The database: SQLite in the home, or the PostgreSQL server that `DIGITS_DATABASE_URL` names.

Its schema has versions (`digit_core.storage.migrations`) and is upgraded on the first use. SQLAlchemy takes a
fifth of a second to import, so this module is imported only where something is stored or looked up.
"""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from digit_core.errors import DatabaseUnavailable
from digit_core.storage import paths
from digit_core.storage.files import make_folder

SCHEMA = "0001"  # the version of the schema that this version of Digit Lab reads and writes
_VARIABLE = "DIGITS_DATABASE_URL"
_PATIENCE = 3  # seconds for a connection, or for another process's write to SQLite to end
_ANY_NUMBER = 20261124  # of PostgreSQL's lock under which the schema is upgraded
# What SQLite and PostgreSQL say, each with a sentence that helps; the first that occurs counts.
_CAUSES = {
    "database is locked": "Another program is writing to it and does not finish. Close that program.",
    "readonly": "It is read-only. Set DIGITS_HOME to a folder that can be written.",
    "read-only": "It is read-only.",
    "disk is full": "The disk is full. Free some space.",
    "no space left": "The server's disk is full. Free some space.",
    "disk i/o error": "The disk reports an error. Set DIGITS_HOME to a folder on another disk.",
    "unable to open": "Its file cannot be opened. Set DIGITS_HOME to a folder that can be written.",
    "not a database": "Its file is damaged. Move it away, and a new one is created.",
    "malformed": "Its file is damaged. Restore it from a copy, or move it away, and a new one is created.",
    "authentication failed": f"It refuses the name or the password in {_VARIABLE}.",
    "does not exist": f"The database or the user in {_VARIABLE} does not exist on the server.",
}
_UNREACHABLE = f"The server does not answer. Is it running, and is the address in {_VARIABLE} right?"
_SHARED_MEMORY = 65_536  # bytes, more than SQLite takes of it at once
_REMEMBERED = 2.0  # seconds
_away: dict[URL, tuple[float, DatabaseUnavailable]] = {}  # when and why a connection failed
_engines: dict[URL, Engine] = {}  # whose schema is up to date
_lock = threading.Lock()


def database_url() -> URL:
    """The database's address; raises DatabaseUnavailable if `DIGITS_DATABASE_URL` cannot be used."""
    named = os.environ.get(_VARIABLE)
    if not named:
        return URL.create("sqlite", database=str(paths.database_file()))
    try:
        url = make_url(named)
    except ArgumentError:
        raise DatabaseUnavailable(
            f"{_VARIABLE} is no address of a database, such as postgresql://user:password@host/name."
        ) from None
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite":
        return url
    raise DatabaseUnavailable(f"{_VARIABLE} names a database of {url.get_backend_name()}; use PostgreSQL or SQLite.")


def engine() -> Engine:
    """The database with its schema up to date; shared by all threads. Raises DatabaseUnavailable."""
    url = database_url()
    if (found := _engines.get(url)) and not _is_gone(url):
        return found
    with _lock:  # Alembic changes state of the whole process while it migrates
        _raise_if_away(url)  # another thread has just tried
        if url in _engines and _is_gone(url):  # else what is stored would end up in a file without a name
            _engines.pop(url).dispose()
        if url not in _engines:
            try:
                _engines[url] = _opened(url)
            except DatabaseUnavailable as error:
                _note_away(url, error)
                raise
        return _engines[url]


@contextmanager
def reading() -> Iterator[Connection]:
    """A connection that sees one state of the database. Raises DatabaseUnavailable."""
    with database_errors(), _connect() as connection:
        yield connection


@contextmanager
def writing() -> Iterator[Connection]:
    """A connection whose changes are stored together at the end, or not at all. Raises DatabaseUnavailable.

    What is stored survives the end of this process and of the machine.
    """
    with database_errors(), _connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn what SQLAlchemy raises into a DatabaseUnavailable that says what to do."""
    try:
        yield
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error)
        if "disk i/o error" in said.lower() and _is_disk_full():
            said = "disk is full"  # SQLite calls it that where its shared memory does not fit
        cause = next((advice for words, advice in _CAUSES.items() if words in said.lower()), None)
        if cause is None:
            is_sqlite = database_url().get_backend_name() == "sqlite"
            cause = f"It says: {' '.join(said.split())[:200]}" if is_sqlite else _UNREACHABLE
        raise DatabaseUnavailable(f"The database cannot be used. {cause}") from error


def _connect() -> Connection:
    """A connection. While the database is away, only one caller in `_REMEMBERED` seconds waits to learn that."""
    url = database_url()
    _raise_if_away(url)
    try:
        with database_errors():
            connection = engine().connect()
    except DatabaseUnavailable as error:
        _note_away(url, error)
        raise
    _away.pop(url, None)
    return connection


def _is_disk_full() -> bool:
    with suppress(OSError):
        return shutil.disk_usage(paths.home()).free < _SHARED_MEMORY
    return False


def _note_away(url: URL, error: DatabaseUnavailable) -> None:
    if url not in _away or time.monotonic() > _away[url][0] + _REMEMBERED:
        _away[url] = time.monotonic(), error


def _raise_if_away(url: URL) -> None:
    since, problem = _away.get(url, (0.0, None))
    if problem is not None and time.monotonic() < since + _REMEMBERED:
        raise DatabaseUnavailable(str(problem)) from problem


def _opened(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        if url.database and url.database != ":memory:":
            make_folder(Path(url.database).parent)
        opened = create_engine(url, connect_args={"timeout": _PATIENCE})
        event.listen(opened, "connect", _prepare_sqlite)
        event.listen(opened, "begin", _begin_sqlite)
    else:
        opened = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": _PATIENCE})
    try:
        with database_errors():
            _upgrade(opened)
    except BaseException:
        opened.dispose()
        raise
    return opened


def _is_gone(url: URL) -> bool:
    """Whether the file of an SQLite database was deleted."""
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


def _prepare_sqlite(connection, _record) -> None:
    # Without it Python's module begins transactions when it likes, and not before changes of the schema.
    connection.isolation_level = None
    with suppress(connection.OperationalError):  # a file that can only be read keeps the mode that it has
        connection.execute("PRAGMA journal_mode = WAL")  # nobody who reads waits for anybody who writes
    connection.execute("PRAGMA synchronous = FULL")  # what was stored survives a power cut
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that began by reading could not wait for its turn to write: SQLite would refuse it.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


def _upgrade(opened: Engine) -> None:
    """Bring the schema to `SCHEMA`, one process at a time. Raises DatabaseUnavailable if it is a later one."""
    with opened.connect() as connection:
        if _version(connection) == SCHEMA:
            return
    with opened.connect().execution_options(writes=True) as connection, connection.begin():
        if opened.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ANY_NUMBER})
        if _version(connection) == SCHEMA:  # another process was faster
            return
        _migrate(connection)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(connection: Connection) -> None:
    from alembic import command  # only where there is something to do: it takes a quarter of a second to import
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    version = _version(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise DatabaseUnavailable(
            f"The database was written by a later version of Digit Lab: its schema is {version}, and this version "
            f"knows {SCHEMA}. Update Digit Lab, or set DIGITS_HOME to another folder."
        )
    command.upgrade(config, SCHEMA)


def close() -> None:
    """Close all connections of this process; the next use opens the database again."""
    with _lock:
        _away.clear()
        while _engines:
            _engines.popitem()[1].dispose()
