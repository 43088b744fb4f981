"""A run's model in other formats, verified against the run."""
