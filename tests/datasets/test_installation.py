"""Installing MNIST from a file: what is accepted, and that anything else is refused without harm."""

import io
import pickle
import zipfile

import numpy as np
import pytest

from digit_core.datasets.installation import install_mnist
from digit_core.datasets.sources import is_available, load_mnist
from digit_core.errors import DataDamaged, StorageError
from digit_core.storage import paths

SHAPES = {"x_train": (60_000, 28, 28), "y_train": (60_000,), "x_test": (10_000, 28, 28), "y_test": (10_000,)}


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def blank() -> dict[str, np.ndarray]:
    """Arrays of MNIST's shapes without MNIST's content."""
    return {name: np.zeros(shape, np.uint8) for name, shape in SHAPES.items()}


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def header(shape: tuple[int, ...]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return buffer.getvalue()


class Exploit:
    """Fails the test if it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("an uploaded pickle was loaded",)


def objects() -> bytes:
    array = np.empty(1, object)
    array[0] = Exploit()
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    return archive(x_train=buffer.getvalue() + pickle.dumps(array))


def test_mnist_from_a_file_is_installed_and_can_be_loaded(no_mnist, own_home, mnist, monkeypatch):
    content = mnist.read_bytes()
    monkeypatch.delenv("DIGITS_MNIST", raising=False)
    assert not is_available("mnist")
    path = install_mnist(io.BytesIO(content))
    assert path == paths.data_folder() / "mnist.npz"
    assert path.read_bytes() == content
    assert load_mnist().x_test.shape == (10_000, 28, 28)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an npz file"),
        (b"not a zip file", "not an npz file"),
        (npz(**blank())[:5000], "not an npz file"),
        (npz(x_test=np.zeros(3)), "lacks an array.*x_train"),
        (npz(**blank() | {"x_train": np.zeros((5, 28, 28), np.uint8)}), r"uint8 of shape \(5, 28, 28\), expected"),
        (npz(**blank() | {"x_train": np.zeros((60_000, 28), np.float32)}), "float32 of shape"),
        (npz(**blank()), "x_train differs from the published one"),
        (objects(), "x_train has Python objects"),
        (archive(x_train=b"nonsense"), "cannot be read"),
        (archive(x_train=header((10**9, 10**9))), "shape"),
        (archive(x_train=header(SHAPES["x_train"])), "differs"),
        (archive(**{f"a{number}": b"" for number in range(200)}), "200 members"),
    ],
)
def test_any_other_file_is_refused_and_the_message_says_where_mnist_is(no_mnist, own_home, content, reason):
    with pytest.raises(DataDamaged, match=f"(?s)not MNIST as published: .*{reason}.*Choose the mnist.npz that https"):
        install_mnist(io.BytesIO(content))
    assert not is_available("mnist")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(no_mnist, own_home, monkeypatch):
    bomb = archive(x_train=bytes(200_000_000))
    assert len(bomb) < 1_000_000
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(DataDamaged, match="x_train would take 200.0 MB instead of 47.0 MB"):
        install_mnist(io.BytesIO(bomb))


def test_a_disk_that_cannot_be_written_gives_a_sentence(no_mnist, own_home, mnist, monkeypatch):
    content = mnist.read_bytes()
    own_home.write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="could not be written"):
        install_mnist(io.BytesIO(content))
