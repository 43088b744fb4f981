"""What `scripts/benchmark.py database` measures: many writers at once, and writers that are killed.

With `DIGITS_DATABASE_URL` in that database, else in an SQLite file of its own. Every writer is a process. What
`store.add` has returned from is confirmed: afterwards all of it must be there, and once.
"""

import multiprocessing
import os
import random
import signal
import tempfile
import time
import uuid
from collections.abc import Iterable

import numpy as np

from digit_core.drawings import store
from digit_core.drawings.labelled import Drawing, Label
from digit_core.inference.prediction import Prediction
from digit_core.storage import database

_IMAGE = np.zeros((28, 28), np.float32)
_PROBABILITIES = np.full(10, 0.1, np.float32)


def measure_database(writers: int = 20, seconds: float = 60.0, kills: int = 50) -> dict:
    """Drawings confirmed, lost and stored twice, and milliseconds to store one: first by many, then by killed ones."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DIGITS_DATABASE_URL", f"sqlite:///{folder}/benchmark.db")
        figures = {"database": database.database_url().get_backend_name()}
        figures |= write_at_once(writers, seconds) | kill_writers(kills)
        database.close()
    return figures


def write_at_once(writers: int, seconds: float) -> dict:
    """So many processes store drawings for so many seconds."""
    owner = uuid.uuid4().hex
    results = _context().Queue()
    processes = [_context().Process(target=_write, args=(owner, seconds, results)) for _ in range(writers)]
    for process in processes:
        process.start()
    found = [results.get(timeout=seconds + 60) for _ in processes]
    for process in processes:
        process.join()
    confirmed = [drawing for drawings, _, _ in found for drawing in drawings]
    took = np.concatenate([times for _, times, _ in found])
    return {
        "writers": writers,
        "seconds": seconds,
        "stored_ms_median": round(1000 * float(np.median(took)), 2),
        "stored_ms_p99": round(1000 * float(np.quantile(took, 0.99)), 2),
        "failed": sum(failed for _, _, failed in found),
        **_missing(owner, confirmed),
    }


def kill_writers(kills: int, seed: int = 0) -> dict:
    """A writer is killed after a random time, and the next begins, so many times."""
    owner, rng, confirmed = uuid.uuid4().hex, random.Random(seed), []
    for _ in range(kills):
        receiver, sender = _context().Pipe(duplex=False)
        process = _context().Process(target=_write_and_tell, args=(owner, sender))
        process.start()
        sender.close()
        confirmed.append(receiver.recv())  # it has begun
        time.sleep(rng.uniform(0, 0.1))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        try:
            while receiver.poll():
                confirmed.append(receiver.recv())
        except EOFError:
            pass
    return {"kills": kills, **{f"after_kills_{name}": value for name, value in _missing(owner, confirmed).items()}}


def _context():
    # Forked, since a process that imports everything anew takes a second, and before this one has opened the database.
    database.close()
    return multiprocessing.get_context("fork")


def _write(owner: str, seconds: float, results) -> None:
    confirmed, took, failed, deadline = [], [], 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        drawing, began = _drawing(owner), time.perf_counter()
        try:
            store.add([drawing], [Label(drawing.id, owner, 4)])
        except database.DatabaseUnavailable:
            failed += 1
            continue
        took.append(time.perf_counter() - began)
        confirmed.append(drawing.id)
        time.sleep(random.uniform(0, 0.05))  # somebody draws the next one
    results.put((confirmed, np.array(took), failed))


def _write_and_tell(owner: str, sender) -> None:
    while True:
        drawing = _drawing(owner)
        store.add([drawing], [Label(drawing.id, owner, 4)])
        sender.send(drawing.id)


def _drawing(owner: str) -> Drawing:
    return Drawing(owner, "canvas", "shipped", Prediction(4, _PROBABILITIES, 0.1, 0.9, True, _IMAGE))


def _missing(owner: str, confirmed: Iterable[str]) -> dict:
    confirmed = list(confirmed)
    stored = list(store.drawings_of(owner))
    ids = [drawing.id for drawing in stored]
    return {
        "confirmed": len(confirmed),
        "lost": len(set(confirmed) - set(ids)),
        "twice": len(ids) - len(set(ids)),
        "without_label": sum(drawing.label is None for drawing in stored),
    }
