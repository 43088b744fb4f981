"""Which machine this is, for files in a home that several machines share."""

import hashlib
import socket
from functools import cache
from pathlib import Path


@cache
def this_machine() -> str:
    """The host's name, and a digest of what its installation is named by: the same after a restart of the machine.

    Locks and process numbers of another machine mean nothing here. Containers are machines of their own.
    """
    try:
        installation = Path("/etc/machine-id").read_text(encoding="ascii", errors="replace").strip()
    except OSError:  # not on Linux, or in a container
        installation = ""
    return f"{socket.gethostname()}-{hashlib.sha256(installation.encode()).hexdigest()[:8]}"


def is_here(machine: str) -> bool:
    """Whether a record is of this machine; one without a machine is of an earlier version."""
    return machine in ("", this_machine())
