"""Metrics, comparison of runs, label errors, robustness; no Keras."""
