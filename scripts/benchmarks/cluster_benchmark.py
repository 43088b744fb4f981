"""What more machines give: measured rates and overheads of this one, and what follows for 1, 10 and 100 nodes."""

import filecmp
import math
import os
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
from scripts.benchmarks.processes import tree_seconds

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
        task, files = Task(SHIPPED), (Path(temporary) / "plain.csv", Path(temporary) / "ray.csv")
        plain = _timed(folder, files[0], pictures, lambda found: predict_files(found, task))
        started = time.monotonic()
        with connected() as cores:
            connecting = time.monotonic() - started
            ray = _timed(folder, files[1], pictures, lambda found: predict_on_cluster(found, task, str(folder), cores))
        same = filecmp.cmp(*files, shallow=False)
    # Processor seconds, as the machine may do other work; a core of a node gives one a second.
    rate, driver, start = ray["per_processor_second"], ray["driver"], connecting + ray["start"]
    hours = {
        f"{nodes} nodes": round((start + _IMAGES * max(1 / (rate * nodes * _CORES), driver)) / 3600, 2)
        for nodes in _NODES
    }
    return {
        "pictures": pictures,
        "same_rows": same,
        "plain_per_second": round(plain["per_second"]),
        "ray_per_second": round(ray["per_second"]),
        "plain_per_processor_second": round(plain["per_processor_second"]),
        "ray_per_processor_second": round(rate),
        "ray_as_share_of_plain": round(rate / plain["per_processor_second"], 3),
        "plain_start_seconds": round(plain["start"], 1),
        "ray_start_seconds": round(start, 1),
        "driver_microseconds_per_picture": round(driver * 1e6, 1),
        "hours_for_1e8_images": hours,
        "reading_stops_scaling_at_nodes": round(1 / (driver * rate * _CORES)),
    }


def _timed(
    folder: Path, out: Path, total: int, predict: Callable[[Iterable[Path]], Iterator[list[Row]]]
) -> dict[str, float]:
    """Seconds to the first rows, and rates of the others: by the clock, and by processor seconds.

    `driver`: processor seconds of this process for each picture.
    """
    started, first, written = time.monotonic(), 0, 0
    with BatchFile(out, Task(SHIPPED), "", str(folder)) as result:
        for rows in predict(list_files(folder)):
            result.append(rows, folder)
            written += len(rows)
            if not first:
                first, begun = written, _clocks()
            if written == total:  # before the workers end
                clock, processor, own = (now - then for now, then in zip(_clocks(), begun, strict=True))
        result.finish()
    others = total - first
    return {
        "start": begun[0] - started,
        "per_second": others / clock,
        "per_processor_second": others / processor,
        "driver": own / others,
    }


def _clocks() -> tuple[float, float, float]:
    return time.monotonic(), tree_seconds(os.getpid()), time.process_time()


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
