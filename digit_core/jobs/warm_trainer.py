"""A trainer process that has TensorFlow imported and waits for a training."""


def keep_warm() -> None:
    """Have a trainer ready for the next training; cheap to call whenever the training form is shown."""
