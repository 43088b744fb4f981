"""The sections of the Mistakes screen."""
