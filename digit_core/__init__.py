"""Digit Lab's core: recognise handwritten digits, and train the networks that do.

from digit_core import Recognizer

recognizer = Recognizer.load()          # the active run
recognizer.predict(image).digit         # a Pillow image or uint8 array of one digit
"""

from digit_core.errors import DigitError, InvalidImage, InvalidStrokes, NoInk

__all__ = ["DigitError", "InvalidImage", "InvalidStrokes", "NoInk", "Number", "Prediction", "Recognizer"]


def __getattr__(name: str):
    # On first use, not at import: the trainer and the command line must not load LiteRT to start.
    if name in {"Number", "Prediction", "Recognizer"}:
        from digit_core.inference import recognizer

        return getattr(recognizer, name)
    raise AttributeError(f"module 'digit_core' has no attribute {name!r}")
