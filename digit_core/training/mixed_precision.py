"""The same network, made to train faster on the machine at hand.

The networks in `architectures` are plain Keras in float32. What is trained is a twin of them
with the same weights in the same order: where the processor multiplies bfloat16 matrices in
hardware it computes in bfloat16 (the weights stay float32), and under TensorFlow batch
normalisation runs in its fused kernel. Of `robust`, a step of 256 images took on two cores
with AMX 70 ms as it is, 60 ms with the fused kernel, 45 ms in bfloat16, 26 ms with both; on two
with AVX-512's bfloat16 41 to 45 ms with both, 57 to 70 ms with the fused kernel alone.
"""

from pathlib import Path

import keras

from digit_core.runs.config import TrainingConfig

_CHANNELS = 16
_BFLOAT16 = {"amx_bf16", "avx512_bf16"}  # as Linux calls what multiplies bfloat16


def compute_dtype_for(config: TrainingConfig, model: keras.Model) -> str:
    """ "bfloat16" or "float32": what the configuration asks for, or the faster one for this network here."""
    if config.compute_dtype != "auto":
        return config.compute_dtype
    # Without such hardware bfloat16 is emulated, several times slower than float32. The hardware
    # takes channels by sixteens, 24 in bfloat16 are slower than 24 in float32, and it is of no
    # use to a depthwise convolution, which multiplies no matrices.
    suited = all(
        isinstance(layer, keras.layers.Conv2D) and layer.filters % _CHANNELS == 0
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D)
    )
    return "bfloat16" if suited and _multiplies_bfloat16() else "float32"


def compute_dtype(model: keras.Model) -> str:
    """ "bfloat16" or "float32": what a model that is trained computes in, but for its logits."""
    return "bfloat16" if any(layer.compute_dtype == "bfloat16" for layer in model.layers) else "float32"


def accelerated(model: keras.Model, precision: str) -> keras.Model:
    """A twin of a model to train in its place, with the same initial weights."""
    if precision == "float32" and keras.backend.backend() != "tensorflow":
        return model

    def twin(layer: keras.layers.Layer) -> keras.layers.Layer:
        settings = layer.get_config()
        last = layer is model.layers[-1]  # logits in float32: a loss needs their digits
        if precision == "bfloat16" and not last and not isinstance(layer, keras.layers.InputLayer):
            settings["dtype"] = "mixed_bfloat16"
        kind = type(layer)
        if kind is keras.layers.BatchNormalization and keras.backend.backend() == "tensorflow":
            kind = FusedBatchNormalization
        return kind.from_config(settings)

    fast = keras.models.clone_model(model, clone_function=twin)
    fast.set_weights(model.get_weights())
    return fast


class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras's batch normalisation of images by one TensorFlow kernel instead of a dozen.

    Keras 3 has no fused form of its own. Anything but images (n, h, w, c) takes Keras's way.
    """

    def call(self, inputs, training=None, mask=None):
        """As Keras's, on float32 or bfloat16 (n, h, w, c)."""
        if len(inputs.shape) != 4 or self.axis not in (-1, 3) or mask is not None or not (self.scale and self.center):
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        learning = bool(training) and self.trainable
        nothing = tf.constant([], tf.float32)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma.value,
            offset=self.beta.value,
            mean=nothing if learning else self.moving_mean.value,
            variance=nothing if learning else self.moving_variance.value,
            epsilon=self.epsilon,
            is_training=learning,
        )
        if learning:
            for average, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
                average.assign(average.value * self.momentum + now * (1 - self.momentum))
        return outputs


def _multiplies_bfloat16() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False  # a GPU's own choice is left to the configuration
    try:
        processor = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0]
    except OSError:
        return False
    return not _BFLOAT16.isdisjoint(processor.split())
