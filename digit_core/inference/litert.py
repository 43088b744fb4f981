"""A network in LiteRT: images in, logits out, a fifth of a millisecond each."""

import threading

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from digit_core.errors import DamagedRun, DigitError
from digit_core.preprocessing.normalize import SIDE


class Classifier:
    """A LiteRT model that maps images (n, 28, 28, 1) to logits (n, k).

    Safe to share between threads: an interpreter is not, so a lock guards it for the 0.2 ms of a call.
    """

    def __init__(self, model: bytes, threads: int = 1):
        """Load a .tflite file's bytes. Raises DamagedRun if they are not such a model."""
        try:
            self._interpreter = Interpreter(model_content=model, num_threads=threads)
            self._input = self._interpreter.get_input_details()[0]
            self._output = self._interpreter.get_output_details()[0]
            self._resize(1)
        except (ValueError, RuntimeError) as error:
            raise DamagedRun(f"model.tflite is not a LiteRT model ({str(error).splitlines()[0]}).") from None
        if tuple(self._input["shape"][1:]) != (SIDE, SIDE, 1):
            raise DamagedRun(f"model.tflite wants inputs of shape {tuple(self._input['shape'])}, not (n, 28, 28, 1).")
        self._lock = threading.Lock()

    def logits(self, images: np.ndarray) -> np.ndarray:
        """float32 (n, k) logits for float32 images (n, 28, 28), 0 to 1."""
        with self._lock:
            self._run(images)
            return self._interpreter.get_tensor(self._output["index"])

    def logits_in_batches(self, images: np.ndarray, size: int = 500) -> np.ndarray:
        """As `logits`, `size` images at a time to save memory."""
        return np.concatenate([self.logits(images[i : i + size]) for i in range(0, len(images), size)])

    def _run(self, images: np.ndarray) -> None:
        batch = np.ascontiguousarray(images, np.float32).reshape(-1, SIDE, SIDE, 1)
        if len(batch) != self._batch:
            self._resize(len(batch))
        self._interpreter.set_tensor(self._input["index"], batch)
        self._interpreter.invoke()

    def _resize(self, batch: int) -> None:
        self._interpreter.resize_tensor_input(self._input["index"], [batch, SIDE, SIDE, 1])
        self._interpreter.allocate_tensors()
        self._batch = batch


class NoFeatures(DigitError):
    """The network has no dense layer whose input could be used as features."""


class FeatureClassifier(Classifier):
    """A LiteRT model with access to the input of its last dense layer: features (n, d) of images.

    LiteRT fuses layers and reuses the memory of tensors during a run. Preventing that makes it several
    times slower, so it is done only where the features do not lead to the logits.
    """

    def __init__(self, model: bytes, threads: int = 1):
        """Load the model's bytes. Raises DamagedRun, or NoFeatures if it has no dense layer, or not one in float."""
        super().__init__(model, threads)
        if not self._features_are_intact():
            self._interpreter = Interpreter(
                model_content=model,
                num_threads=threads,
                experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
                experimental_preserve_all_tensors=True,
            )
            self._resize(1)

    def features(self, images: np.ndarray) -> np.ndarray:
        """float32 (n, d) for float32 images (n, 28, 28), 0 to 1."""
        with self._lock:
            self._run(images)
            found = self._interpreter.get_tensor(self._dense[0]).reshape(self._batch, -1)
        if found.dtype != np.float32:
            raise NoFeatures(f"The model's features are {found.dtype}, not float32.")
        return found

    def _features_are_intact(self) -> bool:
        """Whether the last layer's weights and bias lead from the features to the logits."""
        images = np.random.default_rng(0).random((3, SIDE, SIDE), np.float32)
        logits = self.logits(images)
        try:
            features = self.features(images)
        except ValueError:  # the tensor is gone
            return False
        weights, *bias = (self._interpreter.get_tensor(index) for index in self._dense[1:])
        return weights.dtype == np.float32 and np.allclose(features @ weights.T + sum(bias), logits, atol=1e-3)

    def _resize(self, batch: int) -> None:
        super()._resize(batch)
        # Private, but LiteRT has no public way to find a layer's input tensors.
        layers = [layer for layer in self._interpreter._get_ops_details() if layer["op_name"] == "FULLY_CONNECTED"]
        if not layers:
            raise NoFeatures("The model has no dense layer, so it has no features to compare images by.")
        self._dense = [int(index) for index in layers[-1]["inputs"] if index >= 0]
