"""The sections of the Join screen."""
