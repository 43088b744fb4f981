"""Open the app; the first time, install what it needs.

python3 scripts/start.py
python3 scripts/start.py -- --server.port 8700 --server.headless true
"""

import socket
import sys

import environment


def main() -> None:
    """Prepare the environment and become Streamlit."""
    options = [option for option in sys.argv[1:] if option != "--"]
    if options and options[0] in {"-h", "--help"}:
        print(__doc__)
        print("Options after -- go to `streamlit run`.")
        return
    if (port := _port_asked_for(options)) and _in_use(port):
        sys.exit(f"Port {port} is in use: is the app running already? Or choose another: -- --server.port {port + 1}")
    environment.prepare(environment.APP)
    app = str(environment.PROJECT / "streamlit_app.py")
    environment.run([str(environment.python()), "-m", "streamlit", "run", app, *options])


def _port_asked_for(options: list[str]) -> int | None:
    for name, value in zip(options, [*options[1:], ""], strict=True):
        given = value if name == "--server.port" else name.removeprefix("--server.port=")
        if name.startswith("--server.port") and given.isdigit():
            return int(given)
    return None


def _in_use(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main()
