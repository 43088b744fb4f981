import io
import os
import threading
import zlib

import numpy as np
import pytest
from PIL import Image

from digit_core import Recognizer
from digit_core.errors import DigitError, InvalidImage
from digit_core.preprocessing import image_files
from digit_core.preprocessing.decoding import Budget
from digit_core.preprocessing.grayscale import to_grayscale
from digit_core.preprocessing.image_files import exif_orientation, open_picture
from tests.preprocessing import crafted
from tests.preprocessing.costs import memory_growth
from tests.resource_limits import is_quick

_SHARED = [crafted.exif_entry(274, 3, 1, 6), *(crafted.exif_entry(1000 + n, 7, 60_000, 8) for n in range(5000))]
HOSTILE = {
    "a WebP of 38 bytes": lambda: crafted.webp(7745, 7745),
    "one column": lambda: crafted.png(1, 59_900_000, depth=16),
    "one row": lambda: crafted.png(59_900_000, 1),
    "60 megapixels in colour": lambda: crafted.png(7745, 7745, colour=6),
    "60 megapixels of 16 bits": lambda: crafted.png(7745, 7745, depth=16),
    "huge tiles": lambda: crafted.tiff(width=(322, 4, 1, 40_000), length=(323, 4, 1, 40_000), at=(324, 4, 1, 8)),
    "tags that share their content": lambda: (
        crafted.tiff(**{f"t{n}": (40_000 + n, 7, 4_000_000, 8) for n in range(200)}) + bytes(4_000_000)
    ),
    "empty blocks": lambda: crafted.png(28, 28, before_pixels=crafted.png_chunk(b"abCD") * 300_000),
    "empty pixel blocks": lambda: crafted.png(28, 28, before_pixels=crafted.png_chunk(b"IDAT") * 300_000),
    "compressed text": lambda: crafted.png(
        28,
        28,
        before_pixels=b"".join(
            crafted.png_chunk(b"zTXt", b"%d\0\0" % n + zlib.compress(bytes(1_000_000))) for n in range(60)
        ),
    ),
    "markers": lambda: crafted.jpeg(crafted.jpeg_segment(0xFE, b"") * 1_000_000),
    "notes in many segments": lambda: crafted.jpeg(crafted.jpeg_segment(0xE1, b"Exif\0\0" + bytes(64_000)) * 300),
    "comments": lambda: _with_comments(b"\1x\0" * 700_000),
    "passes": lambda: _with_passes(3000),
}


def _with_comments(blocks: bytes) -> bytes:
    gif = crafted.saved(Image.new("L", (28, 28)), "GIF")
    at = gif.index(b",\0\0\0\0")
    return gif[:at] + blocks.replace(b"\1x\0", b"!\xfe\1x\0") + gif[at:]


def _with_passes(count: int) -> bytes:
    jpeg = crafted.jpeg(side=1000, progressive=True)
    last = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    return jpeg[:-2] + last * count + jpeg[-2:]


@pytest.mark.parametrize("name", HOSTILE)
def test_pictures_that_cost_too_much_time_or_memory_are_refused_quickly(name):
    content = HOSTILE[name]()

    def refuse():
        with pytest.raises(InvalidImage, match="a.png"):
            open_picture(io.BytesIO(content), "a.png", enough=1200)

    assert memory_growth(refuse) < 50
    assert is_quick(refuse)


def test_a_photo_of_fifty_megapixels_is_reduced_to_fit_into_memory():
    photo = crafted.saved(Image.new("RGB", (8160, 6120), (250, 250, 240)), "JPEG")
    assert open_picture(io.BytesIO(photo)).size == (2040, 1530)
    assert memory_growth(lambda: open_picture(io.BytesIO(photo), enough=1200)) < 50


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "GIF"])
def test_a_photo_of_twelve_megapixels_is_read_within_bounds(kind):
    photo = crafted.saved(Image.linear_gradient("L").resize((4000, 3000)).convert("RGB"), kind)
    assert memory_growth(lambda: open_picture(io.BytesIO(photo), enough=1200)) < 100


def test_only_the_first_frame_of_an_animation_is_decoded():
    frames = [Image.new("L", (40, 30), 50 * n) for n in range(4)]
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        content = crafted.saved(frames[0], kind, save_all=True, append_images=frames[1:])
        image = open_picture(io.BytesIO(content))
        assert (image.size, image.convert("L").getpixel((20, 15))) == ((40, 30), 0)


