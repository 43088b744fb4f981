import numpy as np
import pytest
from PIL import ExifTags, Image

from digit_core.errors import InvalidImage
from digit_core.reading.files import open_picture


def test_a_picture_is_opened(tmp_path):
    Image.fromarray(np.eye(30, dtype=np.uint8) * 255).save(tmp_path / "a.png")
    assert open_picture(tmp_path / "a.png").size == (30, 30)


# Where a picture's first row and column lie once it is upright, by EXIF's number: (corner of the dark spot).
CORNERS = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}


@pytest.mark.parametrize("orientation", CORNERS)
@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif"])
def test_a_photo_comes_as_it_was_held(tmp_path, orientation, kind):
    lying = Image.new("L", (40, 24), 255)
    lying.paste(0, (0, 0, 8, 8))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    lying.save(tmp_path / f"a.{kind}", exif=exif)
    upright = open_picture(tmp_path / f"a.{kind}").convert("L")
    assert upright.size == ((24, 40) if orientation > 4 else (40, 24))
    right, low = CORNERS[orientation]
    assert upright.getpixel((4 + right * (upright.width - 8), 4 + low * (upright.height - 8))) < 60


def test_damaged_exif_does_not_hide_the_picture(tmp_path):
    Image.new("L", (40, 24), 255).save(tmp_path / "a.jpg", exif=b"Exif\0\0no such thing")
    assert open_picture(tmp_path / "a.jpg").size == (40, 24)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n" + b"x" * 50])
def test_what_is_no_picture_is_told_with_its_name(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InvalidImage, match=r"a\.png .* save it as PNG or JPEG"):
        open_picture(tmp_path / "a.png")


def test_a_truncated_picture_is_told(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InvalidImage, match="cannot be read"):
        open_picture(path)


def test_a_picture_beyond_pillows_own_limit_is_too_large_and_not_of_a_wrong_kind(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    Image.new("L", (20, 20)).save(tmp_path / "a.png")
    with pytest.raises(InvalidImage, match="make it smaller"):
        open_picture(tmp_path / "a.png")


def test_a_file_that_is_not_there_and_a_folder_are_told(tmp_path):
    with pytest.raises(InvalidImage, match="no file"):
        open_picture(tmp_path / "gone.png")
    with pytest.raises(InvalidImage, match="folder"):
        open_picture(tmp_path)
