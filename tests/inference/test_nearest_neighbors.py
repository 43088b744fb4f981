import errno
import os

import numpy as np
import pytest

from digit_core.datasets.loading import load_dataset
from digit_core.datasets.sources import Dataset
from digit_core.errors import StorageError
from digit_core.inference import litert, nearest_neighbors
from digit_core.inference.litert import Classifier, FeatureClassifier, NoFeatures
from digit_core.inference.nearest_neighbors import Neighbours
from digit_core.jobs.tasks import features_task
from digit_core.runs.run import SHIPPED, open_run
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def model() -> bytes:
    return open_run(SHIPPED).model_bytes()


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (250, 28, 28)).astype(np.uint8)
    labels = rng.integers(0, 10, 250)
    return Dataset("made up", images, labels, images[:0], labels[:0], "a digest")


def test_the_features_lead_to_the_logits(model, dataset):
    network = FeatureClassifier(model)
    images = dataset.x_train[:7].astype(np.float32) / 255
    features = network.features(images)
    weights, bias = (network._interpreter.get_tensor(index) for index in network._dense[1:])
    assert np.allclose(features @ weights.T + bias, Classifier(model).logits(images), atol=1e-3)


def test_any_runs_network_has_features(trained_run):
    features = FeatureClassifier(trained_run.model_bytes()).features(np.zeros((2, 28, 28), np.float32))
    assert features.shape == (2, 128)  # `quick` ends in a dense layer of 128


def test_reused_tensor_memory_is_detected_and_avoided(model, dataset, monkeypatch):
    images = dataset.x_train[:5].astype(np.float32) / 255
    expected = FeatureClassifier(model).features(images)
    monkeypatch.setattr(FeatureClassifier, "_features_are_intact", lambda self: False)
    assert np.allclose(FeatureClassifier(model).features(images), expected, atol=1e-4)


def test_a_model_without_a_dense_layer_has_no_features(model, monkeypatch):
    class Convolutional(litert.Interpreter):
        def _get_ops_details(self):
            return [layer for layer in super()._get_ops_details() if layer["op_name"] != "FULLY_CONNECTED"]

    monkeypatch.setattr(litert, "Interpreter", Convolutional)
    with pytest.raises(NoFeatures, match="no dense layer"):
        FeatureClassifier(model)


def test_the_nearest_are_those_of_a_brute_force_search(model, dataset, monkeypatch):
    monkeypatch.setattr(nearest_neighbors, "_CHUNK", 64)
    index = Neighbours(model, dataset)
    index.prepare()
    image = np.random.default_rng(1).random((28, 28), np.float32)
    found = index.nearest(image, 5)
    network = FeatureClassifier(model)
    away = network.features(dataset.x_train.astype(np.float32) / 255) - network.features(image[None])
    distances = np.linalg.norm(away, axis=1)
    assert [neighbour.index for neighbour in found] == list(np.argsort(distances)[:5])
    assert [neighbour.distance for neighbour in found] == pytest.approx(np.sort(distances)[:5], rel=1e-2)
    assert [neighbour.label for neighbour in found] == [dataset.y_train[n.index] for n in found]


def test_a_training_image_is_its_own_nearest(model, dataset):
    index = Neighbours(model, dataset)
    index.prepare()
    nearest = index.nearest(dataset.x_train[17].astype(np.float32) / 255)[0]
    assert nearest.index == 17
    assert nearest.distance < 0.05  # what half precision leaves


def test_the_features_are_computed_once_for_a_model(model, dataset, monkeypatch):
    seen = []
    first = Neighbours(model, dataset)
    assert not first.ready
    first.prepare(seen.append)
    assert seen == [0.4, 0.8, 1.0]
    again = Neighbours(model, dataset)
    assert again.ready
    again.prepare(seen.append)
    assert len(seen) == 3
    assert np.load(first.path).dtype == np.float16


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_a_damaged_file_is_recomputed(model, dataset, content):
    index = Neighbours(model, dataset)
    index.prepare()
    index.path.write_bytes(index.path.read_bytes()[:-100] if content is None else content)
    assert not index.ready
    with pytest.raises(StorageError, match="prepare it first"):
        index.nearest(np.zeros((28, 28), np.float32))
    index.prepare()
    assert index.ready


def test_a_full_disk_is_reported_and_leaves_no_file_behind(model, dataset, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    index = Neighbours(model, dataset)
    with pytest.raises(StorageError, match="the disk is full"):
        index.prepare()
    assert list(index.path.parent.iterdir()) == []


def test_only_the_newest_files_are_kept(model, dataset, monkeypatch):
    monkeypatch.setattr(nearest_neighbors, "KEPT", 2)
    index = Neighbours(model, dataset)
    index.path.parent.mkdir(parents=True)
    for age in range(1, 4):
        old = index.path.with_name(f"{age}.npy")
        old.write_bytes(b"old")
        os.utime(old, (1_000_000 - age, 1_000_000 - age))
    index.prepare()
    assert {path.name for path in index.path.parent.iterdir()} == {index.path.name, "1.npy"}


def test_a_process_computes_the_features_that_the_app_then_finds(trained_run):
    data = load_dataset("digits")
    index, task = Neighbours(trained_run.model_bytes(), data), features_task(trained_run, data.digest)
    assert not index.ready
    task.start()
    wait_for(lambda: not task.is_active())
    assert task.status() is None, task.log_path.read_text()
    assert index.nearest(data.x_train[17].astype(np.float32) / 255)[0].index == 17


def test_data_that_changed_since_the_app_loaded_it_is_reported(trained_run):
    task = features_task(trained_run, "of the app's data")
    task.start()
    wait_for(lambda: not task.is_active())
    assert "has changed since the app loaded it. Restart the app." in task.status().message
