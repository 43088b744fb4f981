"""Errors that a caller can do something about.

Each message says what was given, what is wanted, and what to do, in words that a page
can show as they are. Anything that is not a `DigitError` is a bug and keeps its traceback.
"""


class DigitError(Exception):
    """Base of every error that Digit Lab raises on purpose."""


class NoInk(DigitError):
    """The image or drawing is blank: there is nothing to predict."""


class InvalidImage(DigitError):
    """The input is not an image that can be decoded."""


class InvalidStrokes(DigitError):
    """The strokes are not lists of points, or the pen has no width."""


class InvalidConfig(DigitError):
    """A training setting is unknown or out of range."""


class DataUnavailable(DigitError):
    """A data set is not on this machine and could not be fetched."""


class DataDamaged(DigitError):
    """The content of a data file is wrong."""


class UnknownRun(DigitError):
    """No run has this name."""


class DamagedRun(DigitError):
    """A file of a run is missing or damaged."""


class RunInUse(DigitError):
    """The run cannot be deleted now: it is active, shipped or used by a background task."""


class InvalidNote(DigitError):
    """The name or note for a run is too long."""


class StorageError(DigitError):
    """A file could not be written: the disk is full or read-only, or permission is missing."""


class DatabaseUnavailable(DigitError):
    """The database cannot be reached, read or written, or its schema is of a later version."""


class InvalidLabel(DigitError):
    """A label is neither a digit nor "not a digit"."""


class InvalidImport(DigitError):
    """A file of drawings is damaged, too large, or has other content than drawings with labels."""


class NotPermitted(DigitError):
    """Only the owner may do this, and the person is not signed in as the owner."""


class LimitReached(DigitError):
    """Something is done too often, or takes more room than is allowed."""


class TrainingBusy(DigitError):
    """Another training is running on this machine."""


class TrainingFailed(DigitError):
    """A training could not start, or ended without a model."""


class TaskFailed(DigitError):
    """A background task could not be queued, ran out of memory or could not be stopped."""


class ExportFailed(DigitError):
    """An export failed, or its predictions differ from the run's."""


class NotShippable(DigitError):
    """The run cannot be shipped with the project."""


class ServingFailed(DigitError):
    """The app could not be started: a program that it needs is missing, or a port is in use."""


class ClusterUnavailable(DigitError):
    """Ray is not installed, no cluster answers, or one with other versions."""
