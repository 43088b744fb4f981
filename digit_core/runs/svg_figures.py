"""Look into an SVG figure of a stranger for what a browser would run or fetch when somebody opens the file."""

import re
from pathlib import Path
from xml.parsers import expat

from digit_core.errors import InvalidImport

_MOST_BYTES = 20_000_000
_ELEMENTS = frozenset(
    ("svg", "g", "defs", "style", "path", "use", "clipPath", "rect", "circle", "image", "text", "tspan", "title")
    + ("desc", "metadata", "marker", "pattern", "stop", "line", "polyline", "polygon", "ellipse")
    + ("linearGradient", "radialGradient")
)
_FETCHES = re.compile(r"@import|url\((?!\s*[\"']?#)|javascript:|expression\(", re.IGNORECASE)
_HREFS = ("#", "data:image/png;base64,", "http://purl.org/dc/dcmitype/")


def check_svg(path: Path) -> None:
    """Raise InvalidImport unless an SVG file draws, and does nothing else, as those of Matplotlib."""
    parser = expat.ParserCreate()

    def start(name: str, attributes: dict[str, str]) -> None:
        if ":" not in name and name not in _ELEMENTS:
            raise _refused(path, f"an element <{name[:30]}>")
        if ":" in name and name.split(":", 1)[0] not in ("rdf", "cc", "dc"):
            raise _refused(path, f"an element <{name[:30]}>")
        for attribute, value in attributes.items():
            is_link = attribute.rpartition(":")[2] in ("href", "src", "resource")
            if (
                attribute.lower().startswith("on")
                or _FETCHES.search(value)
                or (is_link and not value.startswith(_HREFS))
            ):
                raise _refused(path, f"an attribute {attribute[:30]}")

    def text(content: str) -> None:
        if _FETCHES.search(content):
            raise _refused(path, "a style that fetches files")

    def entity(*_: object) -> None:
        raise _refused(path, "an entity")

    parser.StartElementHandler, parser.CharacterDataHandler, parser.EntityDeclHandler = start, text, entity
    parser.buffer_text = True
    try:
        content = path.read_bytes()
        if len(content) > _MOST_BYTES:
            raise _refused(path, f"{len(content) / 1e6:.0f} MB")
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, OSError) as error:
        raise InvalidImport(f"The figure {path.name} is damaged ({error}).") from None


def _refused(path: Path, what: str) -> InvalidImport:
    return InvalidImport(f"The figure {path.name} has {what}, which a figure of a run never has. It is not imported.")
