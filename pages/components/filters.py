"""Which of a run's test images are looked at; the choices are in the page's address."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from digit_core.runs.run import Predictions
from pages.components import url_state

SHOWN = {"mistakes": "Mistakes", "all": "All", "correct": "Correct"}
SORTS = {
    "sure": "Most confident first",
    "unsure": "Least confident first",
    "loss": "Highest loss first",
    "margin": "Closest call first",
    "index": "By number",
}
_MEMORY = "mistakes_address"
_LEAST = 1e-12  # a probability of 0 would have an endless loss


@dataclass(frozen=True)
class View:
    """`true` and `read`: digits, or None for any; `show` in SHOWN; `sort` in SORTS; `image`: the one that is open."""

    true: int | None = None
    read: int | None = None
    show: str = "mistakes"
    sort: str = "sure"
    image: int | None = None

    def with_digits(self, true: int | None, read: int | None) -> "View":
        """These digits, and what is shown widened where nothing could be of both kinds."""
        nothing = true is not None and read is not None and self.show == ("mistakes" if true == read else "correct")
        return replace(self, true=true, read=read, show="all" if nothing else self.show)

    def with_show(self, show: str) -> "View":
        """This kind, and the digit read left open where nothing could be of both kinds."""
        changed = replace(self, show=show)
        return changed if changed.with_digits(self.true, self.read).show == show else replace(changed, read=None)


def parse_view(parts: Mapping[str, str], images: int) -> tuple[View, list[str]]:
    """The choices in an address for a run with so many test images, and a sentence for each that cannot be.

    What cannot be is left at its usual value.
    """
    found, problems = {}, []
    for name, most in (("true", 9), ("read", 9), ("image", images - 1)):
        value = parts.get(name)
        if value is None:
            continue
        if value.isascii() and value.isdigit() and len(value) < 10 and int(value) <= most:
            found[name] = int(value)
        else:
            what = f"`{name}` in the address must be a whole number from 0 to {most:,}"
            problems.append(f"{what}, got `{_quoted(value)}`; it is left out.")
    for name, allowed in (("show", SHOWN), ("sort", SORTS)):
        value = parts.get(name)
        if value in allowed:
            found[name] = value
        elif value is not None:
            what = f"`{name}` in the address must be one of {', '.join(allowed)}"
            problems.append(f"{what}, got `{_quoted(value)}`; it is left out.")
    view = View(**found)
    return view.with_digits(view.true, view.read), problems


def chosen_images(view: View, predictions: Predictions) -> np.ndarray:
    """Indices, int (n,), of the test images of a view in its order; equals stay in the order of their numbers."""
    labels, predicted, probabilities = predictions.labels, predictions.predicted, predictions.probabilities
    keep = np.ones(len(labels), bool)
    if view.show != "all":
        keep &= (predicted == labels) == (view.show == "correct")
    if view.true is not None:
        keep &= labels == view.true
    if view.read is not None:
        keep &= predicted == view.read
    kept = np.flatnonzero(keep)
    if view.sort == "index":
        return kept
    if view.sort == "loss":
        key = np.log(np.maximum(probabilities[kept, labels[kept]], _LEAST))
    elif view.sort == "margin":
        second, first = np.partition(probabilities[kept], -2, axis=1)[:, -2:].T
        key = first - second
    else:
        key = probabilities[kept].max(1) * (1 if view.sort == "unsure" else -1)
    return kept[np.argsort(key, kind="stable")]


def current(images: int) -> View:
    """The choices in the address now."""
    return parse_view(url_state.read(), images)[0]


def put(view: View) -> None:
    """Write the choices to the address, which keeps what else is in it."""
    usual, parts = View(), url_state.read()
    for name in ("true", "read", "show", "sort", "image"):
        value = getattr(view, name)
        if value != getattr(usual, name):
            parts[name] = str(value)
        else:
            parts.pop(name, None)
    url_state.write(parts)
    remember()


def remember() -> None:
    """Keep the address for when the page is come back to: Streamlit drops it on the way to another page."""
    st.session_state[_MEMORY] = {name: value for name, value in url_state.read().items() if name != "image"}


def recall() -> None:
    """Coming back without any choice in the address, take up the last ones."""
    last = st.session_state.get(_MEMORY)
    if last and not url_state.read():
        url_state.write(last)


def named(digit: int) -> str:
    """A digit with its article: "a 4", "an 8"."""
    return f"an {digit}" if digit == 8 else f"a {digit}"


def _quoted(value: str) -> str:
    """What somebody wrote, short, and so that Markdown takes none of it for its own."""
    return value[:40].replace("`", "'").replace("\n", " ")
