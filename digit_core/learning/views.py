"""A finished network that looks several times: at the picture as it is, and moved by a pixel.

Pooling makes a network sensitive to where a stroke lies on its grid; averaging over shifts takes
that away (test-time augmentation, Krizhevsky et al. 2012, section 4.1). What is averaged is the
input of the last dense layer, which gives the same as averaging its logits, and leaves one list
of features a picture. No weight is added, so such a network is trained without its views.
"""

import keras
from keras import layers

# Down and right, in pixels. The nearest first: five are a cross, nine a square.
_SHIFTS = ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))


def with_views(model: keras.Model, views: int) -> keras.Model:
    """A model of the same input, weights and output that averages over so many views: 1, 5 or 9.

    The model's last layer has to be dense. With one view it is the model itself.
    """
    if views == 1:
        return model
    *_, last = model.layers
    body = keras.Model(model.inputs, last.input, name="body")
    image = keras.Input(model.input_shape[1:], name="image")
    framed = layers.ZeroPadding2D(1)(image)
    seen = [body(_moved(framed, down, right)) for down, right in _SHIFTS[:views]]
    return keras.Model(image, last(layers.Average()(seen)), name=model.name)


def _moved(framed, down: int, right: int):
    return layers.Cropping2D(((1 - down, 1 + down), (1 - right, 1 + right)))(framed)
