"""Work on files of strangers, in a process that can be stopped: with limits of memory and time, and unable to write.

Decoders in C can crash, hang or take all memory, however well a file was checked before. In a process of
its own that costs the file alone. The processes are started on demand, kept, and replaced when they end.
A reply is JSON and bytes, never a pickle, so that a decoder that was taken over cannot take over the app.
"""

import contextlib
import json
import os
import pickle
import queue
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from digit_core import errors
from digit_core.errors import DigitError

MOST_MEMORY = 400_000_000  # bytes of address space beyond what the process has when it starts
MOST_SECONDS = 5  # of processor time for one file
_PATIENCE = 60.0  # seconds of wall-clock time for one file, on a machine that does other work too
_WAITING = 20.0  # seconds that a file waits for its turn
_PROCESSES = 2
_LARGEST_REPLY = 100_000_000  # bytes
_HEAD = struct.Struct(">II")
_PROJECT = Path(__file__).resolve().parents[2]

Reply = tuple[dict[str, Any], bytes]


class Stopped(DigitError):
    """The work on a file was stopped: it crashed, or took too much time or memory."""


class Sandbox:
    """Up to two processes that work on files. Safe to share between threads."""

    def __init__(self, memory: int = MOST_MEMORY, seconds: float = MOST_SECONDS, patience: float = _PATIENCE) -> None:
        """Limits for each call: bytes of memory, seconds of processor time, seconds of wall-clock time."""
        self._limits, self._patience = (memory, seconds), patience
        self._free: queue.LifoQueue[subprocess.Popen | None] = queue.LifoQueue()
        for _ in range(_PROCESSES):
            self._free.put(None)

    def call(self, function: Callable[..., Reply], *arguments: object) -> Reply:
        """What a function of a module returns for arguments that can be pickled: a JSON object, and bytes.

        Raises the DigitError that it raises; and Stopped, also if all processes are busy for 20 seconds.
        """
        try:
            process = self._free.get(timeout=_WAITING)
        except queue.Empty:
            raise Stopped("Many files are being processed; try again in a minute.") from None
        try:
            if process is None or process.poll() is not None:
                process = self._start()
            reply = self._ask(process, pickle.dumps((function, arguments)))
        except (OSError, EOFError, struct.error):
            _end(process)
            process = None
            raise Stopped("It takes too much time or memory to read, or it is damaged.") from None
        finally:
            self._free.put(process)
        return _checked(reply)

    def close(self) -> None:
        """End the processes; the next call starts one again."""
        for _ in range(_PROCESSES):
            _end(self._free.get(timeout=_WAITING + self._patience))
        for _ in range(_PROCESSES):
            self._free.put(None)

    def _start(self) -> subprocess.Popen:
        # A fresh interpreter: a fork would inherit the app's threads and memory.
        return subprocess.Popen(
            [sys.executable, "-B", "-m", __name__, *map(str, self._limits)],
            cwd=_PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            start_new_session=os.name != "nt",  # Ctrl-C in the app's terminal is not for it; it ends with its input
        )

    def _ask(self, process: subprocess.Popen, request: bytes) -> Reply:
        deadline = threading.Timer(self._patience, process.kill)  # after which the reply ends early
        deadline.daemon = True
        deadline.start()
        try:
            _write(process.stdin, {}, request)
            return _read(process.stdout)
        finally:
            deadline.cancel()


def _end(process: subprocess.Popen | None) -> None:
    if process is not None:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                stream.close()


def _checked(reply: Reply) -> Reply:
    document, content = reply
    if "bug" in document:
        raise RuntimeError(document["bug"])
    if "error" not in document:
        return document, content
    kind = getattr(errors, str(document["error"]), DigitError)
    is_known = isinstance(kind, type) and issubclass(kind, DigitError)
    raise (kind if is_known else DigitError)(str(document.get("message", ""))[:1000])


def _write(stream: IO[bytes], document: dict, content: bytes) -> None:
    head = json.dumps(document).encode()
    stream.write(_HEAD.pack(len(head), len(content)) + head)
    stream.write(content)
    stream.flush()


def _read(stream: IO[bytes]) -> Reply:
    """Raises EOFError, or OSError for what is no message."""
    sizes = _HEAD.unpack(_exactly(stream, _HEAD.size))
    if sum(sizes) > _LARGEST_REPLY + 1_000_000:
        raise OSError("a message is too long")
    try:
        document = json.loads(_exactly(stream, sizes[0]))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise OSError("a message is not JSON")
    return document, _exactly(stream, sizes[1])


def _exactly(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise EOFError
    return content


def _limit(kind: str, most: int) -> None:
    if os.name == "nt":
        return
    import resource

    number = getattr(resource, kind)
    _, hard = resource.getrlimit(number)
    with contextlib.suppress(ValueError, OSError):  # the platform knows no such limit, as macOS none of memory
        resource.setrlimit(number, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _processor_seconds() -> int:
    return int(sum(os.times()[:2])) + 1


def _address_space() -> int | None:
    """Bytes that the process has mapped; None where the platform does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def main(memory: int, seconds: float) -> None:
    """Answer calls from standard input until it ends."""
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # libraries print
    _limit("RLIMIT_FSIZE", 0)
    _limit("RLIMIT_CORE", 0)
    while True:
        try:
            _, request = _read(requests)
        except (EOFError, OSError):
            return
        try:
            function, arguments = pickle.loads(request)  # which imports what it needs, before the limit of memory
            if has := _address_space():
                _limit("RLIMIT_AS", has + memory)
            _limit("RLIMIT_CPU", _processor_seconds() + int(seconds))
            document, content = function(*arguments)
        except DigitError as error:
            document, content = {"error": type(error).__name__, "message": str(error)}, b""
        except MemoryError:
            return  # as if it had been killed: what it holds is unknown
        except Exception:  # noqa: BLE001 a bug: its traceback is to be seen where the call was made
            document, content = {"bug": traceback.format_exc()[-4000:]}, b""
        _limit("RLIMIT_AS", sys.maxsize)
        _write(replies, document, content)


SANDBOX = Sandbox()  # the process's own

if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
