"""How long other recipes train until they pass an accuracy: the yardsticks for `quick`."""

import time
from collections.abc import Callable

import keras
from keras import layers

from digit_core.datasets.loading import load_dataset
from digit_core.preprocessing.normalize import to_float
from digit_core.runs.config import training_config
from digit_core.training.architectures import INPUT_SHAPE
from digit_core.training.fit import compiled, prepared

MOST_EPOCHS = 20


def seconds_to_accuracy(recipe: str, target: float) -> dict[str, float]:
    """Train epoch by epoch until the test accuracy passes `target` or `MOST_EPOCHS` are over.

    `recipe`: "stock", Keras's own MNIST example, or "two_block", that preset's network trained
    with the plain recipe of its reference: Adam at 0.001 in float32.
    Only fitting is timed, not the look at the test set after each epoch. That look is for this
    comparison alone: no model that anybody uses is chosen by it.
    Returns `seconds`, `epochs` and the `accuracy` reached.
    """
    keras.utils.set_random_seed(0)
    data = load_dataset("mnist")
    test_images = to_float(data.x_test)[..., None]
    model, fit = _RECIPES[recipe]()
    seconds, accuracy, epoch = 0.0, 0.0, 0
    while accuracy <= target and epoch < MOST_EPOCHS:
        started = time.perf_counter()
        fit(epoch)
        seconds += time.perf_counter() - started
        epoch += 1
        read = model.predict(test_images, batch_size=1000, verbose=0).argmax(1)
        accuracy = float((read == data.y_test).mean())
    return {"seconds": round(seconds, 2), "epochs": epoch, "accuracy": accuracy}


def _stock() -> tuple[keras.Model, Callable[[int], None]]:
    """Model and recipe of Keras's "Simple MNIST convnet" example (F. Chollet 2015), as it stands there."""
    data = load_dataset("mnist")
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


def _two_block() -> tuple[keras.Model, Callable[[int], None]]:
    config = training_config("two_block", schedule="constant", learning_rate=0.001, compute_dtype="float32")
    data = prepared(config)
    model = compiled(config, MOST_EPOCHS * len(data.batches))

    def fit(epoch: int) -> None:
        data.batches.set_epoch(epoch)
        model.fit(data.batches, shuffle=False, verbose=0)

    return model, fit


_RECIPES = {"stock": _stock, "two_block": _two_block}
