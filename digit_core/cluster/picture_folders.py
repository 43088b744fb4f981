"""Predict the digits in very many pictures with Ray Data: the rows of `digit_core.inference.batch`, on many machines.

Each actor loads the model once, in a process of its own, which a damaged picture can end without harm. Rows come
back in the order of the pictures; what a lost node was doing is done again on another one.
"""

import logging
import os
import pickle
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from digit_core.cluster.connection import on_every_node
from digit_core.errors import ClusterUnavailable, InvalidImage
from digit_core.inference.batch import CHUNK, Row, SingleWorker, Task
from digit_core.runs.run import SHIPPED, Run
from digit_core.storage import paths
from digit_core.storage.files import write_bytes

_CHUNKS = 4096  # of a data set of Ray: a million pictures; the actors start anew for the next
_CPUS = 0.5  # an actor uses a whole core; half of each stays free for those of a node that was lost


def is_bucket(source: str) -> bool:
    """Whether a source of pictures is a URL such as s3://bucket/folder, not a folder."""
    return "://" in source


def list_bucket(url: str) -> tuple[str, list[str]]:
    """The folder of a URL within its file system, and the paths of all files below it but hidden ones, in order.

    Raises InvalidImage if it cannot be read.
    """
    from pyarrow import ArrowException, fs

    try:
        system, root = fs.FileSystem.from_uri(url)
        found = system.get_file_info(fs.FileSelector(root, recursive=True))
    except (OSError, ArrowException) as error:
        raise InvalidImage(f"{url} cannot be read: {str(error).strip().splitlines()[0]}.") from None
    files = [info.path for info in found if info.type == fs.FileType.File]
    visible = [path for path in files if not any(part.startswith(".") for part in _parts(path, root))]
    return root, sorted(visible, key=lambda path: _parts(path, root))


def predict_on_cluster(files: Iterable[Path | str], task: Task, source: str, cpus: int) -> Iterator[list[Row]]:
    """Rows for the files of `source`, a folder or a URL, in their order, a chunk at a time; within `connected`.

    Raises ClusterUnavailable if a node does not have the folder.
    """
    import ray

    if not is_bucket(source):
        _check_folder(source)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.scheduling_strategy = "SPREAD"
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    content = _run_content(task.run)
    # Workers have other working folders.
    chunks = _chunks(str(file.absolute()) if isinstance(file, Path) else file for file in files)
    while items := [{"files": chunk} for chunk in islice(chunks, _CHUNKS)]:
        rows = ray.data.from_items(items, override_num_blocks=len(items)).map_batches(
            PictureActor,
            fn_constructor_args=(task, source if is_bucket(source) else "", content),
            batch_size=None,
            batch_format="numpy",
            compute=ray.data.ActorPoolStrategy(size=min(cpus, len(items))),
            num_cpus=_CPUS,
        )
        for each in rows.iter_rows():
            yield pickle.loads(each["rows"])


class PictureActor:
    """Predicts chunks of files; an actor of Ray Data."""

    def __init__(self, task: Task, bucket: str, run_content: dict[str, bytes]) -> None:
        self._temporary = Path(tempfile.mkdtemp(prefix="pictures-"))
        self._bucket = bucket
        if run_content:
            os.environ["DIGITS_HOME"] = str(self._temporary / "home")
            for name, content in run_content.items():
                write_bytes(paths.runs_folder() / task.run / name, content)
        self._worker = SingleWorker(task)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Rows, pickled, for chunks of file names that `_chunks` joined."""
        return {"rows": [pickle.dumps(self._rows(os.fsdecode(bytes(chunk)).split("\0"))) for chunk in batch["files"]]}

    def _rows(self, files: list[str]) -> list[Row]:
        if not self._bucket:
            return self._worker.rows(files)
        folder = self._temporary / "fetched"
        try:
            fetched = [_fetch(self._bucket, path, folder / str(number)) for number, path in enumerate(files)]
            rows = self._worker.rows([str(path) for path in fetched])
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return [Row(**{**vars(row), "path": path}) for row, path in zip(rows, files, strict=True)]


def _fetch(bucket: str, path: str, folder: Path) -> Path:
    """A copy of a file of a bucket with the same name; its path, even if it is gone, which its row then says."""
    from pyarrow import fs

    system, _ = fs.FileSystem.from_uri(bucket)
    target = folder / Path(path).name
    try:
        with system.open_input_stream(path) as file:
            write_bytes(target, file.read())
    except FileNotFoundError:
        pass
    return target


def _chunks(files: Iterator[str]) -> Iterator[bytes]:
    while chunk := list(islice(files, CHUNK)):
        yield os.fsencode("\0".join(chunk))  # Arrow's text would not hold every file name


def _check_folder(folder: str) -> None:
    for node, has_folder in on_every_node(os.path.isdir, str(Path(folder).absolute())):
        if not has_folder:
            raise ClusterUnavailable(
                f"The node {node} of the cluster has no folder {folder}: share it with all nodes, or name a bucket."
            )


def _run_content(name: str) -> dict[str, bytes]:
    """The files of a run for nodes that do not have it; none for the shipped one, which comes with the code."""
    if name == SHIPPED:
        return {}
    folder = Run(paths.runs_folder() / name).path
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def _parts(path: str, root: str) -> list[str]:
    return path.removeprefix(root).strip("/").split("/")
