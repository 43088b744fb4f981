import keras
import numpy as np
import pytest

from digit_core.runs.config import training_config
from digit_core.runs.presets import PRESETS
from digit_core.training import mixed_precision
from digit_core.training.architectures import BUILDERS, build
from digit_core.training.mixed_precision import FusedBatchNormalization, accelerated, compute_dtype
from digit_core.training.schedules import Triangular, learning_rate


def test_every_preset_can_be_built_and_nothing_else():
    assert set(BUILDERS) == set(PRESETS)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_network_maps_images_to_ten_logits(preset):
    model = build(training_config(preset))
    assert model(np.zeros((3, 28, 28, 1), np.float32)).shape[0] == 3
    assert model.output_shape[1] == (11 if training_config(preset).non_digits else 10)


@pytest.mark.parametrize(
    ("preset", "parameters"),
    # two_block: 320 + 18,496 + 204,928 + 1,290; lenet5: 156 + 2,416 + 48,120 + 10,164 + 850;
    # classic: 320 + 18,496 + 36,928 + 36,928 + 650
    [("two_block", 225034), ("lenet5", 61706), ("classic", 93322)],
)
def test_the_reference_networks_have_the_papers_number_of_parameters(preset, parameters):
    assert build(training_config(preset)).count_params() == parameters


def test_tiny_has_fewer_than_4000_parameters_and_accurate_fits_2_megabytes():
    assert build(training_config("tiny")).count_params() < 4000
    assert build(training_config("accurate")).count_params() * 4 < 2_000_000


def test_batch_norm_has_about_420000_parameters():
    assert build(training_config("batch_norm")).count_params() == pytest.approx(420_000, rel=0.02)


def test_custom_has_the_configured_layers():
    settings = {"filters": (5, 7, 9), "kernel_sizes": (5, 3, 2), "dense_units": (11,), "batch_normalization": False}
    model = build(training_config("custom", **settings))
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [(layer.filters, layer.kernel_size) for layer in convolutions] == [(5, (5, 5)), (7, (3, 3)), (9, (2, 2))]
    assert [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)] == [11, 10]
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in model.layers)


def test_the_smallest_valid_custom_network_can_be_built():
    settings = {"filters": (1,), "kernel_sizes": (27,), "dense_units": (), "batch_normalization": True}
    assert build(training_config("custom", **settings)).output_shape == (None, 10)


@pytest.mark.parametrize("preset", ["quick", "resnet", "two_block"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_accelerated_copy_computes_the_same(preset, precision):
    plain = build(training_config(preset))
    fast = accelerated(plain, precision)
    assert compute_dtype(fast) == precision
    images = np.random.default_rng(0).random((8, 28, 28, 1)).astype(np.float32)
    tolerance = 1e-4 if precision == "float32" else 0.05  # bfloat16 has 8 bits
    np.testing.assert_allclose(fast(images), plain(images), atol=tolerance)
    assert fast(images).dtype == "float32"
    assert all(weight.dtype == "float32" for weight in fast.weights)
    assert [weight.shape for weight in fast.weights] == [weight.shape for weight in plain.weights]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow trains in bfloat16 by itself")
@pytest.mark.parametrize(
    ("flags", "found"),
    [("fpu avx512f amx_bf16 amx_tile", True), ("avx512_bf16", True), ("fpu avx512f avx512_bf16x", False)],
)
def test_bfloat16_hardware_is_found_by_the_processors_flags(monkeypatch, flags, found):
    listed = f"processor\t: 0\nflags\t\t: {flags}\nbogomips\t: 1\n\nprocessor\t: 1\n"
    monkeypatch.setattr(mixed_precision.Path, "read_text", lambda self, encoding: listed)
    assert mixed_precision._has_bfloat16_hardware() is found


@pytest.mark.parametrize(
    ("preset", "hardware", "precision"),
    [
        ("quick", True, "bfloat16"),
        ("quick", False, "float32"),
        ("tiny", True, "float32"),
        ("lenet5", True, "float32"),
        ("mobilenet", True, "float32"),
    ],
)
def test_bfloat16_is_used_where_it_is_faster(monkeypatch, preset, hardware, precision):
    monkeypatch.setattr(mixed_precision, "_has_bfloat16_hardware", lambda: hardware)
    config = training_config(preset)
    assert mixed_precision.compute_dtype_for(config, build(config)) == precision
    asked = training_config(preset, compute_dtype="bfloat16")
    assert mixed_precision.compute_dtype_for(asked, build(asked)) == "bfloat16"


def test_fused_normalisation_updates_its_averages_as_keras_does():
    images = np.random.default_rng(0).normal(3, 2, (64, 6, 6, 4)).astype(np.float32)
    usual, fused = keras.layers.BatchNormalization(momentum=0.9), FusedBatchNormalization(momentum=0.9)
    for _ in range(3):
        np.testing.assert_allclose(fused(images, training=True), usual(images, training=True), atol=1e-4)
    np.testing.assert_allclose(fused.moving_mean, usual.moving_mean, rtol=1e-4)
    np.testing.assert_allclose(fused.moving_variance, usual.moving_variance, rtol=2e-3)  # n - 1 against n
    np.testing.assert_allclose(fused(images), usual(images), atol=0.01)


def test_the_triangular_rate_rises_to_its_peak_and_falls_to_nearly_zero():
    rates = np.array([float(Triangular(0.01, 100)(step)) for step in range(100)])
    assert rates.argmax() in {24, 25}
    assert rates.max() == pytest.approx(0.01, rel=0.05)
    assert (np.diff(rates[:24]) > 0).all()
    assert (np.diff(rates[26:]) < 0).all()
    assert 0 < rates[-1] < 0.0002


def test_a_schedule_ends_with_the_training():
    schedule = learning_rate(training_config("quick"), 22)
    assert schedule.steps == 22
    assert learning_rate(training_config("two_block", schedule="constant", learning_rate=0.001), 22) == 0.001
