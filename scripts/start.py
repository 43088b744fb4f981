"""Open the app; the first time, install what it needs.

python3 scripts/start.py
python3 scripts/start.py -- --server.port 8700 --server.headless true
"""

import os
import socket
import sys

import environment

_DEFAULT_PORT = 8501  # Streamlit's; if it is taken, Streamlit takes the next one and a second app runs unnoticed


def main() -> None:
    """Prepare the environment and become Streamlit."""
    options = [option for option in sys.argv[1:] if option != "--"]
    if options and options[0] in {"-h", "--help"}:
        print(__doc__)
        print("Options after -- go to `streamlit run`.")
        return
    if _in_use(port := _port(options)):
        sys.exit(f"Port {port} is in use: is the app running already? Or choose another: -- --server.port {port + 1}")
    environment.prepare(environment.APP)
    app = str(environment.PROJECT / "streamlit_app.py")
    environment.run([str(environment.python()), "-m", "streamlit", "run", app, *options])


def _port(options: list[str]) -> int:
    """Where Streamlit will listen: the last option that says so, else the environment variable, else its default."""
    given = [os.environ.get("STREAMLIT_SERVER_PORT", "")]
    for position, option in enumerate(options):
        name, equals, value = option.partition("=")
        if name == "--server.port":
            given.append(value if equals else "".join(options[position + 1 : position + 2]))
    return int(given[-1]) if given[-1].isdecimal() and int(given[-1]) < 65536 else _DEFAULT_PORT


def _in_use(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main()
