"""What more machines give: measured rates and overheads of this one, and what follows for 1, 10 and 100 nodes."""

import math
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from PIL import Image

from digit_core.cluster.connection import connected
from digit_core.cluster.picture_folders import predict_on_cluster
from digit_core.inference.batch import Row, Task, list_files, predict_files
from digit_core.inference.batch_file import BatchFile
from digit_core.runs.run import SHIPPED
from digit_core.runs.searches import Search, list_searches, read_search, read_trials
from scripts.benchmarks.drawings import FOUR, SEVEN, paint

_NODES = (1, 10, 100)
_CORES = 2  # of a node in the table
_IMAGES = 10**8
_TRIALS = 400


def measure_cluster(pictures: int, name: str | None) -> dict:
    """Rates of reading `pictures` small files, with and without Ray, and costs of a finished search."""
    figures = _reading(pictures)
    finished = [search for search in list_searches() if search.cost]
    search = read_search(name) if name else next(iter(finished), None)
    return figures | (_searching(search) if search and search.cost else {})


def make_pictures(folder: Path, count: int) -> None:
    """So many PNG files of 28 x 28 pixels, in folders of 10,000; links to twenty different ones."""
    originals = []
    for number in range(20):
        picture = Image.fromarray(paint(FOUR if number % 2 else SEVEN, 10 + number // 2)).resize((28, 28))
        originals.append(folder / f".{number}.png")
        picture.save(originals[-1])
    for number in range(count):
        place = folder / f"{number // 10_000:05}"
        place.mkdir(exist_ok=True)
        os.link(originals[number % 20], place / f"{number:09}.png")


def _reading(pictures: int) -> dict:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "pictures"
        folder.mkdir()
        make_pictures(folder, pictures)
        task = Task(SHIPPED)
        plain = _timed(folder, Path(temporary) / "plain.csv", lambda files: predict_files(files, task))
        started = time.monotonic()
        with connected() as cores:
            begun = time.monotonic() - started
            ray = _timed(
                folder, Path(temporary) / "ray.csv", lambda files: predict_on_cluster(files, task, str(folder), cores)
            )
        assert (Path(temporary) / "plain.csv").read_bytes() == (Path(temporary) / "ray.csv").read_bytes()
    rate = pictures / (ray["seconds"] - ray["first"]) / cores
    driver = ray["driver_seconds"] / pictures
    hours = {
        f"{nodes} nodes": round((begun + ray["first"] + _IMAGES * max(1 / (rate * nodes * _CORES), driver)) / 3600, 2)
        for nodes in _NODES
    }
    return {
        "pictures": pictures,
        "plain_per_second": round(pictures / plain["seconds"]),
        "ray_per_second": round(pictures / (ray["seconds"] - ray["first"])),
        "ray_start_seconds": round(begun + ray["first"], 1),
        "ray_per_second_and_core": round(rate),
        "driver_microseconds_per_picture": round(driver * 1e6, 1),
        "hours_for_1e8_images": hours,
        "reading_stops_scaling_at_nodes": round(1 / (driver * rate * _CORES)),
    }


def _timed(folder: Path, out: Path, predict: Callable[[Iterable[Path]], Iterator[list[Row]]]) -> dict:
    """Seconds to predict and write all files, to the first rows, and the processor seconds of this process."""
    started, used, first = time.monotonic(), time.process_time(), None
    with BatchFile(out, Task(SHIPPED), "", str(folder)) as result:
        for rows in predict(list_files(folder)):
            first = first or time.monotonic() - started
            result.append(rows, folder)
        result.finish()
    return {
        "seconds": time.monotonic() - started,
        "first": first or 0.0,
        "driver_seconds": time.process_time() - used,
        "children_seconds": resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime,
    }


def _searching(search: Search) -> dict:
    """What the search cost for each trial, and what one of 400 such trials would take on more nodes."""
    trials, cost = read_trials(search), search.cost
    each = cost.seconds * cost.cores / len(trials)  # core seconds, of which epochs take the greater part
    fitting = sum(trial.seconds or 0.0 for trial in trials) / len(trials)
    longest = max(trial.seconds or 0.0 for trial in trials) + each - fitting
    driver = cost.driver_seconds / len(trials)
    minutes = {}
    for nodes in _NODES:
        lanes = nodes * _CORES
        minutes[f"{nodes} nodes"] = round(max(math.ceil(_TRIALS / lanes) * each, longest, _TRIALS * driver) / 60, 1)
    return {
        "search": search.name,
        "trials": len(trials),
        "core_seconds_per_trial": round(each, 1),
        "of_them_outside_of_epochs": round(each - fitting, 1),
        "longest_trial_seconds": round(longest, 1),
        "driver_seconds_per_trial": round(driver, 2),
        f"minutes_for_{_TRIALS}_trials": minutes,
        "search_stops_scaling_at_nodes": round(min(_TRIALS * each / longest, each / driver) / _CORES),
    }
