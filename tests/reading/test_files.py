import numpy as np
import pytest
from PIL import Image

from digit_core.errors import InvalidImage
from digit_core.reading.files import open_picture


def test_a_picture_is_opened(tmp_path):
    Image.fromarray(np.eye(30, dtype=np.uint8) * 255).save(tmp_path / "a.png")
    assert open_picture(tmp_path / "a.png").size == (30, 30)


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
