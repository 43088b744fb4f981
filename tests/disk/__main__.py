"""Train, and store drawings, on a small disk that is full after each possible number of pages, in turn.

`python -m tests.disk [STEP]` mounts a tmpfs (as root), tries every STEPth number of pages (default: 1) up to
that which a whole training takes, and prints a JSON object: how often each outcome was found, and what was wrong.
"""

import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.disk.full_disk import store_drawings, train, trainer_in_this_process
from tests.disk.small_disk import small_disk, why_not

_DATABASE_PAGES = 120


def main() -> int:
    """Try all and print the figures; returns 1 if anything was wrong."""
    if reason := why_not():
        sys.exit(f"This needs a small disk, and {reason}.")
    step = int(sys.argv[1]) if sys.argv[1:] else 1
    states, wrong, stored = Counter(), {}, []
    with tempfile.TemporaryDirectory() as folder, small_disk(Path(folder) / "disk") as disk:
        tempfile.tempdir = os.environ["TMPDIR"] = folder
        for pages in range(0, _DATABASE_PAGES, step):
            count, problems = store_drawings(disk, pages)
            stored.append(count)
            if problems:
                wrong[f"drawings, {pages} pages"] = problems
        pages = finished = 0
        with trainer_in_this_process():
            while finished < 2:  # those with room enough
                state, problems = train(disk, pages)
                states[state] += 1
                finished += state == "finished"
                if problems:
                    wrong[f"training, {pages} pages"] = problems
                print(f"{pages} pages: {state} {' '.join(problems)}", file=sys.stderr, flush=True)
                pages += step
    disks = {"full_disks": len(stored), "drawings_confirmed": sum(stored)}
    print(json.dumps({"drawings": disks, "trainings": dict(states), "wrong": wrong}))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
