"""What processes there are, as Linux tells in /proc."""

from pathlib import Path

import pytest

linux = pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are counted in /proc, as on Linux")


def processes_with(*words: str) -> int:
    """How many living processes have all these words in their command line."""
    count = 0
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        count += all(word in command for word in words)
    return count


def is_gone(process: int) -> bool:
    """Whether a process has ended; a zombie has."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True
