import http.server
import io
import threading

import numpy as np
import pytest

from digit_core.datasets import sources
from digit_core.datasets.sources import fetch_mnist, is_available, load_digits, load_mnist
from digit_core.errors import DamagedRun, DataDamaged, DataUnavailable
from digit_core.storage import paths


def test_the_bundled_digits_need_no_network_and_keep_a_fifth_for_testing(no_mnist):
    data = load_digits()
    assert len(data.x_train) + len(data.x_test) == 1797
    assert data.x_train.shape[1:] == (8, 8)
    assert data.x_train.max() == 255
    assert set(data.y_test) == set(range(10))
    assert data.digest == load_digits().digest


def test_only_mnist_may_have_to_be_fetched(no_mnist, own_home):
    assert is_available("digits")
    assert not is_available("mnist")
    (paths.data_folder()).mkdir(parents=True)
    (paths.data_folder() / "mnist.npz").write_bytes(b"")
    assert is_available("mnist")


def test_predictions_for_other_images_are_refused():
    data = load_digits()
    data.require_labels(data.y_test.copy(), "a run")
    for labels in (data.y_test[::-1], data.y_test[:-1]):
        with pytest.raises(DamagedRun, match="The predictions of a run are not about the test images"):
            data.require_labels(labels, "a run")


def test_the_published_mnist_is_accepted(mnist):
    data = load_mnist()
    assert data.x_train.shape == (60000, 28, 28)
    assert data.x_test.shape == (10000, 28, 28)


def _npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


ALTERED = _npz(
    x_train=np.zeros((1, 28, 28), np.uint8),
    y_train=np.zeros(1, np.uint8),
    x_test=np.zeros((1, 28, 28), np.uint8),
    y_test=np.zeros(1, np.uint8),
)


@pytest.mark.parametrize("content", [b"", ALTERED[:300], b"not a zip file", _npz(x_train=np.zeros(1))])
def test_a_damaged_file_of_ours_is_deleted_and_the_message_says_what_to_do(no_mnist, own_home, content):
    kept = paths.data_folder() / "mnist.npz"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content)
    with pytest.raises(DataDamaged, match="mnist.npz is not MNIST.*deleted; try again.*DIGITS_MNIST"):
        load_mnist()
    assert not kept.exists()


def test_an_altered_file_is_reported_with_both_digests(no_mnist, own_home):
    kept = paths.data_folder() / "mnist.npz"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(ALTERED)
    with pytest.raises(
        DataDamaged, match=f"digest of x_train is [0-9a-f]{{64}}, expected {sources.MNIST_DIGESTS['x_train']}"
    ):
        load_mnist()


@pytest.mark.parametrize("ours", [False, True], ids=["elsewhere", "in the data folder"])
def test_a_file_named_by_digits_mnist_is_never_deleted(own_home, tmp_path, monkeypatch, ours):
    own = (paths.data_folder() if ours else tmp_path) / "mine.npz"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_bytes(ALTERED)
    monkeypatch.setenv("DIGITS_MNIST", str(own))
    with pytest.raises(DataDamaged, match="Set DIGITS_MNIST to an unaltered"):
        load_mnist()
    assert own.read_bytes() == ALTERED


def test_a_file_that_cannot_be_opened_is_not_called_damaged(no_mnist, own_home, monkeypatch):
    kept = paths.data_folder() / "mnist.npz"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"a good one")

    def too_many(*_, **__):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(sources.np, "load", too_many)
    with pytest.raises(DataUnavailable, match="mnist.npz cannot be read now: Too many open files"):
        load_mnist()
    assert kept.read_bytes() == b"a good one"


def test_a_single_array_is_not_mnist(tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", np.zeros(3))
    monkeypatch.setenv("DIGITS_MNIST", str(tmp_path / "x.npy"))
    with pytest.raises(DataDamaged, match="cannot be read as MNIST"):
        load_mnist()


def test_a_missing_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITS_MNIST", str(tmp_path / "gone.npz"))
    with pytest.raises(DataUnavailable, match="no file .*gone.npz"):
        load_mnist()


def test_without_a_network_the_message_names_the_remedy(no_mnist, own_home):
    with pytest.raises(DataUnavailable, match="is there a network.*DIGITS_MNIST"):
        fetch_mnist("http://127.0.0.1:9/mnist.npz")  # the discard port: no server listens


@pytest.fixture
def served():
    """A server on this machine that answers with whatever `content` holds."""
    content = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(content.get("claimed", len(content["body"]))))
            self.end_headers()
            self.wfile.write(content["body"])

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    content["url"] = f"http://127.0.0.1:{server.server_port}/mnist.npz"
    yield content
    server.shutdown()


def test_a_download_is_kept_checked_and_reported(no_mnist, own_home, mnist, served):
    served["body"] = mnist.read_bytes()
    parts = []
    path = fetch_mnist(served["url"], parts.append)
    assert load_mnist().x_test.shape == (10000, 28, 28)
    assert path == paths.data_folder() / "mnist.npz"
    assert parts == sorted(parts)
    assert parts[-1] == 1.0


def test_a_truncated_download_is_not_kept(no_mnist, own_home, served):
    served.update(body=ALTERED[:200], claimed=len(ALTERED))
    with pytest.raises((DataUnavailable, DataDamaged), match="DIGITS_MNIST"):
        fetch_mnist(served["url"])
    assert not (paths.data_folder() / "mnist.npz").exists()


def test_an_altered_download_is_not_kept(no_mnist, own_home, served):
    served["body"] = ALTERED
    with pytest.raises(DataDamaged, match="digest of x_train"):
        fetch_mnist(served["url"])
    assert not (paths.data_folder() / "mnist.npz").exists()
