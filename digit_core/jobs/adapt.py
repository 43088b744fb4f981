"""Have the active run learn from what people said about their drawings."""

from collections.abc import Collection

from digit_core.access.actors import Action, require
from digit_core.drawings import store
from digit_core.drawings.labelled import LabelledImages
from digit_core.drawings.training_set import training_set
from digit_core.errors import InvalidConfig
from digit_core.jobs import trainings
from digit_core.jobs.training_job import Job
from digit_core.runs.active_run import active_run
from digit_core.runs.fine_tuning import fine_tuning_config
from digit_core.runs.run import Run


def start_with_drawings_of(
    owners: Collection[str] | None = None, without: Collection[str] = (), *, window: str = ""
) -> Job:
    """Fine-tune the active run on the labelled drawings of these owners (all if None), but not of those in `without`.

    Raises DatabaseUnavailable, InvalidConfig if there are none, and what `trainings.start` does.
    """
    require(Action.TRAIN)
    return start_with(store.labelled_images(owners, without), active_run(), window=window)


def start_with(
    labelled: LabelledImages, base: Run, *, window: str = "", activate: bool = True, command: str = "the app"
) -> Job:
    """Fine-tune a run on labelled drawings; the other parameters and errors are those of `trainings.start`."""
    if not len(labelled.labels):
        raise InvalidConfig("There are no labelled drawings to learn from: draw a digit and say what it is.")
    drawings = training_set(labelled)
    config = fine_tuning_config(base, len(drawings.labels), drawings.digest())
    return trainings.start(config, window=window, activate=activate, command=command, drawings=drawings)
