"""The checkpoint in a training's working folder: weights, optimiser and epoch, to resume from."""

import shutil
from pathlib import Path

from digit_core.errors import DamagedRun
from digit_core.runs.json_files import read_json

CHECKPOINT = "backup"  # a folder in the working folder


def checkpoint_epoch(folder: Path) -> int:
    """The number of whole epochs after which a training can be resumed; 0 if it cannot be."""
    try:
        metadata = read_json(folder / CHECKPOINT / "training_metadata.json")
        return max(int(metadata["epoch"]), 0)
    except (DamagedRun, ValueError, OverflowError, KeyError, TypeError):
        return 0


def delete_checkpoint(folder: Path) -> None:
    """Delete the checkpoint of a training that is complete."""
    shutil.rmtree(folder / CHECKPOINT, ignore_errors=True)
