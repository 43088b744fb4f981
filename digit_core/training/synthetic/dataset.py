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
from digit_core.storage import paths
from digit_core.storage.files import make_folder, storage_errors
from digit_core.training.synthetic.digits import generate_digits
from digit_core.training.synthetic.non_digits import generate_non_digits

_VERSION = 1  # of the generator; raise it when what it writes changes
TRAINING_SEED, VALIDATION_SEED = 2026, 1  # the same for all trainings, so that pages can be kept
_PARTS = 8


@dataclass(frozen=True)
class SyntheticDigits:
    """Digits uint8 (n, 28, 28) with labels int64 (n,), 0 to 9, and others uint8 (m, 28, 28)."""

    images: np.ndarray
    labels: np.ndarray
    negatives: np.ndarray


def load_or_generate(digits: int, negatives: int, seed: int) -> SyntheticDigits:
    """What `write` writes, from the data folder if it is there."""
    path = paths.data_folder() / f"written-{_VERSION}-{digits}-{negatives}-{seed}.npz"
    kept = _read(path)
    if kept is not None:
        return kept
    synthetic_digits = generate(digits, negatives, seed, processes=os.cpu_count() or 1)
    try:
        _keep(path, synthetic_digits)
    except StorageError as error:
        print(f"Not kept for next time: {error}")  # in train.log; the training goes on
    return synthetic_digits


def generate(digits: int, negatives: int, seed: int, processes: int = 1) -> SyntheticDigits:
    """Write `digits` digits and `others` counter-examples.

    The result depends on the three numbers alone, not on how many processes share the work.
    """
    seeds = np.random.SeedSequence(seed).spawn(_PARTS)
    shares = [
        (digits // _PARTS + (i < digits % _PARTS), negatives // _PARTS + (i < negatives % _PARTS))
        for i in range(_PARTS)
    ]
    if processes == 1:
        parts = list(map(_generate_part, shares, seeds))
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            parts = list(pool.map(_generate_part, shares, seeds))
    return SyntheticDigits(*(np.concatenate(parts) for parts in zip(*parts, strict=True)))


def _generate_part(share: tuple[int, int], seed: np.random.SeedSequence) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return *generate_digits(share[0], rng), generate_non_digits(share[1], rng)


def _read(path: Path) -> SyntheticDigits | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            return SyntheticDigits(file["images"], file["labels"], file["others"])
    except Exception:  # noqa: BLE001 absent or damaged in any way: it is written anew
        return None


def _keep(path: Path, synthetic_digits: SyntheticDigits) -> None:
    make_folder(path.parent)
    unfinished = path.with_name(f".{os.getpid()}-{path.name}")
    with storage_errors(path):
        try:
            np.savez(
                unfinished,
                images=synthetic_digits.images,
                labels=synthetic_digits.labels,
                negatives=synthetic_digits.negatives,
            )
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
