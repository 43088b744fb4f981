"""Feed damaged pictures, drawings and strokes to the interface: `python -m tests.fuzzing 1000000`.

Only a `DigitError` may be raised, in at most 1 s of processor time (see `tests.resource_limits`) and 150 MB. Input
number n depends on n alone, so a failure is repeated with `1 --first n`, and a run that was stopped goes on
with `--first`. Pictures are files of each format, damaged, half of them with right checksums again; strokes, arrays
and the canvas's JSON are generated, many of their numbers huge, tiny or none.
"""

import argparse
import contextlib
import io
import json
import multiprocessing
import os
import random
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from digit_core import DigitError, Recognizer
from digit_core.preprocessing.fabric_canvas import Drawing, drawing_from_canvas
from digit_core.preprocessing.image_files import open_picture
from digit_core.preprocessing.pipeline import drawing_steps
from tests.preprocessing import crafted
from tests.resource_limits import MOST_MEGABYTES, MOST_SECONDS, Cost, cost_of, seconds_here

CHUNK = 100
_MEASURED_TOGETHER = 20  # inputs whose memory is measured together
_NUMBERS = [
    0, -0.0, 1, 140, 279.5, -50, 1e6, -1e6, 1e9, 1e99, -1e99, 1e100, 1e300, -1.7e308, 5e-324, 1e-99, 2**31, 2**63,
    -(2**63), 10**400, -(10**400), float("nan"), float("inf"), float("-inf"), True, None, "1", "", [], {}, 1j,
]  # fmt: skip
_BYTES = [b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\1\0\0", b"\0\0\1\0", b"\x40", b"IDAT"]
_OPTIONS = ["strokeWidth", "left", "top", "width", "height", "scaleX", "scaleY", "angle", "originX", "originY", "src"]
_MODES = ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16", "La"]


@dataclass(frozen=True)
class Failure:
    """An input that did otherwise than it may, and what it did."""

    number: int
    kind: str
    what: str


def inputs(recognizer: Recognizer) -> dict[str, Callable[[random.Random], object]]:
    """What is fed, by kind."""
    files = crafted.pictures()
    names = sorted(files)

    def picture(rng: random.Random) -> None:
        name = rng.choice(names)
        content = damaged(files[name], rng)
        if name.startswith("PNG") and rng.random() < 0.5:
            with contextlib.suppress(Exception):
                content = crafted.with_right_checksums(content)
        image = open_picture(io.BytesIO(content), "a", rng.choice([None, 20, 1200]))
        _predict(recognizer, image, rng)

    def array(rng: random.Random) -> None:
        shape = [rng.choice([0, 1, 2, 7, 28, 60, 200]) for _ in range(rng.choice([2, 2, 3, 3, 1, 4]))]
        shape[2:] = [rng.choice([1, 2, 3, 4, 5]) for _ in shape[2:]]  # small: its own memory would count as the app's
        values = np.random.default_rng(rng.getrandbits(32)).integers(0, 256, shape, np.uint8)
        dtype = rng.choice([np.uint8] * 6 + [np.float32, np.int64, bool, object])
        image = (values * (values > rng.choice([0, 128, 250]))).astype(dtype)[:: rng.choice([1, 1, -1, 2])]
        _predict(recognizer, image, rng)

    def pillow(rng: random.Random) -> None:
        mode = rng.choice(_MODES)
        size = rng.choice([1, 3, 30, 90, 1300]), rng.choice([1, 3, 30, 90])
        image = Image.new(mode, size)
        for _ in range(3):
            with contextlib.suppress(TypeError, ValueError):  # a colour that the mode does not have
                image.paste(rng.choice([0, 255, 128, 65_535]), (0, 0, rng.randint(1, size[0]), rng.randint(1, size[1])))
        if rng.random() < 0.5:
            image.info["transparency"] = rng.choice([*_NUMBERS, b"", b"\1" * 300, (1, 2), (1, 2, 3)])
        if image.palette and rng.random() < 0.3:
            image.palette.palette = rng.randbytes(rng.randint(0, 800))
        if rng.random() < 0.02:
            image.close()
        _predict(recognizer, image, rng)

    def strokes(rng: random.Random) -> None:
        recognizer.predict_strokes(_strokes(rng), _number(rng))

    def canvas(rng: random.Random) -> None:
        message = [_object(rng) for _ in range(rng.randint(0, 4))] if rng.random() < 0.95 else _json(rng, 3)
        drawing_steps(drawing_from_canvas(message), 280)

    def drawing(rng: random.Random) -> None:
        points = [np.array([[rng.uniform(0, 280), _real(rng)] for _ in range(rng.randint(1, 5))]) for _ in range(2)]
        recognizer.predict_drawing(Drawing(tuple(points), abs(_real(rng))), 280)

    return {f.__name__: f for f in (picture, array, pillow, strokes, canvas, drawing)}


def damaged(content: bytes, rng: random.Random) -> bytes:
    """A file with up to five changes: bits, bytes inserted, deleted, overwritten, repeated, the end cut off."""
    for _ in range(rng.randint(0, 5)):
        at = int(rng.random() ** rng.choice([1, 3]) * len(content))
        before, after, amount = content[:at], content[at:], rng.randint(1, 255)
        some = rng.choice(_BYTES) if rng.random() < 0.5 else rng.randbytes(rng.randint(1, 8))
        content = rng.choice(
            [
                before + bytes([after[0] ^ amount]) + after[1:] if after else before,
                before + some + after,
                before + after[amount:],
                before + some + after[len(some) :],
                before + after[:amount] * 20 + after,
                before if amount > 200 else content,
            ]
        )
    return content


def _predict(recognizer: Recognizer, image: object, rng: random.Random) -> None:
    rng.choice([recognizer.predict] * 4 + [recognizer.predict_number, recognizer.predict_lines])(image)


def _number(rng: random.Random) -> object:
    return rng.choice(_NUMBERS) if rng.random() < 0.4 else rng.uniform(-50, 330)


def _real(rng: random.Random) -> float:
    value = _number(rng)
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        return float(value)
    return 3.0


def _strokes(rng: random.Random) -> object:
    if rng.random() < 0.05:
        return _json(rng, 3)
    strokes = [[[_number(rng), _number(rng)] for _ in range(rng.randint(0, 6))] for _ in range(rng.randint(0, 5))]
    if rng.random() < 0.3:
        with contextlib.suppress(Exception):
            return [np.array(stroke, rng.choice([None, np.float16, np.float64, np.longdouble])) for stroke in strokes]
    return strokes


def _json(rng: random.Random, depth: int) -> object:
    kind = rng.randint(0, 3) if depth else 0
    if kind == 1:
        return [_json(rng, depth - 1) for _ in range(rng.randint(0, 4))]
    if kind == 2:
        return {rng.choice(["type", "path", "x", "src"]): _json(rng, depth - 1) for _ in range(rng.randint(0, 4))}
    return _number(rng)


def _object(rng: random.Random) -> object:
    if rng.random() < 0.1:
        return _json(rng, 2)
    path: list = [["M", 40, 50]]
    for _ in range(rng.randint(0, 6)):
        letter = rng.choice(["L", "L", "Q", "Q", "M", "Z", "C", "", None])
        path.append([letter, *(_number(rng) for _ in range({"L": 2, "M": 2, "Q": 4}.get(letter, rng.randint(0, 4))))])
    options = {name: _number(rng) for name in rng.sample(_OPTIONS, rng.randint(0, 5))}
    return {"type": rng.choice(["path", "path", "path", "Image", "circle"]), "path": path, **options}


def feed(first: int, count: int) -> tuple[list[Failure], Cost, int]:
    """Feed inputs `first` to `first + count - 1`: failures, the highest costs, and how many were refused."""
    global _kinds
    if _kinds is None:
        recognizer = Recognizer.load("shipped")
        _kinds = inputs(recognizer)
        for number, kind in enumerate([*_kinds.values()] * 20):  # what is imported on first use costs only once
            _attempt(kind, number, [])
    failures: list[Failure] = []
    seconds, megabytes, refused = 0.0, 0.0, 0
    for start in range(first, first + count, _MEASURED_TOGETHER):
        results: list[tuple[int, str, list[str], float]] = []
        numbers = range(start, min(start + _MEASURED_TOGETHER, first + count))
        cost = cost_of(lambda results=results, numbers=numbers: results.extend(map(_fed, numbers)))
        for number, kind, raised, spent in results:
            refused += raised == [""]
            seconds = max(seconds, spent)
            if raised and raised[0]:
                failures.append(Failure(number, kind, raised[0]))
            elif spent > MOST_SECONDS and _fed(number)[3] > seconds_here(MOST_SECONDS):
                failures.append(Failure(number, kind, f"{spent:.2f} s"))
        megabytes = max(megabytes, cost.megabytes)
        if cost.megabytes > MOST_MEGABYTES:
            failures.append(Failure(start, "one of the next", f"{cost.megabytes:.0f} MB"))
    return failures, Cost(seconds, megabytes), refused


def _fed(number: int) -> tuple[int, str, list[str], float]:
    kind, raised = sorted(_kinds)[number % len(_kinds)], []
    start = time.process_time()
    _attempt(_kinds[kind], number, raised)
    return number, kind, raised, time.process_time() - start


_kinds: dict[str, Callable[[random.Random], object]] | None = None


def _attempt(action: Callable[[random.Random], object], number: int, raised: list[str]) -> None:
    """Appends nothing if it was processed, "" if it was refused, and a traceback for anything else."""
    try:
        action(random.Random(number))
    except DigitError:
        raised.append("")
    except BaseException:  # noqa: BLE001 it is what is looked for
        raised.append(traceback.format_exc(limit=-3))


def _start_worker() -> None:
    import cv2

    cv2.setNumThreads(1)
    os.nice(5)


def run(first: int, count: int, workers: int) -> Iterator[tuple[int, list[Failure], Cost, int]]:
    """Feed inputs in `workers` processes: for each part of them, in order, how many there were and what `feed` says."""
    parts = [(start, min(CHUNK, first + count - start)) for start in range(first, first + count, CHUNK)]
    if workers == 1:
        yield from ((size, *feed(start, size)) for start, size in parts)
        return
    with multiprocessing.get_context("spawn").Pool(workers, _start_worker) as pool:
        results = pool.imap(_feed, parts)
        yield from ((size, *result) for (_, size), result in zip(parts, results, strict=True))


def _feed(part: tuple[int, int]) -> tuple[list[Failure], Cost, int]:
    return feed(*part)


def main() -> int:
    """Feed and print a summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, nargs="?", default=20_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    start, done, failed, refused, worst = time.monotonic(), 0, 0, 0, Cost(0.0, 0.0)
    with contextlib.suppress(KeyboardInterrupt):
        for size, failures, cost, some in run(options.first, options.count, options.workers):
            done, failed, refused = done + size, failed + len(failures), refused + some
            worst = Cost(max(worst.seconds, cost.seconds), max(worst.megabytes, cost.megabytes))
            for failure in failures:
                print(json.dumps(vars(failure)), flush=True)
            if sys.stderr.isatty() or done % 20_000 < CHUNK:
                print(f"{options.first + done:,}, {failed} failed", file=sys.stderr, flush=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    print(
        f"{done:,} inputs from {options.first:,}: {failed} failed, {refused:,} refused with a sentence; slowest "
        f"{worst.seconds:.2f} s, most memory {worst.megabytes:.0f} of {MOST_MEGABYTES:.0f} MB "
        f"(largest process {peak:.0f} MB); {time.monotonic() - start:.0f} s"
    )
    if done < options.count:
        print(f"Stopped; go on with --first {options.first + done}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
