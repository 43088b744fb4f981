"""How many threads the app's native libraries start; to be set before NumPy is imported."""

import os


def limit() -> None:
    """Let OpenBLAS compute in the thread that calls it, unless the environment says otherwise.

    Its own threads wait for work by spinning: at a pen lift they took more of the processors than all else.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
