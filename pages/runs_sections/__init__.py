"""The sections of the Runs screen."""
