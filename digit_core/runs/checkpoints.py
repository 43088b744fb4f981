"""What a training that is stopped goes on from: weights, optimiser and epoch, in its working folder."""

import json
import shutil
from pathlib import Path

CHECKPOINT = "backup"  # the folder in the working folder


def checkpoint_epoch(folder: Path) -> int:
    """After how many whole epochs the training of a working folder can go on; 0 if it cannot."""
    try:
        kept = json.loads((folder / CHECKPOINT / "training_metadata.json").read_text(encoding="utf-8"))
        return int(kept["epoch"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def delete_checkpoint(folder: Path) -> None:
    """A training is done: what it would have gone on from is of no use any more."""
    shutil.rmtree(folder / CHECKPOINT, ignore_errors=True)
