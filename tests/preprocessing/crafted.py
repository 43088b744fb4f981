"""Picture files that say other things than they hold, built by hand so that they cost a test nothing."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def png_chunk(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *, depth: int = 8, colour: int = 0, before_pixels: bytes = b"") -> bytes:
    """A PNG of that size whose pixels are missing beyond the first rows; `colour`: 0 grey, 2 RGB, 3 palette, 6 RGBA."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    palette = png_chunk(b"PLTE", bytes(range(48)) * 16) if colour == 3 else b""
    pixels = png_chunk(b"IDAT", zlib.compress(bytes(1_000_000)))
    return b"\x89PNG\r\n\x1a\n" + header + palette + before_pixels + pixels + png_chunk(b"IEND")


def webp(width: int, height: int) -> bytes:
    """A WebP of 38 bytes: one colour, at any size up to 16,384 a side."""
    content = bytearray(saved(Image.new("L", (4, 4), 255), "WEBP", lossless=True))
    at = content.index(b"VP8L") + 9
    flags = struct.unpack_from("<I", content, at)[0] & ~0xFFFFFFF
    struct.pack_into("<I", content, at, flags | width - 1 | height - 1 << 14)
    return bytes(content)


def tiff(**tags: tuple[int, int, int, int]) -> bytes:
    """A grey TIFF, 28 x 28, deflated, with more or other tags: (number, type, count, value) each."""
    rows = zlib.compress(bytes(784))
    usual = ((256, 4, 1, 28), (257, 4, 1, 28), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8))
    usual += ((277, 3, 1, 1), (278, 4, 1, 28), (279, 4, 1, len(rows)))
    entries = {tag[0]: tag for tag in (*usual, *tags.values())}
    directory = b"".join(struct.pack("<HHII", *entries[number]) for number in sorted(entries))
    start = 8 + len(rows)
    return struct.pack("<2sHI", b"II", 42, start) + rows + struct.pack("<H", len(entries)) + directory + bytes(4)


def jpeg(*segments: bytes, side: int = 28, **options) -> bytes:
    """A JPEG with marker segments put before all others."""
    content = saved(Image.new("RGB", (side, side), (200, 100, 50)), "JPEG", **options)
    return content[:2] + b"".join(segments) + content[2:]


def jpeg_segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def exif(entries: list[bytes], rest: bytes = b"") -> bytes:
    """A block of EXIF notes, its entries as `exif_entry` makes them."""
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(entries) + bytes(4) + rest


def exif_entry(tag: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack("<HHII", tag, kind, count, value)


def saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pictures() -> dict[str, bytes]:
    """A small file of each format and of many of their modes."""
    grey = Image.fromarray(np.kron(np.eye(6, dtype=np.uint8), np.full((5, 5), 255, np.uint8)))
    modes = {
        mode: grey.convert(mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "F", "I")
    }
    modes["I;16"] = Image.fromarray(np.asarray(grey, np.uint16) * 200)
    notes = Image.Exif()
    notes[274] = 6
    files = {}
    for kind, names, options in (
        ("PNG", ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"), {"exif": notes}),
        ("JPEG", ("L", "RGB", "CMYK"), {"exif": notes}),
        ("WEBP", ("L", "RGB", "RGBA"), {"exif": notes}),
        ("GIF", ("1", "L", "P", "RGBA"), {}),
        ("TIFF", tuple(modes), {}),
        ("BMP", ("1", "L", "P", "RGB", "RGBA"), {}),
    ):
        files |= {f"{kind} {name}": saved(modes[name], kind, **options) for name in names}
    rgb = modes["RGB"]
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        files[f"TIFF {compression}"] = saved(rgb, "TIFF", compression=compression)
    files["TIFF group4"] = saved(modes["1"], "TIFF", compression="group4")
    files["JPEG progressive"] = saved(rgb, "JPEG", progressive=True)
    files["PNG transparent"] = saved(modes["P"], "PNG", transparency=0)
    more = {"save_all": True, "append_images": [modes["L"].rotate(90), modes["L"].rotate(45)]}
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        files[f"{kind} animated"] = saved(modes["L"], kind, **more)
    files["MPO"] = saved(rgb, "MPO", **more)
    return files


def with_right_checksums(content: bytes) -> bytes:
    """A changed PNG whose chunks have right checksums again, without which Pillow would look no further."""
    parts, at = [content[:8]], 8
    while at + 8 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        end = at + 8 + length
        parts.append(content[at:end] + struct.pack(">I", zlib.crc32(content[at + 4 : end])))
        at = end + 4
    return b"".join(parts)
