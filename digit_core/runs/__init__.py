"""The run folder: its config and records, publishing, the active run, notes, zip archives."""
