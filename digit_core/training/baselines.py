"""How long other recipes train until they reach an accuracy: the baselines for `quick`."""

import time
from collections.abc import Callable

import keras
from keras import layers

from digit_core.datasets.loading import Dataset, load_dataset
from digit_core.preprocessing.normalize import to_float
from digit_core.runs.config import training_config
from digit_core.training.architectures import INPUT_SHAPE
from digit_core.training.fit import build_compiled_model
from digit_core.training.training_data import prepare_data

_MAX_EPOCHS = 20


def seconds_to_accuracy(recipe: str, target: float) -> dict[str, float]:
    """Train epoch by epoch until the test accuracy exceeds `target`, for at most 20 epochs.

    `recipe`: "stock", Keras's own MNIST example, or "two_block", that preset's network trained
    with the plain recipe of its reference: Adam at 0.001 in float32.
    Only fitting is timed, not the evaluation on the test set after each epoch, which is for this
    comparison alone and chooses no model.
    Returns `seconds`, `epochs` and the `accuracy` reached.
    """
    keras.utils.set_random_seed(0)
    data = load_dataset("mnist")
    test_images = to_float(data.x_test)[..., None]
    model, fit = {"stock": _stock, "two_block": _two_block}[recipe](data)
    seconds, accuracy, epoch = 0.0, 0.0, 0
    while accuracy <= target and epoch < _MAX_EPOCHS:
        started = time.perf_counter()
        fit(epoch)
        seconds += time.perf_counter() - started
        epoch += 1
        predicted = model.predict(test_images, batch_size=1000, verbose=0).argmax(1)
        accuracy = float((predicted == data.y_test).mean())
    return {"seconds": round(seconds, 2), "epochs": epoch, "accuracy": accuracy}


def _stock(data: Dataset) -> tuple[keras.Model, Callable[[int], None]]:
    """Model and recipe of Keras's "Simple MNIST convnet" example (F. Chollet 2015), unchanged."""
    images = to_float(data.x_train)[..., None]
    labels = keras.utils.to_categorical(data.y_train, 10)
    model = keras.Sequential(
        [
            keras.Input(INPUT_SHAPE),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"], jit_compile=False)
    return model, lambda epoch: model.fit(images, labels, batch_size=128, validation_split=0.1, verbose=0)


def _two_block(_data: Dataset) -> tuple[keras.Model, Callable[[int], None]]:
    config = training_config("two_block", schedule="constant", learning_rate=0.001, compute_dtype="float32")
    batches = prepare_data(config).batches
    model = build_compiled_model(config, _MAX_EPOCHS * len(batches))

    def fit(epoch: int) -> None:
        batches.set_epoch(epoch)
        model.fit(batches, shuffle=False, verbose=0)

    return model, fit
