"""The background task that computes the features of all training images for a run's network."""

from digit_core.records import home
from digit_core.records.background_task import BackgroundTask
from digit_core.records.processes import room_command
from digit_core.records.runs import Run


def features_task(run: Run, data_digest: str) -> BackgroundTask:
    """Compute and keep them, for the data set with that digest."""
    command = room_command("reading", "features", run.name, data_digest)
    return BackgroundTask(home.features_folder() / run.name, "computation of the features", command)
