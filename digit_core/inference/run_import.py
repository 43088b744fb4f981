"""Import runs from a zip file that another Digit Lab wrote, or a stranger.

It is unpacked into a hidden folder, verified by a process that can be stopped, and moved to the runs in one
rename each. Nothing in it is unpickled, and Keras never loads it here: the trainer does, in safe mode.
"""

import shutil
import tempfile
import threading
from pathlib import Path
from typing import BinaryIO

import numpy as np

from digit_core.access.actors import Action, require
from digit_core.access.rate_limits import IMPORTS
from digit_core.access.sandbox import SANDBOX, Reply, Stopped
from digit_core.errors import DamagedRun, InvalidImport, StorageError
from digit_core.inference.litert import Classifier
from digit_core.inference.probabilities import N_DIGITS
from digit_core.preprocessing.image_files import open_picture
from digit_core.preprocessing.normalize import SIDE
from digit_core.runs.keras_file import check_keras_file
from digit_core.runs.publishing import move_into_place
from digit_core.runs.run import SHIPPED, Run
from digit_core.runs.run_names import folder_name, next_number, parse_run_name
from digit_core.runs.svg_figures import check_svg
from digit_core.runs.zip_import import unpack_runs
from digit_core.storage import paths
from digit_core.storage.files import make_folder, storage_errors
from digit_core.telemetry.events import log_event

_LARGEST_LOGIT = 1e6
_PREFIX = ".import-"
_importing = threading.Lock()  # one at a time: names are chosen, and disk space is used


def import_runs(file: BinaryIO) -> list[Run]:
    """Import the runs of a zip file, under free names; all of them or, if one is refused, none.

    `file`: seekable and binary. Raises NotPermitted, LimitReached, InvalidImport or StorageError.
    """
    require(Action.IMPORT)
    IMPORTS.count()
    parent = make_folder(paths.working_folder())
    with _importing:
        for left in parent.glob(f"{_PREFIX}*"):  # by an import that was interrupted
            shutil.rmtree(left, ignore_errors=True)
        with storage_errors(parent), tempfile.TemporaryDirectory(prefix=_PREFIX, dir=parent) as folder:
            unpacked = unpack_runs(file, Path(folder))
            for each in unpacked:
                _verified(each)
            imported = [_publish(each) for each in unpacked]
    log_event("runs_imported", runs=len(imported))
    return imported


def _verified(folder: Path) -> None:
    try:
        SANDBOX.call(verify, str(folder))
    except DamagedRun as error:
        reason = str(error).replace(f"{paths.display_path(folder.parent)}/", "")
        raise InvalidImport(f"{folder.name} is not imported. {reason}") from None
    except Stopped as error:
        raise InvalidImport(f"{folder.name} is not imported. {error}") from None


def verify(folder: str) -> Reply:
    """Read every file of an unpacked run as the app and the trainer would; runs in the sandbox.

    Raises DamagedRun or InvalidImport.
    """
    run = Run(Path(folder))
    run.check()
    run.history(), run.steps(), run.predictions(), run.adaptation()
    for svg in (run.path / "figures").glob("*.svg"):
        check_svg(svg)
    for png in (run.path / "figures").glob("*.png"):
        open_picture(png, png.name, enough=1200)
    check_keras_file(run.path / "model.keras")
    _check_classifier(run.model_bytes())
    return {}, b""


def _check_classifier(model: bytes) -> None:
    """Raise DamagedRun unless a LiteRT model returns plausible logits for one and for several images."""
    classifier = Classifier(model)
    images = np.random.default_rng(0).random((4, SIDE, SIDE), np.float32)
    images[0] = 0
    for batch in (images[:1], images):
        try:
            logits = classifier.logits(batch)
        except (ValueError, RuntimeError) as error:
            raise DamagedRun(f"model.tflite does not run ({str(error)[:80]}).") from None
        if logits.ndim != 2 or logits.shape[0] != len(batch) or logits.shape[1] not in (N_DIGITS, N_DIGITS + 1):
            raise DamagedRun(f"model.tflite returns logits of shape {logits.shape}, not ({len(batch)}, 10 or 11).")
        if not (np.isfinite(logits).all() and np.abs(logits).max() < _LARGEST_LOGIT):
            raise DamagedRun("model.tflite returns logits that are not finite numbers.")


def _publish(folder: Path) -> Run:
    """Move a verified run to the runs, under its name or the next one that is free."""
    for _ in range(1000):
        named = folder.with_name(_free_name(folder.name))
        folder = folder.rename(named)
        try:
            return move_into_place(folder)
        except OSError:  # another process has just taken the name
            continue
    raise StorageError(f"No free name for the run {folder.name}.")


def _free_name(name: str) -> str:
    taken = {SHIPPED, *(path.name for path in make_folder(paths.runs_folder()).iterdir())}
    if name not in taken:
        return name
    if parsed := parse_run_name(name):
        preset, started = parsed.preset, parsed.started
        return folder_name(preset, next_number(preset, taken), started, is_tuned=parsed.is_tuned)
    return next(free for number in range(2, 10_000) if (free := f"{name[:90]}-{number}") not in taken)
