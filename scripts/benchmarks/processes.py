"""What Linux tells of a process in /proc."""

import os
from pathlib import Path


def resident_megabytes(process: int) -> float:
    """Resident memory in megabytes of 10^6 bytes."""
    status = Path(f"/proc/{process}/status").read_text()
    kilobytes = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    return round(kilobytes * 1024 / 1e6, 1)


def maps_tensorflow(process: int) -> bool:
    """Whether a library of TensorFlow is mapped into its memory."""
    return "/tensorflow/" in Path(f"/proc/{process}/maps").read_text()


def processor_seconds(process: int) -> float:
    """User and system time so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(process: int) -> list[int]:
    """The processes that its main thread has started and that are still there."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def runs_streamlit(process: int) -> bool:
    """Whether it is an app server."""
    return b"\0streamlit\0run\0" in Path(f"/proc/{process}/cmdline").read_bytes()


def tree_seconds(root: int) -> float:
    """User and system time of a process and its descendants, also of those that ended and were waited for."""
    found: dict[int, tuple[int, float]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        found[int(path.parent.name)] = int(fields[1]), sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    tree, total = [root], 0.0
    while tree:
        process = tree.pop()
        total += found.get(process, (0, 0.0))[1]
        tree += [child for child, (parent, _) in found.items() if parent == process]
    return total
