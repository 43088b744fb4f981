"""A PostgreSQL server of an ordinary user's own, from Debian's package, reached through a socket in its folder."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from digit_core.errors import ServingFailed

_STARTING_SECONDS = 30
_LONGEST = 80  # characters: the path of the socket in the folder may have 107


def postgresql_programs() -> Path | None:
    """The folder of PostgreSQL's programs, None if it is not installed; Debian keeps them out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    named = shutil.which("initdb")
    return Path(named).resolve().parent if named else None


def postgresql_address(folder: Path, database: str = "postgres") -> str:
    """The address of a database on the server in a folder."""
    return f"postgresql://digits@/{database}?host={folder}"


def start_postgresql(folder: Path, *options: str) -> subprocess.Popen:
    """Start a server with its data in a folder, which is filled the first time; `options` are those of `postgres`.

    Returns its process when it answers; SIGINT ends it. Raises ServingFailed.
    """
    if len(str(folder)) > _LONGEST:
        raise ServingFailed(f"The path of {folder} is too long for PostgreSQL: at most {_LONGEST} characters.")
    programs = postgresql_programs()
    if programs is None:
        raise ServingFailed("PostgreSQL is not installed. On Debian and Ubuntu: apt install postgresql")
    folder.mkdir(parents=True, exist_ok=True)
    as_user = {"user": "postgres"} if os.geteuid() == 0 else {}  # it refuses to run as root
    if as_user:
        shutil.chown(folder, "postgres")
    quiet = {"stdout": subprocess.DEVNULL, "cwd": "/", **as_user}
    if not (folder / "data" / "PG_VERSION").exists():
        create = [programs / "initdb", "-D", folder / "data", "-U", "digits", "-A", "trust"]
        made = subprocess.run(create, stderr=subprocess.PIPE, text=True, **quiet)
        if made.returncode:
            raise ServingFailed(f"PostgreSQL could not create its data in {folder}. {made.stderr.strip()}")
    command = [programs / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", *options]
    with (folder / "log").open("ab") as log:
        server = subprocess.Popen(command, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, **quiet)
    deadline = time.monotonic() + _STARTING_SECONDS
    while subprocess.call([programs / "pg_isready", "-q", "-h", folder, "-t", "1"]):
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            raise ServingFailed(f"PostgreSQL did not start; {folder / 'log'} says why.")
        time.sleep(0.05)  # there is no other way to learn that it is up
    return server
