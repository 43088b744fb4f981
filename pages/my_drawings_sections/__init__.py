"""The parts of the My drawings page."""
