import io
import struct

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin

from digit_core.errors import InvalidImage
from digit_core.preprocessing.grayscale import to_grayscale
from digit_core.preprocessing.image_files import further_pictures, open_picture


def test_a_picture_is_opened(tmp_path):
    Image.fromarray(np.eye(30, dtype=np.uint8) * 255).save(tmp_path / "a.png")
    assert open_picture(tmp_path / "a.png").size == (30, 30)


# Where a picture's first row and column lie once it is upright, by EXIF's number: (corner of the dark spot).
CORNERS = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}


@pytest.mark.parametrize("orientation", CORNERS)
@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif"])
def test_a_photo_is_turned_upright(tmp_path, orientation, kind):
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
def test_a_file_that_is_not_a_picture_is_named(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InvalidImage, match=r"a\.png .* save it as PNG or JPEG"):
        open_picture(tmp_path / "a.png")


def test_a_truncated_picture_is_refused(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InvalidImage, match="cannot be read"):
        open_picture(path)


@pytest.mark.parametrize("kind", ["EPS", "PPM", "TGA", "PCX", "ICO"])
def test_a_file_of_another_format_is_refused_whatever_its_name(tmp_path, kind):
    Image.new("RGB", (32, 32)).save(tmp_path / "a.png", kind)
    with pytest.raises(InvalidImage, match="not a picture that can be read"):
        open_picture(tmp_path / "a.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "MPO", "BMP", "GIF", "WEBP", "TIFF"])
def test_the_formats_that_the_page_names_are_read(tmp_path, kind):
    Image.new("RGB", (32, 20)).save(tmp_path / "a", kind)
    picture = open_picture(tmp_path / "a")
    assert picture.size == (32, 20)
    assert to_grayscale(picture).shape == (20, 32)


@pytest.mark.parametrize("raised", [RuntimeError, NotImplementedError, MemoryError, struct.error, EOFError, KeyError])
def test_errors_of_pillow_on_damaged_files_are_reported(tmp_path, monkeypatch, raised):
    Image.new("L", (32, 32)).save(tmp_path / "a.png")

    def load(image):
        raise raised("the reason")

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", load)
    with pytest.raises(InvalidImage, match="a.png cannot be read"):
        open_picture(tmp_path / "a.png")


def test_the_largest_photo_of_a_phone_is_read_and_a_larger_picture_is_not_even_decoded(tmp_path):
    photo = Image.new("L", (8160, 6120), 255)
    photo.paste(0, (0, 0, 4080, 3060))
    photo.save(tmp_path / "photo.jpg")
    assert open_picture(tmp_path / "photo.jpg").size == (8160, 6120)
    enough = open_picture(tmp_path / "photo.jpg", enough=1200)
    assert enough.size == (1020, 765)
    assert (enough.getpixel((250, 250)), enough.getpixel((750, 250))) == (0, 255)
    Image.new("1", (8000, 8000)).save(tmp_path / "bomb.png")
    with pytest.raises(InvalidImage, match="8,000 × 8,000 pixels; make it smaller"):
        open_picture(tmp_path / "bomb.png")


def test_a_picture_beyond_pillows_own_limit_is_too_large_and_not_of_a_wrong_kind(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    Image.new("L", (20, 20)).save(tmp_path / "a.png")
    with pytest.raises(InvalidImage, match="make it smaller"):
        open_picture(tmp_path / "a.png")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(InvalidImage, match="no file"):
        open_picture(tmp_path / "gone.png")
    with pytest.raises(InvalidImage, match="folder"):
        open_picture(tmp_path)


@pytest.mark.parametrize(
    ("kind", "count", "expected"),
    [("gif", 2, "frames"), ("png", 2, "frames"), ("webp", 2, "frames"), ("tif", 3, "pages")]
    + [(kind, 1, None) for kind in ("gif", "png", "webp", "tif", "jpg")],
)
def test_what_follows_the_first_picture_of_a_file_is_known(tmp_path, kind, count, expected):
    first, *more = [Image.new("L", (30, 30), 100 * number) for number in range(count)]
    several = {"save_all": True, "append_images": more, "duration": 100} if more else {}
    first.save(tmp_path / f"a.{kind}", **several)
    with (tmp_path / f"a.{kind}").open("rb") as file:
        assert further_pictures(file) == expected


def test_a_smaller_copy_in_a_tiff_is_no_page_and_damage_is_none(tmp_path):
    path = tmp_path / "a.tif"
    copy = Image.new("L", (5, 5))
    copy.encoderinfo = {"tiffinfo": TiffImagePlugin.ImageFileDirectory_v2()}
    copy.encoderinfo["tiffinfo"][254] = 1
    Image.new("L", (30, 30)).save(path, save_all=True, append_images=[copy])
    content = path.read_bytes()
    assert further_pictures(io.BytesIO(content)) is None
    assert all(further_pictures(io.BytesIO(content[:end])) is None for end in range(0, len(content), 7))
