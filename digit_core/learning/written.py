"""Digits and counter-examples by the generator of pen strokes, written once and kept.

A page of them takes time to write (0.4 ms each) and is the same every time, so it is kept in
the home's data folder, as a downloaded data set is.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from digit_core.errors import StorageError
from digit_core.learning.counterexamples import counterexamples
from digit_core.learning.penmanship import generate_digits
from digit_core.records import home
from digit_core.records.storage import make_folder, storage_errors

_VERSION = 1  # of the generator; raise it when what it writes changes
PRACTICE_SEED, VALIDATION_SEED = 2026, 1  # the same for all trainings, so that pages can be kept
_SHEETS = 8


@dataclass(frozen=True)
class Written:
    """Digits uint8 (n, 28, 28) with labels int64 (n,), 0 to 9, and others uint8 (m, 28, 28)."""

    images: np.ndarray
    labels: np.ndarray
    others: np.ndarray


def page(digits: int, others: int, seed: int) -> Written:
    """What `write` writes, from the data folder if it is there."""
    path = home.data_folder() / f"written-{_VERSION}-{digits}-{others}-{seed}.npz"
    kept = _read(path)
    if kept is not None:
        return kept
    written = write(digits, others, seed, processes=os.cpu_count() or 1)
    try:
        _keep(path, written)
    except StorageError as error:
        print(f"Not kept for next time: {error}")  # in train.log; the training goes on
    return written


def write(digits: int, others: int, seed: int, processes: int = 1) -> Written:
    """Write `digits` digits and `others` counter-examples.

    The result depends on the three numbers alone, not on how many processes share the work.
    """
    seeds = np.random.SeedSequence(seed).spawn(_SHEETS)
    shares = [
        (digits // _SHEETS + (i < digits % _SHEETS), others // _SHEETS + (i < others % _SHEETS)) for i in range(_SHEETS)
    ]
    if processes == 1:
        sheets = list(map(_write_sheet, shares, seeds))
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            sheets = list(pool.map(_write_sheet, shares, seeds))
    return Written(*(np.concatenate(parts) for parts in zip(*sheets, strict=True)))


def _write_sheet(share: tuple[int, int], seed: np.random.SeedSequence) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return *generate_digits(share[0], rng), counterexamples(share[1], rng)


def _read(path: Path) -> Written | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            return Written(file["images"], file["labels"], file["others"])
    except Exception:  # noqa: BLE001 absent or damaged in any way: it is written anew
        return None


def _keep(path: Path, written: Written) -> None:
    make_folder(path.parent)
    unfinished = path.with_name(f".{os.getpid()}-{path.name}")
    with storage_errors(path):
        try:
            np.savez(unfinished, images=written.images, labels=written.labels, others=written.others)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
