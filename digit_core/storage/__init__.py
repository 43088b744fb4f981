"""Where files live; atomic writes; locks."""
