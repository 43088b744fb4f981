"""Labels that contradict the other ones: found by cross-validation, before a run that learned from them predicts.

In each fold the last layer alone learns from the other folds' drawings, on the features of the base
network. Seconds for hundreds of drawings. What even a model adapted to the same person finds next to
impossible is a slip, or a joke. Confident learning (Northcutt, Jiang and Chuang 2021) rests on the same idea.
"""

import keras
import numpy as np
from scipy.special import log_softmax, softmax

from digit_core.drawings.training_set import TrainingSet
from digit_core.preprocessing.normalize import to_float
from digit_core.training.augmentation import Augmenter
from digit_core.training.batches import MILD, MixedBatches

_FOLDS = 10
_COPIES = 8  # augmented ones of each drawing
_REPLAYED = 16  # batches of what the base run was trained on
_STEPS = 150
_RATE = 0.01
_IMPOSSIBLE = 0.05  # probability of a label below which it is contradicted


def contradicted_labels(network: keras.Model, drawings: TrainingSet, batches: MixedBatches) -> np.ndarray:
    """Which labels contradict the others, bool (n,), of all drawings, learned and held back.

    `batches`: of what the base run was trained on, without the drawings.
    """
    probabilities = cross_validated(network, drawings, batches)
    return probabilities[np.arange(len(drawings.labels)), drawings.labels] < _IMPOSSIBLE


def cross_validated(network: keras.Model, drawings: TrainingSet, batches: MixedBatches) -> np.ndarray:
    """The probabilities of each drawing by a last layer that has not seen it, float64 (n, 10 or 11)."""
    features_of = keras.Model(network.inputs, network.layers[-1].input)
    weights, bias = (np.asarray(part, np.float64) for part in network.layers[-1].get_weights())
    rng = np.random.default_rng(0)
    count = len(drawings.labels)
    images = to_float(drawings.images)
    augment = Augmenter(MILD, rng)
    copies = np.concatenate([images, *(augment(images) for _ in range(_COPIES))])
    drawn = _features(features_of, copies[..., None]).reshape(_COPIES + 1, count, -1)
    replayed = [batches[number] for number in range(min(_REPLAYED, len(batches)))]
    replay = _features(features_of, np.concatenate([batch[0] for batch in replayed]))
    targets = np.concatenate([batch[1] for batch in replayed])
    one_hot = np.eye(len(bias))[drawings.labels]
    probabilities = np.empty((count, len(bias)))
    fold = rng.permutation(count) % min(_FOLDS, max(count, 2))
    for number in np.unique(fold):
        others = np.flatnonzero(fold != number)
        inputs = np.concatenate([replay, drawn[:, others].reshape(-1, drawn.shape[-1])])
        wanted = np.concatenate([targets, np.tile(one_hot[others], (_COPIES + 1, 1))])
        # A quarter of the weight on the drawings, as in a batch of the training.
        share = np.concatenate([np.full(len(replay), 0.75 / len(replay)), *[np.full(len(others), 1.0)] * (_COPIES + 1)])
        if len(others):
            share[len(replay) :] = 0.25 / (len(others) * (_COPIES + 1))
        fitted = _fit(inputs, wanted, share / share.sum(), weights, bias)
        probabilities[fold == number] = softmax(drawn[0, fold == number] @ fitted[0] + fitted[1], axis=1)
    return probabilities


def _features(network: keras.Model, images: np.ndarray) -> np.ndarray:
    return np.asarray(network.predict(images, batch_size=500, verbose=0), np.float64)


def _fit(inputs: np.ndarray, wanted: np.ndarray, share: np.ndarray, weights: np.ndarray, bias: np.ndarray):
    """Softmax regression from given weights, by Adam on all inputs at once."""
    parameters = [weights.copy(), bias.copy()]
    moments = [[np.zeros_like(each), np.zeros_like(each)] for each in parameters]
    for step in range(1, _STEPS + 1):
        error = (np.exp(log_softmax(inputs @ parameters[0] + parameters[1], axis=1)) - wanted) * share[:, None]
        for each, moment, gradient in zip(parameters, moments, (inputs.T @ error, error.sum(0)), strict=True):
            moment[0] += 0.1 * (gradient - moment[0])
            moment[1] += 0.001 * (gradient**2 - moment[1])
            mean, square = moment[0] / (1 - 0.9**step), moment[1] / (1 - 0.999**step)
            each -= _RATE * mean / (np.sqrt(square) + 1e-8)
    return parameters
