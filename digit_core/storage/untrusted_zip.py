"""Zip files of strangers: checked before they are opened, and unpacked within limits.

A file of kilobytes can unpack to petabytes, list millions of files, or name files outside of its folder. Its head
may say anything, so bytes are counted while they are unpacked.
"""

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from digit_core.errors import InvalidImport

_END = struct.Struct("<4sHHHHIIH")  # the end of the central directory: APPNOTE.TXT 4.3.16
_LONGEST_COMMENT = 65_535
_BYTES_AN_ENTRY = 400  # of the central directory, on average; the names and notes of usual programs have 60 to 200
_LONGEST_NAME = 200  # characters
_UNSAFE = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')  # what some system takes for more than a name
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # devices, on Windows
_BLOCK = 1_000_000  # bytes
_DAMAGED = (
    zipfile.BadZipFile, OSError, ValueError, EOFError, zlib.error, RuntimeError, NotImplementedError, struct.error,
    LookupError, MemoryError,
)  # fmt: skip


@dataclass(frozen=True)
class ZipLimits:
    """At most so many `entries`, so many bytes `unpacked`, and unpacked at most `ratio` times the packed size."""

    entries: int
    unpacked: int
    ratio: int = 1100  # deflate itself reaches 1,030, with blank drawings


class UntrustedZip:
    """A zip file whose entries have been checked. Every method raises InvalidImport."""

    def __init__(self, archive: zipfile.ZipFile, limits: ZipLimits):
        self._archive = archive
        self._left = limits.unpacked
        self._limits = limits
        self.files: dict[str, zipfile.ZipInfo] = {}
        seen: set[str] = set()
        for entry in archive.infolist():
            self._check(entry)
            folded = entry.filename.rstrip("/").casefold()
            if folded in seen:
                raise InvalidImport(f"The zip file has {_shown(entry.filename)} twice. Pack it again.")
            seen.add(folded)
            if not entry.is_dir():
                self.files[entry.filename] = entry
        size = sum(entry.file_size for entry in self.files.values())
        if size > limits.unpacked:
            raise _too_large(f"{size / 1e6:,.0f} MB", limits)

    def read(self, name: str, most: int | None = None) -> bytes:
        """A file's content, of at most so many bytes."""
        return b"".join(self.blocks(name, most))

    def blocks(self, name: str, most: int | None = None) -> Iterator[bytes]:
        """As `read`, a part at a time."""
        entry, size = self.files[name], 0
        with _damage(), self._archive.open(entry) as file:
            while block := file.read(_BLOCK):
                size += len(block)
                self._left -= len(block)
                if self._left < 0:
                    raise _too_large("more", self._limits)
                if size > entry.file_size or (most is not None and size > most):
                    raise InvalidImport(f"{_shown(name)} is larger than it may be. Pack it again.")
                yield block

    def _check(self, entry: zipfile.ZipInfo) -> None:
        name = _shown(entry.filename)
        parts = entry.filename.rstrip("/").split("/")
        if (
            entry.filename != entry.orig_filename
            or len(entry.filename) > _LONGEST_NAME
            or _UNSAFE.search(entry.filename)
        ):
            raise InvalidImport(f"The zip file has an entry with a name that is no file's: {name}. Pack it again.")
        if any(part in ("", ".", "..") or part != part.rstrip(" .") or _RESERVED.match(part) for part in parts):
            raise InvalidImport(f"The zip file would write outside of its folder: {name}. It is not read.")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise InvalidImport(f"The zip file has a link or a device, {name}. Pack the files themselves.")
        if entry.flag_bits & 0x2041:
            raise InvalidImport(f"The zip file is encrypted ({name}). Pack it without a password.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InvalidImport(
                f"The zip file is compressed by an unusual method ({name}). Pack it as a usual zip file."
            )
        if entry.file_size > 1_000_000 and entry.file_size > self._limits.ratio * max(entry.compress_size, 1):
            raise InvalidImport(
                f"{name} in the zip file would unpack to {entry.file_size / max(entry.compress_size, 1):,.0f} times "
                "its size. It is not read."
            )


@contextmanager
def untrusted_zip(file: BinaryIO, limits: ZipLimits) -> Iterator[UntrustedZip]:
    """Open a zip file, seekable and binary. Raises InvalidImport."""
    _check_ends(file, limits)
    with _damage():
        archive = zipfile.ZipFile(file)
    with archive:
        yield UntrustedZip(archive, limits)


@contextmanager
def _damage() -> Iterator[None]:
    """Turn what reading a damaged file raises into InvalidImport."""
    try:
        yield
    except _DAMAGED as error:
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise InvalidImport(f"The zip file is damaged ({reason}). Pack or download it again.") from None


def _check_ends(file: BinaryIO, limits: ZipLimits) -> None:
    """Refuse what begins or ends otherwise than a zip file, or lists too many files to be looked at."""
    size = file.seek(0, 2)
    file.seek(0)
    if file.read(4) != b"PK\3\4":
        raise InvalidImport("The file is not a zip file, or it has no files in it.")
    file.seek(max(size - _LONGEST_COMMENT - _END.size, 0))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise InvalidImport("The zip file is incomplete. Download or pack it again.")
    _, _, _, _, entries, directory, _, comment = _END.unpack_from(tail, at)
    if len(tail) - at != _END.size + comment or tail[max(at - 20, 0) : at].startswith(b"PK\6\7"):
        raise InvalidImport("The zip file does not end as a usual one of its size. Pack it again.")
    if entries > limits.entries or directory > _BYTES_AN_ENTRY * limits.entries:
        raise InvalidImport(
            f"The zip file has {max(entries, directory // 50):,} entries, and at most {limits.entries:,} are read."
        )


def _too_large(given: str, limits: ZipLimits) -> InvalidImport:
    return InvalidImport(f"Unpacked, it has {given}, and at most {limits.unpacked / 1e6:,.0f} MB are read.")


def _shown(name: str) -> str:
    return repr(name[:60])
