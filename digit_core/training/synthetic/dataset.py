"""Synthetic digits and non-digits for training, generated once and cached in the data folder.

An image takes 1.5 ms to generate and is the same every time.
"""

import io
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np

from digit_core.errors import StorageError
from digit_core.storage import paths
from digit_core.storage.files import write_bytes
from digit_core.training.synthetic.digits import generate_digits, generate_scans
from digit_core.training.synthetic.non_digits import generate_non_digits

_VERSION = 7  # of the generator; raise it when its images change
TRAINING_SEED, VALIDATION_SEED = 2026, 1  # the same for all trainings, so that the images can be cached
_PARTS = 8
_WORTH_PROCESSES = 2000  # images: fewer are generated sooner than other processes start


@dataclass(frozen=True)
class SyntheticDigits:
    """Digits uint8 (n, 28, 28) with labels int64 (n,), 0 to 9, and non-digits, `negatives`, uint8 (m, 28, 28)."""

    images: np.ndarray
    labels: np.ndarray
    negatives: np.ndarray


def load_or_generate(digits: int, negatives: int, seed: int, *, cursive: bool = True) -> SyntheticDigits:
    """The result of `generate`, from the data folder if it is cached there."""

    def generated() -> dict[str, np.ndarray]:
        processes = (os.cpu_count() or 1) if digits + negatives >= _WORTH_PROCESSES else 1
        found = generate(digits, negatives, seed, processes, cursive=cursive)
        return {"images": found.images, "labels": found.labels, "others": found.negatives}

    # File and arrays have the names that earlier versions gave them.
    version = f"{_VERSION}{'' if cursive else '-plain'}"
    found = _cached(f"written-{version}-{digits}-{negatives}-{seed}.npz", ("images", "labels", "others"), generated)
    return SyntheticDigits(*found)


def load_or_generate_scans(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The result of `generate_scans`, from the data folder if it is cached there."""

    def generated() -> dict[str, np.ndarray]:
        images, labels = generate_scans(count, np.random.default_rng(seed))
        return {"images": images, "labels": labels}

    images, labels = _cached(f"scans-{_VERSION}-{count}-{seed}.npz", ("images", "labels"), generated)
    return images, labels


def _cached(file: str, names: Sequence[str], generate: Callable[[], dict[str, np.ndarray]]) -> list[np.ndarray]:
    """The arrays of these names from a file in the data folder, or generated and written there."""
    path = paths.data_folder() / file
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return [arrays[name] for name in names]
    except Exception:  # noqa: BLE001 missing, or damaged in any way: generate the images again
        generated = generate()
    content = io.BytesIO()
    np.savez(content, **generated)
    try:
        write_bytes(path, content.getvalue())
    except StorageError as error:
        print(f"Synthetic digits could not be cached: {error}")  # in train.log; the training continues
    return [generated[name] for name in names]


def generate(digits: int, negatives: int, seed: int, processes: int = 1, *, cursive: bool = True) -> SyntheticDigits:
    """Generate `digits` digits, `cursive` ones among them or not, and `negatives` non-digits.

    The result depends on these alone, not on how many processes share the work.
    """
    seeds = np.random.SeedSequence(seed).spawn(_PARTS)
    counts = [
        (digits // _PARTS + (i < digits % _PARTS), negatives // _PARTS + (i < negatives % _PARTS))
        for i in range(_PARTS)
    ]
    part = partial(_generate_part, cursive=cursive)
    if processes == 1:
        parts = list(map(part, counts, seeds))
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            parts = list(pool.map(part, counts, seeds))
    return SyntheticDigits(*(np.concatenate(parts) for parts in zip(*parts, strict=True)))


def _generate_part(
    counts: tuple[int, int], seed: np.random.SeedSequence, *, cursive: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return *generate_digits(counts[0], rng, cursive=cursive), generate_non_digits(counts[1], rng)
