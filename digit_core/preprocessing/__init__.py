"""From a drawing or a picture to model inputs of 28 × 28 pixels."""
