"""A network in LiteRT: images in, logits out, a fifth of a millisecond each."""

import threading

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from digit_core.errors import DamagedRun
from digit_core.reading.normalize import SIDE


class Classifier:
    """A LiteRT model that maps images (n, 28, 28, 1) to logits (n, k).

    An interpreter is not made for several threads at once, and a Streamlit app has one per
    visitor, so a lock guards it; at 0.2 ms a call nobody waits.
    """

    def __init__(self, model: bytes, threads: int = 1):
        """Load the model's bytes. Raises DamagedRun if they are not such a model."""
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
        batch = np.ascontiguousarray(images, np.float32).reshape(-1, SIDE, SIDE, 1)
        with self._lock:
            if len(batch) != self._batch:
                self._resize(len(batch))
            self._interpreter.set_tensor(self._input["index"], batch)
            self._interpreter.invoke()
            return self._interpreter.get_tensor(self._output["index"])

    def logits_in_batches(self, images: np.ndarray, size: int = 500) -> np.ndarray:
        """As `logits`, for many images without a buffer for all of them at once."""
        return np.concatenate([self.logits(images[i : i + size]) for i in range(0, len(images), size)])

    def _resize(self, batch: int) -> None:
        self._interpreter.resize_tensor_input(self._input["index"], [batch, SIDE, SIDE, 1])
        self._interpreter.allocate_tensors()
        self._batch = batch
