"""What is watched while a network learns, beside loss and accuracy."""

import keras
from keras import ops


class MeanRecall(keras.metrics.Metric):
    """Recall of each class, averaged over those seen so far (macro recall), as scikit-learn has it.

    Takes one-hot labels (n, k) and logits or probabilities (n, k).
    """

    def __init__(self, name: str = "recall", **settings):
        super().__init__(name=name, **settings)
        self._found = self._shown = None

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count a batch."""
        if self._found is None:
            self._found = self.add_variable((y_true.shape[-1],), "zeros", name="found")
            self._shown = self.add_variable((y_true.shape[-1],), "zeros", name="shown")
        truth = ops.cast(y_true, "float32")
        right = ops.cast(ops.argmax(y_true, -1) == ops.argmax(y_pred, -1), "float32")
        self._shown.assign(self._shown + ops.sum(truth, 0))
        self._found.assign(self._found + ops.sum(truth * right[:, None], 0))

    def result(self):
        """The mean over the classes, 0 to 1."""
        seen = ops.cast(self._shown > 0, "float32")
        return ops.sum(self._found / ops.maximum(self._shown, 1.0)) / ops.maximum(ops.sum(seen), 1.0)
