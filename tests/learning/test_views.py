import keras
import numpy as np
import pytest

from digit_core.learning.architectures import build
from digit_core.learning.export import export_litert
from digit_core.learning.views import with_views
from digit_core.reading.classifier import Classifier, FeatureClassifier
from digit_core.records.config import training_config

SHIFTS = {5: [(0, 0), (0, 1), (1, 0), (0, -1), (-1, 0)], 9: [(d, r) for d in (-1, 0, 1) for r in (-1, 0, 1)]}


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return build(training_config("accurate"))


@pytest.fixture(scope="module")
def images():
    found = np.zeros((4, 28, 28), np.float32)
    found[:, 2:-2, 2:-2] = np.random.default_rng(0).random((4, 24, 24))
    return found


def shifted(images, down, right):
    return np.roll(images, (down, right), (1, 2))[..., None]


@pytest.mark.parametrize("views", SHIFTS)
def test_the_logits_are_the_mean_over_the_shifts(model, images, views):
    wanted = np.mean([model(shifted(images, *shift)) for shift in SHIFTS[views]], axis=0)
    assert np.allclose(with_views(model, views)(images[..., None]), wanted, atol=1e-5)


def test_one_view_is_the_model_itself(model):
    assert with_views(model, 1) is model


def test_more_views_have_no_more_weights(model, images, tmp_path):
    many = with_views(model, 5)
    assert many.count_params() == model.count_params()
    export_litert(many, tmp_path / "many.tflite", images)
    assert (tmp_path / "many.tflite").stat().st_size < 2_000_000


def test_a_model_with_views_can_be_saved_and_has_features(model, images, tmp_path):
    many = with_views(model, 5)
    many.save(tmp_path / "many.keras")
    again = keras.models.load_model(tmp_path / "many.keras", safe_mode=True)
    logits = np.asarray(many(images[..., None]))
    assert np.allclose(again(images[..., None]), logits, atol=1e-5)

    export_litert(many, tmp_path / "many.tflite", images)
    content = (tmp_path / "many.tflite").read_bytes()
    assert np.allclose(Classifier(content).logits(images), logits, atol=1e-4)
    # The converter moves the mean's division into the last layer, so they may be the sums.
    features = FeatureClassifier(content).features(images)
    wanted = np.mean([many.get_layer("body")(shifted(images, *shift)) for shift in SHIFTS[5]], axis=0)
    assert np.allclose(features, wanted * (features.sum() / wanted.sum()), atol=1e-3)
