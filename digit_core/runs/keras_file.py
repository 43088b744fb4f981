"""Look into a `model.keras` of a stranger without Keras, for what could run code or read other files when it is loaded.

Keras refuses the same in safe mode, with which the trainer loads it; here it is refused before that.
"""

import io
import json
from pathlib import Path

from digit_core.errors import InvalidImport
from digit_core.storage.untrusted_zip import ZipLimits, untrusted_zip

_FILES = {"metadata.json", "config.json", "model.weights.h5"}
_LIMITS = ZipLimits(entries=20, unpacked=200_000_000)
_MOST_CONFIG = 4_000_000  # bytes
_MODULES = ("keras", "digit_core.training")
_UNSAFE = ("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "function")  # they run code
_HDF5 = b"\x89HDF\r\n\x1a\n"


def check_keras_file(path: Path) -> None:
    """Raise InvalidImport unless a file is a Keras model of known layers with weights of its own."""
    with path.open("rb") as file, untrusted_zip(file, _LIMITS) as archive:
        if archive.files.keys() != _FILES:
            raise InvalidImport(f"model.keras has other files than a model: {', '.join(sorted(archive.files))[:100]}.")
        try:
            config = json.loads(archive.read("config.json", _MOST_CONFIG))
        except (ValueError, RecursionError):
            raise InvalidImport("The config.json in model.keras is damaged.") from None
        _check_layers(config)
        weights = archive.read("model.weights.h5")
    if not weights.startswith(_HDF5):
        raise InvalidImport("The weights in model.keras are not in HDF5.")
    _check_weights(weights)


def _check_layers(config: object) -> None:
    """Without recursion: a stranger's file can be nested to any depth."""
    waiting = [config]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            for key in ("class_name", "registered_name"):
                if str(part.get(key) or "").rpartition(">")[2] in _UNSAFE:
                    raise InvalidImport(f"model.keras has a {part[key]} layer, which can run code. It is not imported.")
            module = part.get("module")
            if module is not None and not _is_known(module):
                raise InvalidImport(
                    f"model.keras uses {str(module)[:60]!r}, which is no part of Keras. It is not imported."
                )
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _is_known(module: object) -> bool:
    return isinstance(module, str) and any(module == known or module.startswith(f"{known}.") for known in _MODULES)


def _check_weights(content: bytes) -> None:
    """Raise InvalidImport if weights lie in other files, or unpack to more than the limit."""
    import h5py

    total = 0

    def visit(group: h5py.Group) -> None:
        nonlocal total
        for name in group:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise InvalidImport("The weights in model.keras link to another file. It is not imported.")
            item = group[name]
            if isinstance(item, h5py.Group):
                visit(item)
                continue
            if item.external or item.is_virtual or item.dtype.kind not in "fiub":
                raise InvalidImport("The weights in model.keras are not numbers of its own. It is not imported.")
            total += item.nbytes
            if total > _LIMITS.unpacked:
                raise InvalidImport(f"The weights in model.keras take more than {_LIMITS.unpacked / 1e6:.0f} MB.")

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            visit(file)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, RecursionError) as error:
        raise InvalidImport(f"The weights in model.keras are damaged ({str(error)[:80]}).") from None
