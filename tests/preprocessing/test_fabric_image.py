import base64
import io

import numpy as np
import pytest
from PIL import Image

from digit_core.errors import InvalidStrokes
from digit_core.preprocessing.fabric_canvas import Drawing, drawing_from_canvas
from digit_core.preprocessing.fabric_image import picture_from_canvas, picture_object
from digit_core.preprocessing.pipeline import drawing_steps

PICTURE = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)
STROKE = {"type": "Path", "strokeWidth": 18, "path": [["M", 60, 60], ["L", 190, 60]]}


def png(image: Image.Image, kind: str = "PNG") -> str:
    file = io.BytesIO()
    image.save(file, kind)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def test_every_pixel_comes_back_from_the_canvas():
    placed = picture_object(PICTURE, 280)
    assert (picture_from_canvas([placed, STROKE]) == PICTURE).all()
    assert placed["width"] * placed["scaleX"] == pytest.approx(280)


def test_without_an_image_there_is_none():
    assert picture_from_canvas([STROKE]) is None
    assert not drawing_from_canvas([])
    assert drawing_from_canvas([picture_object(PICTURE, 280)])


def test_an_image_alone_is_its_own_model_input():
    model_input = drawing_steps(Drawing((), 1.0, PICTURE), 280)[-1].ink
    assert model_input.dtype == np.float32
    assert np.array_equal(model_input, PICTURE.astype(np.float32) / 255)


def test_strokes_over_an_image_add_their_ink():
    image = np.zeros((28, 28), np.uint8)
    image[6:22, 13:16] = 255
    drawing = Drawing((np.array([[60.0, 140.0], [220.0, 140.0]]),), 24.0, image)
    with_stroke = drawing_steps(drawing, 280)[-1].ink
    assert with_stroke[13:15].max(axis=0)[5:23].min() > 0.5  # a bar from side to side
    assert with_stroke[:, 13:15].max(axis=1)[6:22].min() > 0.5  # and the image's own


@pytest.mark.parametrize(
    "source",
    [
        None,
        7,
        "https://example.org/7.png",
        "data:image/png;base64,####",
        "data:image/png;base64,bm8gcG5n",
        png(Image.new("L", (27, 28))),
        png(Image.new("L", (28, 28)), "GIF"),
        "data:image/png;base64," + "A" * 10_000_000,
    ],
)
def test_an_image_from_elsewhere_is_refused_with_a_sentence(source):
    with pytest.raises(InvalidStrokes, match="Clear it and draw again"):
        picture_from_canvas([{"type": "image", "src": source}])
