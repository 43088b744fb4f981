"""How long a call takes."""

import time
from collections.abc import Callable

import numpy as np


def milliseconds(call: Callable[[], object], repetitions: int) -> np.ndarray:
    """The duration of each of so many calls, float64 (repetitions,), in milliseconds."""
    durations = np.empty(repetitions)
    for number in range(repetitions):
        started = time.perf_counter()
        call()
        durations[number] = (time.perf_counter() - started) * 1e3
    return durations
