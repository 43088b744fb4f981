"""Whether something that was made of a run's files still belongs to them."""

import hashlib
from functools import lru_cache
from pathlib import Path

from digit_core.errors import DamagedRun
from digit_core.runs.run import Run


def fingerprint(run: Run, names: tuple[str, ...], version: str) -> str:
    """A digest that changes with these files of a run and with `version`. Raises DamagedRun."""
    try:
        stats = [(run.path / name).stat() for name in names]
        return _digest(run.path, names, version, tuple((stat.st_size, stat.st_mtime_ns) for stat in stats))
    except OSError as error:
        raise DamagedRun(f"A file of the run {run.name} cannot be read: {error.strerror}.") from None


@lru_cache(maxsize=64)
def _digest(folder: Path, names: tuple[str, ...], version: str, _changed: tuple) -> str:
    digest = hashlib.sha256(version.encode())
    for name in names:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()
