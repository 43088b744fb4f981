"""For each export format: convert a run's model, and compute an exported file's logits."""

import contextlib
import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from digit_core.datasets.loading import Dataset
from digit_core.datasets.splits import stratified_split
from digit_core.errors import DamagedRun, ExportFailed, TrainingFailed
from digit_core.inference.litert import Classifier
from digit_core.preprocessing.normalize import SIDE, to_float
from digit_core.runs.run import Run

CALIBRATION_IMAGES = 400
TOLERANCE = 1e-3  # of the largest logit; sums in another order are rounded differently


def export_litert(model, path: Path, samples: np.ndarray) -> None:
    """Write a Keras model as LiteRT and check that its logits for `samples`, float32 (n, 28, 28), are the same.

    Raises TrainingFailed if they differ.
    """
    with _no_output():
        model.export(path, format="litert", verbose=False)
    expected = np.asarray(model(samples[..., None], training=False))
    difference = np.abs(expected - Classifier(path.read_bytes()).logits(samples)).max()
    if difference > TOLERANCE * max(1.0, np.abs(expected).max()):
        raise TrainingFailed(f"A logit of the exported model differs from the trained one's by {difference:.2g}.")


def load_keras_model(path: Path):
    """The Keras model in a file, without running code from it. Raises DamagedRun."""
    if not zipfile.is_zipfile(path):
        raise DamagedRun(f"{path} is damaged: it is not a complete .keras file.")
    import keras  # takes seconds; a kept export or a copy of the LiteRT model does without

    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # noqa: BLE001 zipfile, h5py, json and Keras each raise their own for a damaged file
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DamagedRun(f"{path} cannot be loaded as a Keras model ({reason}).") from None


def _copy_keras(run: Run, path: Path, _data: Dataset) -> None:
    load_keras_model(run.path / "model.keras")  # so that the message calls the run damaged and not the copy
    shutil.copyfile(run.path / "model.keras", path)


def _copy_litert(run: Run, path: Path, _data: Dataset) -> None:
    path.write_bytes(run.model_bytes())


def _convert_int8(run: Run, path: Path, data: Dataset) -> None:
    """Full-integer quantisation, input and output included (Jacob et al. 2018), with 8 bits per weight."""
    model = load_keras_model(run.path / "model.keras")
    import tensorflow as tf

    # Only training images: neither validation nor test data influence an export.
    fitting, _ = stratified_split(data.y_train, run.config.validation_fraction, run.config.seed)
    chosen = np.random.default_rng(0).choice(fitting, min(CALIBRATION_IMAGES, len(fitting)), replace=False)
    with _no_output():
        model.export(
            path,
            format="litert",
            verbose=False,
            optimizations=[tf.lite.Optimize.DEFAULT],
            representative_dataset=lambda: ([image[None, ..., None]] for image in to_float(data.x_train[chosen])),
            target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
            inference_input_type=tf.int8,
            inference_output_type=tf.int8,
        )


def _convert_onnx(run: Run, path: Path, _data: Dataset) -> None:
    model = load_keras_model(run.path / "model.keras")
    with _no_output():
        model(np.zeros((1, SIDE, SIDE, 1), np.float32), training=False)  # Keras exports only a model that was called
        model.export(path, format="onnx", verbose=False)


def _keras_logits(path: Path, images: np.ndarray) -> np.ndarray:
    model = load_keras_model(path)
    return _in_batches(lambda batch: model(batch, training=False), images)


def _litert_logits(path: Path, images: np.ndarray) -> np.ndarray:
    return Classifier(path.read_bytes()).logits_in_batches(images)


def _int8_logits(path: Path, images: np.ndarray) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=path.read_bytes())
    inputs, outputs = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    for tensor in interpreter.get_tensor_details():
        if tensor["dtype"] in (np.float16, np.float32, np.float64):
            raise ExportFailed(f"The int8 file computes {tensor['name']} in floating point. It was deleted.")
    interpreter.resize_tensor_input(inputs["index"], [len(images), SIDE, SIDE, 1])
    interpreter.allocate_tensors()
    scale, zero = inputs["quantization"]
    quantised = np.floor(images[..., None] / scale + 0.5) + zero
    interpreter.set_tensor(inputs["index"], np.clip(quantised, -128, 127).astype(np.int8))
    interpreter.invoke()
    scale, zero = outputs["quantization"]
    return (interpreter.get_tensor(outputs["index"]).astype(np.float32) - zero) * np.float32(scale)


def _onnx_logits(path: Path, images: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return _in_batches(lambda batch: session.run(None, {name: batch})[0], images)


# Write the run's model to a path; the data set is for calibrating a quantisation.
CONVERTERS: dict[str, Callable[[Run, Path, Dataset], None]] = {
    "keras": _copy_keras,
    "tflite": _copy_litert,
    "tflite-int8": _convert_int8,
    "onnx": _convert_onnx,
}
# Logits (n, k) of an exported file for images float32 (n, 28, 28), 0 to 1.
LOGITS: dict[str, Callable[[Path, np.ndarray], np.ndarray]] = {
    "keras": _keras_logits,
    "tflite": _litert_logits,
    "tflite-int8": _int8_logits,
    "onnx": _onnx_logits,
}


def _in_batches(logits: Callable, images: np.ndarray) -> np.ndarray:
    batches = np.array_split(images[..., None], -(-len(images) // 250))
    return np.concatenate([np.asarray(logits(batch)) for batch in batches])


def _no_output() -> contextlib.AbstractContextManager:
    # The converters print their graphs and every constant they fold.
    return contextlib.redirect_stdout(io.StringIO())
