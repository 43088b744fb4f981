"""Digit Lab's core: read handwritten digits, and train the networks that read them.

    from digit_core import Recognizer

    recognizer = Recognizer.load()          # the run being served
    recognizer.predict(image).digit         # a Pillow image or uint8 array of one digit

Three rooms: `reading` (from strokes or a picture to a prediction), `learning` (training,
in a process of its own) and `records` (data sets, run folders, jobs).
"""

from digit_core.errors import DigitError, InvalidImage, InvalidStrokes, NoInk

__all__ = ["DigitError", "InvalidImage", "InvalidStrokes", "NoInk", "Number", "Prediction", "Recognizer"]


def __getattr__(name: str):
    # On first use, not at import: the trainer and the command line must not load LiteRT to start.
    if name in {"Number", "Prediction", "Recognizer"}:
        from digit_core.inference import recognizer

        return getattr(recognizer, name)
    raise AttributeError(f"module 'digit_core' has no attribute {name!r}")
