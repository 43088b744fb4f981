"""What each export format takes: a run's model into a file, and a file's logits for images."""

import contextlib
import io
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from digit_core.datasets.sources import Dataset
from digit_core.datasets.splits import stratified_split
from digit_core.errors import DamagedRun, ExportFailed
from digit_core.inference.litert import Classifier
from digit_core.preprocessing.normalize import SIDE, to_float
from digit_core.runs.run import Run

CALIBRATION_IMAGES = 400


def load_keras_model(path: Path):
    """The Keras model in a file, without code from it being run. Raises DamagedRun."""
    if not zipfile.is_zipfile(path):
        raise DamagedRun(f"{path} is damaged: it is no whole .keras file.")
    import keras  # not before: it takes seconds, and a kept export or a LiteRT copy does without

    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # noqa: BLE001 zipfile, h5py, json and Keras each raise their own for a damaged file
        raise DamagedRun(f"{path} cannot be loaded as a Keras model ({_first_line(error)}).") from None


def _copy_keras(run: Run, path: Path, _data: Dataset) -> None:
    load_keras_model(run.path / "model.keras")  # so that it is the run that a message calls damaged
    shutil.copyfile(run.path / "model.keras", path)


def _copy_litert(run: Run, path: Path, _data: Dataset) -> None:
    path.write_bytes(run.model_bytes())


def _convert_int8(run: Run, path: Path, data: Dataset) -> None:
    """Full-integer quantisation, input and output included (Jacob et al. 2018), with 8 bits a weight."""
    model = load_keras_model(run.path / "model.keras")
    import tensorflow as tf

    # Only images that it was trained on: neither validation nor test data shape an export.
    fitting, _ = stratified_split(data.y_train, run.config.validation_fraction, run.config.seed)
    chosen = np.random.default_rng(0).choice(fitting, min(CALIBRATION_IMAGES, len(fitting)), replace=False)
    with _silence():
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
    with _silence():
        model(np.zeros((1, SIDE, SIDE, 1), np.float32), training=False)  # Keras exports what has been called
        model.export(path, format="onnx", verbose=False)


def _read_keras(path: Path, images: np.ndarray) -> np.ndarray:
    model = load_keras_model(path)
    import keras

    parts = (model(part[..., None], training=False) for part in _batches(to_float(images)))
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])


def _read_litert(path: Path, images: np.ndarray) -> np.ndarray:
    return Classifier(path.read_bytes()).logits_in_batches(to_float(images))


def _read_int8(path: Path, images: np.ndarray) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=path.read_bytes())
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    for tensor in interpreter.get_tensor_details():
        if tensor["dtype"] in (np.float16, np.float32, np.float64):
            raise ExportFailed(f"The int8 file computes {tensor['name']} in floating point. It was deleted.")
    interpreter.resize_tensor_input(taken["index"], [len(images), SIDE, SIDE, 1])
    interpreter.allocate_tensors()
    scale, zero = taken["quantization"]
    quantised = np.floor(to_float(images)[..., None] / scale + 0.5) + zero
    interpreter.set_tensor(taken["index"], np.clip(quantised, -128, 127).astype(np.int8))
    interpreter.invoke()
    scale, zero = given["quantization"]
    return (interpreter.get_tensor(given["index"]).astype(np.float32) - zero) * np.float32(scale)


def _read_onnx(path: Path, images: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: part[..., None]})[0] for part in _batches(to_float(images))])


CONVERTERS: dict[str, Callable[[Run, Path, Dataset], None]] = {
    "keras": _copy_keras,
    "tflite": _copy_litert,
    "tflite-int8": _convert_int8,
    "onnx": _convert_onnx,
}
READERS: dict[str, Callable[[Path, np.ndarray], np.ndarray]] = {
    "keras": _read_keras,
    "tflite": _read_litert,
    "tflite-int8": _read_int8,
    "onnx": _read_onnx,
}


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    # The converters print their graphs and every constant they fold.
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def _batches(images: np.ndarray, size: int = 250) -> Iterator[np.ndarray]:
    return (images[start : start + size] for start in range(0, len(images), size))


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
