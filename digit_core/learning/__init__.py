"""Presets, training, evaluation, export and figures. The only room that imports Keras."""
