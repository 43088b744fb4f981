"""Synthetic digits and non-digits, generated as pen strokes."""
