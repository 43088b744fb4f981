"""nginx before several app processes, as an ordinary user and with a folder of its own."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from digit_core.errors import ServingFailed
from digit_core.storage.paths import PROJECT

_CONFIGURATION = PROJECT / "deploy" / "cluster" / "nginx.conf"
_LISTEN = "listen 8080;"  # in that file


def nginx_path() -> str:
    """The program. Raises ServingFailed if it is not installed."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
    if found is None:
        raise ServingFailed("nginx is not installed. On Debian and Ubuntu: apt install nginx")
    return found


def servers_configuration(servers: Sequence[str]) -> str:
    """The content of `servers.conf` for app servers "host:port", each with a port of its own."""

    def server(address: str, kind: str = "") -> str:
        return f"    server {address} max_fails=3 fail_timeout=5s{kind};\n"

    def upstream(name: str, lines: str) -> str:
        # The app closes a connection that was idle for 5 s; nginx does so sooner, so as not to send on a closed one.
        idle = "    keepalive 32;\n    keepalive_timeout 4s;\n"
        return f"upstream {name} {{\n    zone {name} 64k;\n{lines}{idle}}}\n"

    everyone = upstream("any_server", "".join(map(server, servers)))
    parts, choices = [everyone], "    default any_server;\n"
    for address in servers:
        port = address.rpartition(":")[2]
        others = "".join(server(other, " backup") for other in servers if other != address)
        parts.append(upstream(f"server_{port}", server(address) + others))
        choices += f"    {port} server_{port};\n"
    return "".join(parts) + f"map $cookie_digit_lab_server $chosen {{\n{choices}}}\n"


def start_nginx(folder: Path, listen: str, servers: Sequence[str]) -> subprocess.Popen:
    """Start nginx in the foreground; `listen` and `servers` are "host:port".

    Raises ServingFailed if it is not installed or rejects its configuration.
    """
    configuration = _CONFIGURATION.read_text(encoding="utf-8")
    (folder / "nginx.conf").write_text(configuration.replace(_LISTEN, f"listen {listen};"), encoding="utf-8")
    (folder / "servers.conf").write_text(servers_configuration(servers), encoding="utf-8")
    # As root it would run its workers as another user, who cannot enter the folder.
    user = "user root; " if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
    command = [nginx_path(), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", f"{user}daemon off;"]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True)
    if tested.returncode:
        raise ServingFailed(f"nginx does not start. {tested.stderr.strip()}")
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
