"""Files that a stranger could upload to do harm, made here and read in a process: `python -m tests.hostile_files`.

Prints a JSON object for each: what it was refused with (None if it was read), and what that cost.
"""

import gzip
import io
import json
import pickle
import struct
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
from PIL import Image

from digit_core.access.sandbox import SANDBOX, Reply
from digit_core.drawings import transfer
from digit_core.errors import DigitError
from digit_core.inference.run_import import verify
from digit_core.preprocessing.untrusted_pictures import decode
from digit_core.runs.run import SHIPPED, open_run
from digit_core.runs.zip_archive import DIGESTS, write_archive
from digit_core.runs.zip_import import unpack_runs
from tests.preprocessing import crafted
from tests.resource_limits import cost_of

NAME = "20260101-000000-quick"
_PICKLE = pickle.dumps({"a": [1, 2]})


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def patched(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content
    return content.replace(old, new)


def run_files(changes: dict[str, bytes | None] | None = None) -> dict[str, bytes]:
    """The files of the shipped run under another name, without digests; a change of None leaves one out."""
    file = io.BytesIO()
    write_archive([open_run(SHIPPED)], file)
    with zipfile.ZipFile(file) as archive:
        files = {name.removeprefix(f"{SHIPPED}/"): archive.read(name) for name in archive.namelist()}
    del files[DIGESTS]
    config = json.loads(files["config.json"])
    del config["sizes"]
    files["config.json"] = json.dumps(config).encode()
    files |= {name: content for name, content in (changes or {}).items() if content is not None}
    left_out = {name for name, content in (changes or {}).items() if content is None}
    return {f"{NAME}/{name}": content for name, content in files.items() if name not in left_out}


def run_with(changes: dict[str, bytes | None]) -> bytes:
    return zipped(run_files(changes))


def run_and(name: str, content: bytes = b"evil", **attributes: int) -> bytes:
    """A whole run, and another entry in the zip, of any name and with these attributes."""
    file = io.BytesIO(zipped(run_files()))
    with zipfile.ZipFile(file, "a") as archive:
        entry = zipfile.ZipInfo("x" * len(name))
        for key, value in attributes.items():
            setattr(entry, key, value)
        archive.writestr(entry, content)
    return patched(file.getvalue(), b"x" * len(name), name.encode("latin-1"))


def keras_with(config: object = None, weights: bytes | None = None, **files: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(open_run(SHIPPED).path.joinpath("model.keras").read_bytes())) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    if config is not None:
        found["config.json"] = json.dumps(config).encode()
    if weights is not None:
        found["model.weights.h5"] = weights
    return zipped(found | files)


def weights_elsewhere(*, link: bool) -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as h5:
        if link:
            h5["vars"] = h5py.ExternalLink("/etc/passwd", "/")
        else:
            h5.create_dataset("vars", (8,), "u1", external=[("/etc/passwd", 0, 8)])
    return file.getvalue()


def huge_weights() -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as h5:
        h5.create_dataset("vars", (2**33,), "f4", chunks=(2**20,), compression="gzip")
    return file.getvalue()


def nested(depth: int) -> bytes:
    content = b"nothing"
    for _ in range(depth):
        content = zipped({"a.zip": content})
    return content


def overlapping(count: int) -> bytes:
    """A zip whose directory names the same compressed megabytes many times (Fifield 2019)."""
    content = zipped({"images.npy": bytes(10_000_000)})
    start = content.index(b"PK\1\2")
    entry = content[start : content.index(b"PK\5\6")]
    directory = b"".join(entry.replace(b"images.npy", b"img%03d.npy"[:4] + b"%06d" % n) for n in range(count))
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(directory), start, 0)
    return content[:start] + directory + end


def many_entries(count: int) -> bytes:
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    directory = entry * count
    return b"PK\3\4" + directory + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 9, 9, len(directory), 4, 0)


def encrypted() -> bytes:
    content = bytearray(zipped({"4/a.png": b"x"}, zipfile.ZIP_STORED))
    for start, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(start) + at] |= 1
    return bytes(content)


def npy(header: str) -> bytes:
    text = header.encode()
    return b"\x93NUMPY\2\0" + struct.pack("<I", len(text)) + text


def gif_of(width: int, height: int) -> bytes:
    frames = [Image.new("L", (8, 8), 40 * n) for n in range(5)]
    content = bytearray(crafted.saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    struct.pack_into("<HH", content, 6, width, height)
    return bytes(content)


def tiff_loop() -> bytes:
    content = bytearray(crafted.tiff())
    (at,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, at)
    struct.pack_into("<I", content, at + 2 + 12 * count, at)  # the next directory is this one
    return bytes(content)


def exif_loop() -> bytes:
    return crafted.exif([crafted.exif_entry(0x8769, 4, 1, 8), crafted.exif_entry(0x8825, 4, 1, 8)])


_OBJECTS = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
_TERABYTE = "{'descr': '<f8', 'fortran_order': False, 'shape': (200000000, 28, 28), }"
LABELS = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }") + b"\1"
_RGB = Image.new("RGB", (64, 64), (250, 240, 230))
_LAMBDA = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": {"class_name": "__lambda__"}}}

