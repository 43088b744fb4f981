"""The connection to a Ray cluster, or to one on this machine alone that ends with the command."""

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from digit_core.errors import ClusterUnavailable
from digit_core.storage import paths

LOCAL = "local"  # the address that stands for a cluster of this machine alone
_LIBRARIES = ("ray", "tensorflow", "keras", "numpy", "ai-edge-litert")
_PROBE_SECONDS, _ANSWER_SECONDS, _NODE_SECONDS = 5, 20, 300
_SETTINGS = b"\x04"  # the kind of the first frame that a server of HTTP/2 sends, as the head of a cluster is one
_HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0" + _SETTINGS + b"\0" * 5
_ATTEMPTS = 3
_OBJECT_STORE = 300_000_000  # bytes, on this machine: a data set, and the rows of some thousand pictures
_NOT_SHIPPED = [".git", ".images", ".ci", "tests", "*.lock", "*.md"]  # of the checkout; nor what git ignores
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent anywhere
    "RAY_AIR_NEW_OUTPUT": "0",  # Ray Tune's own tables; the commands have one
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "PYTHONWARNINGS": "ignore",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}


def require_cluster_packages() -> None:
    """Raise ClusterUnavailable, which says how to install them, unless Ray and Optuna are installed."""
    missing = [name for name in ("ray", "optuna") if find_spec(name) is None]
    if missing:
        raise ClusterUnavailable(
            f"This command needs {' and '.join(missing)}; install what it needs with: "
            f"{sys.executable} -m pip install --require-hashes -r requirements-cluster.lock"
        )


@contextmanager
def connected(address: str | None = None, *, cpus: int | None = None) -> Iterator[int]:
    """Connect to the cluster at an address such as "10.0.0.5:6379"; yields the number of its CPUs.

    Without an address, or with "local", it has this machine's cores (or `cpus`) and ends with the context. The
    machine of another address has to belong to the cluster (`ray start --address=...`).
    Raises ClusterUnavailable if Ray is missing, no cluster answers, or it has other versions of Python or libraries.
    """
    require_cluster_packages()
    os.environ.update({name: os.environ.get(name, value) for name, value in _QUIET.items()})
    import ray

    temporary = None
    common = {"logging_level": "ERROR", "log_to_driver": False, "configure_logging": True}
    if address in (None, LOCAL):
        # Short, as a socket's path has at most 107 characters.
        temporary = tempfile.mkdtemp(prefix="ray-", dir="/tmp" if Path("/tmp").is_dir() else None)
        options = {
            "address": LOCAL,
            "num_cpus": cpus or os.cpu_count(),
            "include_dashboard": False,
            "object_store_memory": _OBJECT_STORE,
            "_temp_dir": temporary,
            "_node_ip_address": "127.0.0.1",
        }
    else:
        _check_answers(address)
        shipped = {"working_dir": str(paths.PROJECT), "excludes": _NOT_SHIPPED}
        options = {"address": address, "runtime_env": shipped}
    try:
        _start(common | options)
    except Exception as error:  # noqa: BLE001 Ray raises plain ones too
        raise ClusterUnavailable(_reason(error, address)) from None
    try:
        if temporary is None:
            _check_versions()
        yield int(ray.cluster_resources().get("CPU", 1))
    finally:
        ray.shutdown()
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)


def _start(options: dict[str, Any]) -> None:
    """Ray gives its processes 30 seconds to start, which a busy machine can exceed: so it is tried three times."""
    import ray

    for attempt in range(_ATTEMPTS):
        try:
            ray.init(**options)
            return
        except Exception as error:
            ray.shutdown()
            if "timed out during startup" not in str(error) or attempt + 1 == _ATTEMPTS:
                raise


def _check_answers(address: str) -> None:
    """Raise ClusterUnavailable unless a cluster answers: Ray would wait for minutes, and may end the process."""
    if address == "auto":
        return  # Ray looks for processes on this machine
    if address.startswith("ray://"):
        raise ClusterUnavailable(
            f"{address} is a Ray Client address; run the command on a machine of the cluster, with the address of its "
            "head such as 10.0.0.5:6379, or auto."
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ClusterUnavailable(f"{address!r} is no address of a cluster; one looks like 10.0.0.5:6379, or is auto.")
    hint = "Is it running there (ray status)? Without --address this machine's cores are used."
    try:
        with socket.create_connection((host, int(port)), _PROBE_SECONDS) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            connection.sendall(_HTTP2_PREFACE)
            answer = connection.recv(9)  # the head of a frame
    except TimeoutError:
        answer = b""
    except (OSError, OverflowError):
        raise ClusterUnavailable(f"No cluster answers at {address}. {hint}") from None
    if answer[3:4] != _SETTINGS:
        raise ClusterUnavailable(f"What answers at {address} is not a Ray cluster. {hint}")


def on_every_node(function: Callable[..., Any], *arguments: Any) -> Iterator[tuple[str, Any]]:
    """The result of a function on each node of the cluster, with the node's address. Raises ClusterUnavailable."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    remote = ray.remote(num_cpus=0)(function)
    nodes = [node for node in ray.nodes() if node["Alive"]]
    there = [NodeAffinitySchedulingStrategy(node["NodeID"], soft=False) for node in nodes]
    started = [remote.options(scheduling_strategy=strategy).remote(*arguments) for strategy in there]
    for node, result in zip(nodes, started, strict=True):
        address = node["NodeManagerAddress"]
        try:
            yield address, ray.get(result, timeout=_NODE_SECONDS)
        except (ray.exceptions.RayError, TimeoutError) as error:
            raise ClusterUnavailable(
                f"The node {address} of the cluster could not run Digit Lab ({str(error).strip().splitlines()[-1]}). "
                "Install requirements-cluster.lock there."
            ) from None


def _check_versions() -> None:
    """Raise ClusterUnavailable if a node has another Python or another version of a library than this machine."""
    expected = installed_versions()
    for node, found in on_every_node(installed_versions):
        if other := differences(expected, found):
            raise ClusterUnavailable(
                f"The node {node} of the cluster has {other}. Install requirements-cluster.lock there, with the same "
                "Python."
            )


def installed_versions() -> dict[str, str]:
    """Python's version and those of the libraries on which a result depends."""
    python = ".".join(map(str, sys.version_info[:2]))
    return {"Python": python, **{name: version(name) for name in _LIBRARIES}}


def differences(expected: dict[str, str], found: dict[str, str]) -> str:
    """What is different from what is expected, in words; empty if nothing is."""
    return ", ".join(
        f"{name} {found.get(name, 'missing')} instead of {wanted}"
        for name, wanted in expected.items()
        if found.get(name) != wanted
    )


def _reason(error: Exception, address: str | None) -> str:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if "ersion mismatch" in str(error):
        return f"The cluster at {address} has another version of Python or Ray: {' '.join(str(error).split())}"
    if address in (None, LOCAL):
        return f"Ray could not be started on this machine: {first}"
    return f"No cluster could be used at {address}: {first}"
