"""Labels that contradict the other ones: found by cross-validation, before a run that learned from them predicts.

In each fold the last layer alone learns from the other folds' drawings, on the features of the base
network. Seconds for hundreds of drawings. What even a model adapted to the same person finds next to
impossible is a slip, or a joke. Confident learning (Northcutt, Jiang and Chuang 2021) rests on the same idea.
"""

import keras
import numpy as np
from scipy.special import softmax

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
    weights, bias = (np.asarray(part, np.float32) for part in network.layers[-1].get_weights())
    rng = np.random.default_rng(0)
    count = len(drawings.labels)
    images = to_float(drawings.images)
    augment = Augmenter(MILD, rng)
    copies = np.concatenate([images, *(augment(images) for _ in range(_COPIES))])
    drawn = _features(features_of, copies[..., None])
    replayed = [batches[number] for number in range(min(_REPLAYED, len(batches)))]
    replay = _features(features_of, np.concatenate([batch[0] for batch in replayed]))
    wanted = np.concatenate(
        [*(batch[1] for batch in replayed), np.tile(np.eye(len(bias))[drawings.labels], (_COPIES + 1, 1))]
    )
    fold = rng.permutation(count) % min(_FOLDS, max(count, 2))
    folds = np.unique(fold)
    # A quarter of the weight on the drawings, as in a batch of the training; none on those of the fold.
    is_learned = np.tile(fold[:, None] != folds, (_COPIES + 1, 1))
    share = np.concatenate(
        [
            np.full((len(replay), len(folds)), 0.75 / len(replay)),
            0.25 * is_learned / np.maximum(is_learned.sum(0), 1),
        ]
    )
    fitted = _fit(np.concatenate([replay, drawn]), wanted, share / share.sum(0), weights, bias)
    probabilities = softmax(np.einsum("nd,fdk->nfk", drawn[:count], fitted[0]) + fitted[1], axis=2)
    return probabilities[np.arange(count), np.searchsorted(folds, fold)].astype(np.float64)


def _features(network: keras.Model, images: np.ndarray) -> np.ndarray:
    return np.asarray(network.predict(images, batch_size=500, verbose=0), np.float32).reshape(len(images), -1)


def _fit(inputs: np.ndarray, wanted: np.ndarray, share: np.ndarray, weights: np.ndarray, bias: np.ndarray):
    """Softmax regressions from given weights, by Adam on all inputs (n, d) at once; one for each column of `share`.

    Returns weights (folds, d, k) and biases (folds, k). All folds in one product: reading the inputs takes the time.
    """
    (count, folds), (width, classes) = share.shape, weights.shape
    parameters = [np.tile(weights, folds), np.tile(bias, folds)]  # (d, folds * k), (folds * k,)
    moments = [[np.zeros_like(each), np.zeros_like(each)] for each in parameters]
    wanted, share = wanted[:, None].astype(np.float32), share[:, :, None].astype(np.float32)
    for step in range(1, _STEPS + 1):
        logits = (inputs @ parameters[0] + parameters[1]).reshape(count, folds, classes)
        error = ((softmax(logits, axis=2) - wanted) * share).reshape(count, -1)
        for each, moment, gradient in zip(parameters, moments, (inputs.T @ error, error.sum(0)), strict=True):
            moment[0] += 0.1 * (gradient - moment[0])
            moment[1] += 0.001 * (gradient**2 - moment[1])
            mean, square = moment[0] / (1 - 0.9**step), moment[1] / (1 - 0.999**step)
            each -= _RATE * mean / (np.sqrt(square) + 1e-8)
    return parameters[0].reshape(width, folds, classes).swapaxes(0, 1), parameters[1].reshape(folds, classes)
