"""Errors that a caller can do something about.

Each message says what was given, what is wanted, and what to do, in words that a page
can show as they are. Anything that is not a `DigitError` is a bug and keeps its traceback.
"""


class DigitError(Exception):
    """Base of every error that Digit Lab raises on purpose."""


class NoInk(DigitError):
    """The picture or drawing is blank: there is nothing to read."""


class InvalidImage(DigitError):
    """The input is not a picture that can be read."""


class InvalidStrokes(DigitError):
    """The strokes are not lists of points, or the pen has no width."""


class InvalidConfig(DigitError):
    """A training setting is unknown or out of range."""


class DataUnavailable(DigitError):
    """A data set is not on this machine and could not be fetched."""


class DataDamaged(DigitError):
    """A data file does not hold what it should."""


class UnknownRun(DigitError):
    """No run has this name."""


class DamagedRun(DigitError):
    """A run folder lacks a file or holds one that cannot be read."""


class RunInUse(DigitError):
    """A run that cannot be deleted: it reads, it is being exported, or it comes with the project."""


class InvalidNote(DigitError):
    """A name or a note for a run that is too long."""


class StorageError(DigitError):
    """Something could not be written: the disk is full, read-only, or not ours."""


class TrainingBusy(DigitError):
    """Another training is under way on this machine."""


class TrainingFailed(DigitError):
    """A training could not start, or ended without a model."""


class TaskFailed(DigitError):
    """A background task ran out of memory, or could not be ended."""


class QueueFull(DigitError):
    """Too many background tasks wait already."""


class ExportFailed(DigitError):
    """An export could not be made, or does not read as its run does."""


class NotShippable(DigitError):
    """A run that the project cannot ship."""
