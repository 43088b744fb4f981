"""The background task that computes the features of all training images for a run's network."""

from digit_core.jobs.background_task import BackgroundTask
from digit_core.jobs.processes import room_command
from digit_core.runs.run import Run
from digit_core.storage import paths


def features_task(run: Run, data_digest: str) -> BackgroundTask:
    """Compute and keep them, for the data set with that digest."""
    command = room_command("evaluation", "features", run.name, data_digest)
    return BackgroundTask(paths.features_folder() / run.name, "computation of the features", command)