PICTURES: dict[str, Callable[[], bytes]] = {
    "PNG of one column": lambda: crafted.png(1, 59_900_000, depth=16),
    "PNG of 60 megapixels with 16 bits": lambda: crafted.png(7745, 7745, depth=16),
    "WebP of 38 bytes and 60 megapixels": lambda: crafted.webp(7745, 7745),
    "TIFF with tiles of 1.6 GB": lambda: crafted.tiff(
        width=(322, 4, 1, 40_000), length=(323, 4, 1, 40_000), at=(324, 4, 1, 8)
    ),
    "PNG with 300,000 empty blocks": lambda: crafted.png(28, 28, before_pixels=crafted.png_chunk(b"abCD") * 300_000),
    "PNG with 60 MB of compressed text": lambda: crafted.png(
        28, 28, before_pixels=crafted.png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(60_000_000)))
    ),
    "JPEG with a million markers": lambda: crafted.jpeg(crafted.jpeg_segment(0xFE, b"") * 1_000_000),
    "animated GIF of 65,535 pixels a side": lambda: gif_of(65_535, 65_535),
    "truncated PNG": lambda: crafted.saved(Image.effect_noise((300, 300), 90), "PNG")[:20_000],
    "truncated JPEG": lambda: crafted.saved(_RGB, "JPEG")[:300],
    "EPS with the ending of a PNG": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) run\n",
    "SVG with the ending of a PNG": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
    "pickle with the ending of a PNG": lambda: _PICKLE,
    "zip with the ending of a PNG": lambda: zipped({"a.png": crafted.saved(_RGB, "PNG")}),
    "page of HTML in front of a PNG": lambda: b"<script>alert(1)</script>" + crafted.saved(_RGB, "PNG"),
    "empty file": lambda: b"",
}
HARMLESS: dict[str, Callable[[], bytes]] = {
    "TIFF whose directories form a loop": tiff_loop,
    "JPEG whose EXIF forms a loop": lambda: crafted.jpeg(crafted.jpeg_segment(0xE1, b"Exif\0\0" + exif_loop())),
    "PNG with a zip behind it": lambda: crafted.saved(_RGB, "PNG") + zipped({"a": b"b"}),
    "animated GIF": lambda: gif_of(8, 8),
}
DRAWINGS: dict[str, Callable[[], bytes]] = {
    "npz that unpacks to 150 MB": lambda: zipped({"images.npy": bytes(150_000_000), "labels.npy": LABELS}),
    "zip whose entries overlap": lambda: overlapping(500),
    "zip with two million entries": lambda: many_entries(2_000_000),
    "npz of Python objects": lambda: zipped({"images.npy": npy(_OBJECTS)
                                            + _PICKLE, "labels.npy": LABELS}),
    "npz of a terabyte": lambda: zipped(
        {"images.npy": npy(_TERABYTE), "labels.npy": LABELS}
    ),
    "npz with a nested header": lambda: zipped({"images.npy": npy("(" * 9000), "labels.npy": LABELS}),
    "IDX file that gzip unpacks to 500 MB": lambda: zipped(
        {"images-idx3-ubyte": gzip.compress(bytes(500_000_000), 1), "labels-idx1-ubyte": b""}
    ),
    "zip with a PNG of 60 megapixels": lambda: zipped({"4/a.png": crafted.png(7745, 7745)}),
    "zip in zip in zip": lambda: nested(30),
    "encrypted zip": encrypted,
    "zip packed by LZMA": lambda: zipped({"4/a.png": crafted.saved(_RGB, "PNG")}, zipfile.ZIP_LZMA),
    "truncated zip": lambda: zipped({"4/a.png": crafted.saved(_RGB, "PNG")})[:-30],
}  # fmt: skip
RUNS: dict[str, Callable[[], bytes]] = {
    "entry above its folder": lambda: run_and(f"{NAME}/../../../evil.py"),
    "absolute entry": lambda: run_and("/tmp/evil-of-a-digit-lab.py"),
    "entry on a drive": lambda: run_and("C:/evil.py"),
    "entry with backslashes": lambda: run_and("..\\..\\evil.py"),
    "entry named as a device": lambda: run_and(f"{NAME}/con.txt"),
    "symbolic link": lambda: run_and(f"{NAME}/figures/a.svg", b"/etc/passwd", external_attr=0o120777 << 16),
    "device": lambda: run_and(f"{NAME}/figures/a.svg", b"", external_attr=0o060666 << 16),
    "entry twice": lambda: run_and(f"{NAME}/Config.json"),
    "pickle beside the model": lambda: run_with({"model.pkl": _PICKLE}),
    "program in front of the zip": lambda: b"MZ" + bytes(1000) + run_with({}),
    "Lambda layer": lambda: run_with({"model.keras": keras_with({"class_name": "Functional", "config": [_LAMBDA]})}),
    "layer of another module": lambda: run_with({"model.keras": keras_with({"module": "os", "class_name": "system"})}),
    "pickle in the Keras file": lambda: run_with({"model.keras": keras_with(**{"assets/a.pkl": _PICKLE})}),
    "weights that link to another file": lambda: run_with(
        {"model.keras": keras_with(weights=weights_elsewhere(link=True))}
    ),
    "weights in another file": lambda: run_with({"model.keras": keras_with(weights=weights_elsewhere(link=False))}),
    "weights of 34 GB": lambda: run_with({"model.keras": keras_with(weights=huge_weights())}),
    "weights that are no HDF5": lambda: run_with({"model.keras": keras_with(weights=_PICKLE)}),
    "model that is no LiteRT": lambda: run_with({"model.tflite": _PICKLE * 10}),
    "truncated LiteRT model": lambda: run_with(
        {"model.tflite": open_run(SHIPPED).model_bytes()[:50_000]}
    ),
    "LiteRT model with damaged tables": lambda: run_with(
        {"model.tflite": open_run(SHIPPED).model_bytes()[:-4000] + b"\xff" * 4000}
    ),
    "predictions that are pickled": lambda: run_with(
        {"predictions.npz": zipped({"probabilities.npy": npy(_OBJECTS) + _PICKLE,
                                    "labels.npy": LABELS})}
    ),
    "figure with a script": lambda: run_with({"figures/a.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'}),
    "figure with a billion laughs": lambda: run_with(
        {"figures/a.svg": b'<!DOCTYPE s [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><svg>&b;</svg>'}
    ),
    "figure of 60 megapixels": lambda: run_with({"figures/a.png": crafted.png(7745, 7745)}),
    "config nested 100,000 times": lambda: run_with({"config.json": b"[" * 100_000}),
    "digests of other files": lambda: run_with({DIGESTS: b"0" * 64 + b"  config.json\n"}),
    "run without a model": lambda: run_with({"model.tflite": None}),
    "log that unpacks to 400 MB": lambda: run_with({"train.log": bytes(400_000_000)}),
    "folder that is no run": lambda: zipped({"a b/config.json": b"{}"}),
}  # fmt: skip
READERS = {"picture": {**PICTURES, **HARMLESS}, "drawings": DRAWINGS, "run": RUNS}


def measured_verify(folder: str) -> Reply:
    """In the sandbox: verify an unpacked run, and say what that cost."""
    verify(folder) if not Path(folder).exists() else None  # what it imports costs only once
    told: list[str] = []
    cost = cost_of(lambda: told.extend(refusal(lambda: verify(folder))))
    return {"refused": told[0] if told else None, "seconds": cost.seconds, "megabytes": cost.megabytes}, b""


def refusal(action: Callable[[], object]) -> list[str]:
    try:
        action()
    except DigitError as error:
        return [str(error)]
    return []


def read(kind: str, content: bytes, folder: Path) -> dict:
    told: list[str] = []
    unpacked: list[Path] = []
    actions = {
        "picture": lambda: decode(content, "a.png"),
        "drawings": lambda: transfer.read(content),
        "run": lambda: unpacked.extend(unpack_runs(io.BytesIO(content), folder)),
    }
    cost = cost_of(lambda: told.extend(refusal(actions[kind])))
    found = {"refused": told[0] if told else None, "seconds": cost.seconds, "megabytes": cost.megabytes}
    if unpacked and not told:
        more: list[dict] = []
        told = refusal(lambda: more.append(SANDBOX.call(measured_verify, str(unpacked[0]))[0]))
        after = more[0] if more else {"refused": told[0], "seconds": 0.0, "megabytes": 0.0}
        found = after | {key: max(found[key], after[key]) for key in ("seconds", "megabytes")}
    return found


def main() -> None:
    decode(crafted.saved(_RGB, "PNG"), "a.png")  # imports
    with tempfile.TemporaryDirectory() as place:
        refusal(lambda: SANDBOX.call(measured_verify, str(open_run(SHIPPED).path)))
        for kind, files in READERS.items():
            for number, (name, make) in enumerate(files.items()):
                content = make()
                folder = Path(place) / f"{kind}{number}"
                folder.mkdir()
                print(json.dumps({"kind": kind, "name": name, **read(kind, content, folder)}), flush=True)


if __name__ == "__main__":
    from tests import hostile_files  # under the name by which the sandbox finds it

    sys.exit(hostile_files.main())
