"""From strokes or a picture to a prediction."""
