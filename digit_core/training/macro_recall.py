"""Macro-averaged recall, which Keras lacks."""

import keras
from keras import ops


class MacroRecall(keras.metrics.F1Score):
    """Recall of each class, 0 to 1, averaged over the classes seen so far, as scikit-learn's macro average.

    Takes one-hot labels (n, k) and logits or probabilities (n, k). Keras's F1 score does the counting.
    """

    def result(self):
        """The mean over the classes, 0 to 1."""
        support = self.true_positives + self.false_negatives
        recall = self.true_positives / ops.maximum(support, 1.0)
        return ops.sum(recall) / ops.maximum(ops.sum(ops.cast(support > 0, self.dtype)), 1.0)
