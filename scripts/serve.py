"""Open the app in several processes behind nginx, for more people than one process has time for.

python3 scripts/serve.py --processes 4
python3 scripts/serve.py --processes 2 --address 0.0.0.0         for other devices on the network too
python3 scripts/serve.py --processes 2 --port 8700 --postgresql
DIGITS_DATABASE_URL=postgresql://user:password@host/name python3 scripts/serve.py --address 0.0.0.0

Options after -- are passed to `streamlit run`. Ctrl-C or SIGTERM stops everything.
"""

import environment

environment.enter(__name__)

import argparse
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from functools import partial
from pathlib import Path

from digit_core.access.teacher_code import PROCESSES, VARIABLE, new_code
from digit_core.errors import ServingFailed
from digit_core.storage import paths
from digit_core.storage.files import make_folder
from pages.components.loopback import LISTENS_ON
from pages.join_sections.addresses import join_address, machine_address
from scripts.command_line import run_command
from scripts.serving.nginx import nginx_path, start_nginx
from scripts.serving.postgresql import postgresql_address, start_postgresql
from scripts.serving.supervisor import Supervised, stop, supervise

_STARTING_SECONDS = 90  # until all processes answer
_SECRET, _DATABASE = "STREAMLIT_SERVER_COOKIE_SECRET", "DIGITS_DATABASE_URL"


def main() -> int:
    """Start everything, keep it running, stop it; returns the exit code."""
    arguments = _arguments()
    ports = [arguments.port + number for number in range(1, arguments.processes + 1)]
    nginx_path()
    _refuse_taken((arguments.port, *ports))
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    database: list[Supervised] = []
    servers: list[Supervised] = []
    with tempfile.TemporaryDirectory(prefix="digit-lab-") as folder:
        try:
            if arguments.postgresql:
                database.append(Supervised("PostgreSQL", lambda: start_postgresql(_database_folder())))
            shared = _shared_environment(arguments)
            for port in ports:
                start = partial(_start_app, port, shared, arguments.options)
                servers.append(Supervised(f"The app on port {port}", start))
            _wait_until_up(ports, servers, stopped)
            listen, behind = f"{arguments.address}:{arguments.port}", [f"127.0.0.1:{port}" for port in ports]
            servers.append(Supervised("nginx", lambda: start_nginx(Path(folder), listen, behind)))
            opened_at = join_address(f"http://127.0.0.1:{arguments.port}", arguments.address, machine_address())
            print(f"Digit Lab, {len(ports)} processes: {opened_at or f'http://{listen}'}", flush=True)
            supervise([*database, *servers], stopped, lambda line: print(line, file=sys.stderr, flush=True))
        finally:
            stop(servers)
            stop(database)  # last, as the app stores what waits when it ends
    return 0


def _shared_environment(arguments: argparse.Namespace) -> dict[str, str]:
    """The variables that are the same for all processes: a person who signs in on one of them is so on all."""
    shared = {_SECRET: os.environ.get(_SECRET) or secrets.token_hex(), PROCESSES: str(arguments.processes)}
    shared[LISTENS_ON] = arguments.address
    if arguments.postgresql:
        shared[_DATABASE] = postgresql_address(_database_folder())
    elif arguments.database:
        shared[_DATABASE] = arguments.database
    has_accounts = (environment.PROJECT / ".streamlit" / "secrets.toml").exists()
    if not has_accounts:  # else each process says who may sign in
        code = f"it is in {VARIABLE}" if os.environ.get(VARIABLE) else shared.setdefault(VARIABLE, new_code())
        print(f"Visitors can draw and look. To train and delete, enter the teacher's code: {code}.", flush=True)
    return shared


def _start_app(port: int, shared: dict[str, str], options: list[str]) -> subprocess.Popen:
    app = str(environment.PROJECT / "streamlit_app.py")
    own = ["--server.address", "127.0.0.1", "--server.port", str(port), "--server.headless", "true"]
    own += ["--logger.hideWelcomeMessage", "true"]
    # A session of its own: Ctrl-C in the terminal reaches this process alone, which stops the others in order.
    return subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", app, *own, *options],
        cwd=environment.PROJECT,
        env={**os.environ, **shared},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _wait_until_up(ports: list[int], running: list[Supervised], stopped: threading.Event) -> None:
    deadline = time.monotonic() + _STARTING_SECONDS
    waiting = set(ports)
    while waiting and not stopped.wait(0.1):
        if ended := next((each for each in running if each.process.poll() is not None), None):
            raise ServingFailed(f"{ended.name} has ended while it was starting (exit code {ended.process.returncode}).")
        if time.monotonic() > deadline:
            raise ServingFailed(f"The app on port {min(waiting)} did not answer within {_STARTING_SECONDS} seconds.")
        waiting = {port for port in waiting if not _is_up(port)}


def _is_up(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
            return True
    except OSError:
        return False


def _refuse_taken(ports: tuple[int, ...]) -> None:
    for port in ports:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                raise ServingFailed(
                    f"Port {port} is in use; {len(ports)} in a row are needed, for nginx and for each process. "
                    f"Choose others with --port {ports[-1] + 1}."
                )


def _database_folder() -> Path:
    return make_folder(paths.home()) / "postgresql"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count() or 2, help="app processes (default: one a core)"
    )
    parser.add_argument("--port", type=int, default=8501, help="nginx's port; the processes have the next ones")
    parser.add_argument("--address", default="127.0.0.1", help="nginx's address (default: this machine alone)")
    database = parser.add_mutually_exclusive_group()
    database.add_argument("--database", metavar="URL", help="the database (default: DIGITS_DATABASE_URL, or SQLite)")
    database.add_argument(
        "--postgresql", action="store_true", help="start a PostgreSQL server with its data in DIGITS_HOME"
    )
    parser.add_argument("options", nargs="*", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not 1 <= arguments.processes <= 64:
        parser.error(f"--processes should be from 1 to 64, got {arguments.processes}")
    return arguments


if __name__ == "__main__":
    run_command(main)