def test_a_picture_waits_for_memory_up_to_a_limit(monkeypatch):
    budget = Budget(10_000)
    monkeypatch.setattr(image_files, "BUDGET", budget)
    content, taken, free = crafted.saved(Image.new("L", (90, 90)), "PNG"), threading.Event(), threading.Event()

    def another():
        with budget.reserved(5000):
            taken.set()
            free.wait(30)

    thread = threading.Thread(target=another)
    thread.start()
    taken.wait(30)
    try:
        with pytest.raises(InvalidImage, match="try again"), budget.reserved(8000, patience=0.01):
            pass
        threading.Timer(0.05, free.set).start()
        assert open_picture(io.BytesIO(content)).size == (90, 90)
        assert free.is_set()
    finally:
        free.set()
        thread.join()
    with budget.reserved(10_000, patience=0):  # all of it was given back
        pass


def test_exif_entries_that_share_their_bytes_cost_nothing_and_the_picture_is_turned():
    photo = crafted.jpeg(crafted.jpeg_segment(0xE1, b"Exif\0\0" + crafted.exif(_SHARED[:300], bytes(60_000))))
    assert memory_growth(lambda: open_picture(io.BytesIO(photo))) < 10
    assert exif_orientation(crafted.exif(_SHARED, bytes(60_000))) == 6


@pytest.mark.parametrize("end", range(0, 30, 3))
def test_truncated_exif_has_no_orientation(end):
    whole = crafted.exif([crafted.exif_entry(256, 3, 1, 1), crafted.exif_entry(274, 3, 1, 8)])
    assert exif_orientation(whole) == 8
    assert exif_orientation(whole[:end]) is None


def test_a_file_of_hundreds_of_megabytes_is_not_read(tmp_path):
    with (tmp_path / "a.tif").open("wb") as file:
        file.write(crafted.tiff())
        file.truncate(300_000_000)
    with pytest.raises(InvalidImage, match="300 MB"):
        open_picture(tmp_path / "a.tif")


def test_a_palette_with_broken_transparency_is_refused():
    broken = crafted.png(28, 28, colour=3, before_pixels=crafted.png_chunk(b"tRNS", bytes(range(200)) * 2))
    try:
        image = open_picture(io.BytesIO(broken))
        to_grayscale(image)
    except InvalidImage:
        pass
    for transparency in ((1, 2), "none", b"\1" * 300, 10**30):
        image = Image.fromarray(np.eye(28, dtype=np.uint8)).convert("P")
        image.info["transparency"] = transparency
        try:
            assert to_grayscale(image).shape == (28, 28)
        except InvalidImage as error:
            assert "cannot be converted" in str(error)


def test_the_header_of_a_tiff_may_hold_nonsense():
    for number in (277, 258, 322, 278):
        for kind, value in ((2, 0x41414141), (12, 8), (5, 8), (3, 0xFFFF)):
            content = crafted.tiff(t=(number, kind, 1, value))
            try:
                open_picture(io.BytesIO(content))
            except InvalidImage as error:
                assert str(error)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of POSIX alone")
def test_a_pipe_is_refused_without_blocking(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(InvalidImage, match="is not a file"):
        open_picture(tmp_path / "a.png")


PICTURES_IN_MEMORY = {
    "one column of 16 bits": lambda: Image.new("I;16", (1, 60_000_000)),
    "one row of 16 bits": lambda: Image.new("I;16", (60_000_000, 1)),
    "an array of one row": lambda: np.zeros((1, 60_000_000), np.uint8),
    "an array of 144 megapixels": lambda: np.broadcast_to(np.zeros((1, 1), np.uint8), (12_000, 12_000)),
    "a TIFF of 16 bits that is not decoded": lambda: Image.open(
        io.BytesIO(crafted.tiff(w=(256, 4, 1, 7000), h=(257, 4, 1, 7000), bits=(258, 3, 1, 16), rows=(278, 4, 1, 7000)))
    ),
    "a WebP that is not decoded": lambda: Image.open(io.BytesIO(crafted.webp(4000, 4000))),
}


@pytest.mark.parametrize("name", PICTURES_IN_MEMORY)
def test_a_picture_that_a_caller_hands_over_has_limits_too(name):
    image = PICTURES_IN_MEMORY[name]()

    def refuse():
        with pytest.raises(InvalidImage, match="make it smaller|crop it"):
            to_grayscale(image)

    assert memory_growth(refuse) < 50
    assert is_quick(refuse)


def test_a_large_array_is_reduced_without_a_copy_of_it():
    image = np.zeros((6000, 5000, 4), np.uint8)[::-1]
    assert memory_growth(lambda: to_grayscale(image)) < 100


@pytest.mark.parametrize("mode", ["L", "I", "F", "RGB"])
def test_a_closed_picture_is_refused(mode):
    image = Image.new(mode, (30, 30))
    image.close()
    with pytest.raises(InvalidImage, match="cannot be converted"):
        to_grayscale(image)


def test_noise_costs_no_more_than_a_photo():
    noise = np.random.default_rng(0).integers(0, 255, (1200, 1200), np.uint8)
    recognizer = Recognizer.load("shipped")

    def refuse():
        with pytest.raises(DigitError):
            recognizer.predict(noise)

    assert is_quick(refuse, 2)
