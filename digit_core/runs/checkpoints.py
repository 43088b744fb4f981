"""The checkpoint in a training's working folder: weights, optimiser and epoch, to resume from."""

import json
import shutil
from pathlib import Path

CHECKPOINT = "backup"  # a folder in the working folder


def checkpoint_epoch(folder: Path) -> int:
    """The number of whole epochs after which a training can be resumed; 0 if it cannot be."""
    try:
        metadata = json.loads((folder / CHECKPOINT / "training_metadata.json").read_bytes())
        return int(metadata["epoch"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def delete_checkpoint(folder: Path) -> None:
    """Delete the checkpoint of a training that is complete."""
    shutil.rmtree(folder / CHECKPOINT, ignore_errors=True)
