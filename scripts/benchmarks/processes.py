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
