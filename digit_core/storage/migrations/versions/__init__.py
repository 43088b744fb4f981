"""One file for each version, numbered."""
