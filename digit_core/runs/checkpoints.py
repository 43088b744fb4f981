"""What a training that was stopped is resumed from: weights, optimiser and epoch, in its working folder."""

import json
import shutil
from pathlib import Path

CHECKPOINT = "backup"  # the folder in the working folder


def checkpoint_epoch(folder: Path) -> int:
    """After how many whole epochs the training of a working folder can be resumed; 0 if it cannot."""
    try:
        kept = json.loads((folder / CHECKPOINT / "training_metadata.json").read_text(encoding="utf-8"))
        return int(kept["epoch"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def delete_checkpoint(folder: Path) -> None:
    """Delete what a training would be resumed from, once its run is complete."""
    shutil.rmtree(folder / CHECKPOINT, ignore_errors=True)
