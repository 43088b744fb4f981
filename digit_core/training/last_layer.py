"""Fit the last layer of a network again, on the features that its other layers compute.

Last-layer retraining (Kirichenko, Izmailov and Wilson 2023, arXiv 2204.02937): a network learns handwriting that its
features tell apart already, in minutes, and forgets little.
"""

import keras
import numpy as np

from digit_core.inference.litert import FeatureClassifier
from digit_core.training.batches import MixedBatches

_AT_A_TIME = 500  # images


class FeatureBatches(keras.utils.PyDataset):
    """Batches with features, float32 (batch, d), in place of images."""

    def __init__(self, batches: MixedBatches, network: FeatureClassifier) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=16)
        self._batches, self._network = batches, network

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        images, targets = self._batches[index]
        return self._network.features(images[..., 0]), targets

    def set_epoch(self, epoch: int) -> None:
        """Shuffle the images for an epoch, counted from 0."""
        self._batches.set_epoch(epoch)


def last_layer(model: keras.Model) -> keras.Model:
    """A model of the last layer alone, from features (n, d) to logits; both share its weights."""
    layer = model.layers[-1]
    features = keras.Input((layer.kernel.shape[0],), name="features")
    return keras.Model(features, layer(features), name="last_layer")


def features_of(network: FeatureClassifier, images: np.ndarray) -> np.ndarray:
    """float32 (n, d): the features of images float32 (n, 28, 28), 0 to 1."""
    parts = range(0, len(images), _AT_A_TIME)
    return np.concatenate([network.features(images[start : start + _AT_A_TIME]) for start in parts])
