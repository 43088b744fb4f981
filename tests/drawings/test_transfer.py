import gzip
import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from digit_core import Recognizer
from digit_core.drawings import store, transfer
from digit_core.drawings.importing import import_drawings
from digit_core.drawings.transfer import EXPORTS, Collection
from digit_core.errors import InvalidImport

KINDS = [convert for _, convert in EXPORTS.values()]


def some(count=23, seed=0) -> Collection:
    rng = np.random.default_rng(seed)
    return Collection(rng.integers(0, 256, (count, 28, 28)).astype(np.uint8), rng.integers(0, 11, count))


def npz(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def png(side=28) -> bytes:
    file = io.BytesIO()
    Image.new("L", (side, side)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("convert", KINDS)
def test_what_is_exported_is_imported_again_the_same(convert):
    collection = some()
    found = transfer.read(convert(collection))

    def pairs(each):
        return sorted((label, image.tobytes()) for label, image in zip(each.labels.tolist(), each.images, strict=True))

    assert pairs(found) == pairs(collection)


@settings(max_examples=20)
@given(arrays(np.float32, (3, 28, 28), elements=st.floats(0, 1, width=32)))
def test_images_of_real_numbers_are_rounded_to_bytes(images):
    found = transfer.read(npz(images=images, labels=np.array([1, 2, 3])))
    assert np.abs(found.images / 255 - images).max() <= 0.51 / 255


def test_mnists_own_packed_files_can_be_imported():
    collection = some()
    with zipfile.ZipFile(io.BytesIO(transfer.as_idx(collection))) as archive:
        files = {
            f"t10k-{name.replace('-idx', '.idx')}.gz": gzip.compress(archive.read(name)) for name in archive.namelist()
        }
    np.testing.assert_array_equal(transfer.read(zipped(files)).labels, collection.labels)


IMAGES, LABELS = np.zeros((2, 28, 28), np.uint8), np.array([1, 2])
IDX_HEAD = struct.pack(">IIII", 0x803, 2**31, 28, 28)
BAD = {
    "no zip": (b"not a zip at all", "cannot be read.*Wanted: an .npz"),
    "empty": (b"", "cannot be read"),
    "other arrays": (npz(x=IMAGES), "no drawings that are known here"),
    "shape": (npz(images=np.zeros((2, 8, 8), np.uint8), labels=LABELS), r"shape \(2, 8, 8\); \(n, 28, 28\) is wanted"),
    "too few labels": (npz(images=IMAGES, labels=np.array([1])), "one whole number for each image"),
    "labels of text": (npz(images=IMAGES, labels=np.array(["1", "2"])), "one whole number for each image"),
    "label 11": (npz(images=IMAGES, labels=np.array([1, 11])), "the file has 11 too"),
    "label -1": (npz(images=IMAGES, labels=np.array([-1, 1])), "the file has -1 too"),
    "nan": (npz(images=np.full((2, 28, 28), np.nan), labels=LABELS), "real numbers have ink from 0"),
    "0 to 255 as floats": (npz(images=np.full((2, 28, 28), 255.0), labels=LABELS), "real numbers have ink from 0"),
    "int64": (npz(images=np.zeros((2, 28, 28), np.int64), labels=LABELS), "these are int64"),
    "pickles": (npz(images=np.array([[object()]]), labels=LABELS), "cannot be read"),
    "none": (npz(images=IMAGES[:0], labels=LABELS[:0]), "has no drawings"),
    "too many": (npz(images=np.zeros((20_001, 28, 28), np.uint8), labels=np.zeros(20_001, int)), "at most 20,000"),
    "bomb": (zipped({"images.npy": b"\0" * 150_000_000, "labels.npy": b""}), "Unpacked, it has 150 MB"),
    "wrong size": (zipped({"4/a.png": png(100)}), "100 × 100 pixels"),
    "no picture": (zipped({"4/a.png": b"nothing"}), "cannot be read"),
    "short IDX": (zipped({"images-idx3-ubyte": b"abc", "labels-idx1-ubyte": b""}), "begins otherwise"),
    "huge IDX": (zipped({"images-idx3-ubyte": IDX_HEAD, "labels-idx1-ubyte": b""}), "another size than its head says"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_imported_is_told_why(name):
    content, message = BAD[name]
    with pytest.raises(InvalidImport, match=message):
        transfer.read(content)


def test_a_damaged_export_never_fails_in_another_way():
    good = transfer.as_npz(some(5))
    rng = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(good[: rng.integers(1, len(good))] if rng.random() < 0.3 else good)
        for place in rng.integers(0, len(damaged), 3):
            damaged[place] = rng.integers(0, 256)
        try:
            transfer.read(bytes(damaged))
        except InvalidImport as error:
            assert "traceback" not in str(error).lower()


def test_an_import_is_predicted_and_stored_once(database_address):
    recognizer = Recognizer.load("shipped")
    collection = some(7)
    twice = Collection(np.concatenate([collection.images] * 2), np.concatenate([collection.labels] * 2))
    assert import_drawings(twice, "anna", recognizer) == 7
    assert import_drawings(collection, "anna", recognizer) == 0
    assert import_drawings(collection, "ben", recognizer) == 7
    drawings = store.drawings_of("anna")
    assert [drawing.label for drawing in reversed(drawings)] == collection.labels.tolist()
    expected = recognizer.predict_normalized(collection.images[0].astype(np.float32) / 255)
    assert drawings[-1].predicted == expected.digit and drawings[-1].run == "shipped"
