"""The sections of the Results screen."""
