"""What cannot be connected to is said in a sentence, within seconds."""

import socket
import subprocess
import sys

import pytest

from digit_core.cluster import connection, tuning
from digit_core.cluster.connection import connected, differences, installed_versions
from digit_core.cluster.tuning import check_storage
from digit_core.errors import ClusterUnavailable, StorageError
from digit_core.storage.paths import PROJECT
from scripts.benchmarks.chromium import free_port


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("somewhere", "'somewhere' is no address of a cluster; one looks like"),
        ("ray://10.0.0.5:10001", "is a Ray Client address; run the command on a machine of the cluster"),
        ("127.0.0.1:{port}", "No cluster answers at 127.0.0.1:{port}. Is it running there"),
        ("127.0.0.1:99999", "No cluster answers at 127.0.0.1:99999"),
    ],
)
def test_an_address_without_a_cluster_is_one_sentence(address, words):
    port = free_port()
    with (
        pytest.raises(ClusterUnavailable, match=words.format(port=port).replace("(", r"\(")),
        connected(address.format(port=port)),
    ):
        pytest.fail("there is no cluster")


def test_a_port_where_something_else_listens_is_no_cluster(monkeypatch):
    monkeypatch.setattr(connection, "_ANSWER_SECONDS", 0.5)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with (
            pytest.raises(ClusterUnavailable, match=f"What answers at {address} is not a Ray cluster"),
            connected(address),
        ):
            pytest.fail("it is no cluster")


def test_without_ray_the_sentence_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(connection, "find_spec", lambda name: None if name == "ray" else object())
    with (
        pytest.raises(ClusterUnavailable, match="This command needs ray; install .*-r requirements-cluster.lock"),
        connected(),
    ):
        pytest.fail("Ray is missing")


def test_other_versions_are_named():
    expected = installed_versions()
    assert differences(expected, dict(expected)) == ""
    other = {**expected, "keras": "2.0", "Python": "3.9"}
    del other["numpy"]
    said = differences(expected, other)
    assert f"Python 3.9 instead of {expected['Python']}" in said and f"keras 2.0 instead of {expected['keras']}" in said
    assert "numpy missing" in said


def test_a_storage_that_cannot_be_used_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(tuning, "on_every_node", lambda function, *given: [("10.0.0.5", function(*given))])
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="part of the path is a file"):
        check_storage(str(tmp_path / "file" / "searches"))
    with pytest.raises(StorageError, match="nowhere://bucket cannot be written: .*--storage"):
        check_storage("nowhere://bucket")
    assert check_storage(str(tmp_path / "new")) == str(tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())
    assert check_storage(f"file://{tmp_path}/url") == f"file://{tmp_path}/url"


def test_a_folder_that_not_all_nodes_share_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(tuning, "on_every_node", lambda function, *given: [("10.0.0.5", False)])
    with pytest.raises(StorageError, match="The node 10.0.0.5 of the cluster does not see .* with --storage"):
        check_storage(str(tmp_path))


def test_neither_the_app_nor_a_plain_training_imports_ray():
    code = (
        "import sys; sys.path.append('scripts')\n"
        "import digit_core, pages.compare_sections.search_results, scripts.train, scripts.predict\n"
        "import digit_core.training.worker\n"
        "print([name for name in ('ray', 'optuna') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
