"""Architectures, fitting, callbacks and figures; the only room that imports Keras or TensorFlow."""
