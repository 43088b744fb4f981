import keras
import numpy as np
import pytest

from digit_core.errors import UnknownRun
from digit_core.inference.litert import FeatureClassifier
from digit_core.runs.fine_tuning import continued_config
from digit_core.runs.run import Run
from digit_core.training.adaptation import load_network
from digit_core.training.batches import MixedBatches
from digit_core.training.fit import train
from digit_core.training.last_layer import FeatureBatches, features_of, last_layer

IMAGES = np.random.default_rng(0).integers(0, 256, (24, 28, 28), np.uint8)


def small(run: Run, **settings):
    """A configuration that trains the run on in a second or two."""
    few = {"epochs": 2, "steps_per_epoch": 4, "batch_size": 32, "mild_epochs": 2, "data": run.config.data}
    if run.config.non_digits:
        few |= {"non_digits": 20}
    return continued_config(run, **few | {"synthetic_digits": 40} | settings)


def trained_on(config, folder) -> Run:
    folder.mkdir()
    train(config, folder, command="a test", report=lambda progress: None, cancelled=lambda: False)
    return Run(folder)


def test_the_last_layer_on_the_features_gives_the_logits_of_the_network(trained_run):
    network, images = load_network(trained_run), IMAGES / np.float32(255)
    features = features_of(FeatureClassifier(trained_run.model_bytes()), images)
    logits = np.asarray(last_layer(network)(features))
    np.testing.assert_allclose(logits, np.asarray(network(images[..., None])), atol=1e-3)


def test_the_last_layer_shares_its_weights_with_the_network(trained_run):
    network = load_network(trained_run)
    alone = last_layer(network)
    alone.set_weights([weight + 1 for weight in alone.get_weights()])
    np.testing.assert_array_equal(network.layers[-1].get_weights()[0], alone.get_weights()[0])


def test_batches_of_features_have_the_targets_of_the_images(trained_run):
    batches = MixedBatches(IMAGES, np.arange(24) % 10, small(trained_run, batch_size=16))
    network = FeatureClassifier(trained_run.model_bytes())
    found = FeatureBatches(batches, network)
    assert len(found) == len(batches) == 4
    for epoch in (0, 1):
        found.set_epoch(epoch)
        images, targets = batches[1]
        features, same = found[1]
        np.testing.assert_array_equal(same, targets)
        np.testing.assert_allclose(features, network.features(images[..., 0]), atol=1e-5)


def test_a_run_is_trained_on_in_its_last_layer_alone(trained_run, tmp_path):
    run = trained_on(small(trained_run), tmp_path / "20260102-000000-on")
    before, after = load_network(trained_run), load_network(run)
    for old, new in zip(before.layers[:-1], after.layers[:-1], strict=True):
        for ours, theirs in zip(old.get_weights(), new.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(before.layers[-1].get_weights()[0], after.layers[-1].get_weights()[0])
    run.check()
    assert run.adaptation() is None and len(run.history()) == 2
    assert isinstance(keras.models.load_model(run.path / "model.keras"), keras.Model)


def test_a_run_is_trained_on_with_the_kinds_of_images_that_its_base_knows(trained_run):
    knows = trained_run.config.non_digits > 0
    assert (continued_config(trained_run).non_digits > 0) == knows


def test_a_base_that_is_gone_is_named(trained_run, tmp_path):
    config = small(trained_run).model_copy(update={"base_run": "20200101-000000-gone"})
    with pytest.raises(UnknownRun, match="20200101-000000-gone"):
        trained_on(config, tmp_path / "new")
