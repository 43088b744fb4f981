"""Open the app, after installing what it needs the first time.

python3 scripts/start.py
python3 scripts/start.py -- --server.port 8700 --server.headless true
"""

import os
import socket
import sys

import environment

_DEFAULT_PORT = 8501  # Streamlit's; if it is in use, Streamlit would silently start a second app on the next port


def main() -> None:
    """Prepare the environment and replace this process with Streamlit."""
    options = [option for option in sys.argv[1:] if option != "--"]
    if options and options[0] in {"-h", "--help"}:
        print(f"{__doc__}\nOptions after -- are passed to `streamlit run`.")
        return
    if _in_use(port := _port(options)):
        sys.exit(f"Port {port} is in use: is the app running already? Or choose another: -- --server.port {port + 1}")
    environment.prepare(environment.APP)
    app = str(environment.PROJECT / "streamlit_app.py")
    environment.run([str(environment.python()), "-m", "streamlit", "run", app, *options])


def _port(options: list[str]) -> int:
    """Streamlit's port: from the last option that sets it, else the environment variable, else the default."""
    port = os.environ.get("STREAMLIT_SERVER_PORT", "")
    for position, option in enumerate(options):
        name, equals, value = option.partition("=")
        if name == "--server.port":
            port = value if equals else "".join(options[position + 1 : position + 2])
    return int(port) if port.isdecimal() and int(port) < 65536 else _DEFAULT_PORT


def _in_use(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main()
