"""Which of a run's test images are shown: the view, which is in the page's address."""

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
    "margin": "Smallest margin first",
    "index": "By number",
}
_LAST_ADDRESS = "mistakes_address"
_LEAST = 1e-12  # a probability of 0 would have an infinite loss


@dataclass(frozen=True)
class View:
    """`true` and `predicted`: digits, or None for any; `show` in SHOWN; `sort` in SORTS; `image`: the open one."""

    true: int | None = None
    predicted: int | None = None
    show: str = "mistakes"
    sort: str = "sure"
    image: int | None = None

    @property
    def has_all_digits(self) -> bool:
        """Whether it is limited to no digits."""
        return self.true is None and self.predicted is None

    def with_digits(self, true: int | None, predicted: int | None) -> "View":
        """The view of these digits; shows all images where the kind shown so far contradicts the digits."""
        contradiction = None not in (true, predicted) and self.show == ("mistakes" if true == predicted else "correct")
        return replace(self, true=true, predicted=predicted, show="all" if contradiction else self.show)

    def with_show(self, show: str) -> "View":
        """The view of this kind; of any predicted digit where the one so far contradicts it."""
        changed = replace(self, show=show)
        fits = changed.with_digits(self.true, self.predicted).show == show
        return changed if fits else replace(changed, predicted=None)


def parse_view(address: Mapping[str, str], images: int) -> tuple[View, list[str]]:
    """The view in an address, for a run with so many test images, and a message for each invalid value.

    Where a value is invalid, the view has its default.
    """
    if "read" in address and "predicted" not in address:  # what `predicted` was called before
        address = {**address, "predicted": address["read"]}
    options = {"true": range(10), "predicted": range(10), "image": range(images), "show": SHOWN, "sort": SORTS}
    found, problems = {}, []
    for name, allowed in options.items():
        if (value := address.get(name)) is None:
            continue
        match = next((option for option in allowed if str(option) == value), None)
        if match is not None:
            found[name] = match
        else:
            numbers = isinstance(allowed, range)
            wanted = f"a whole number from 0 to {len(allowed) - 1:,}" if numbers else f"one of {', '.join(allowed)}"
            short = value[:40].replace("`", "'").replace("\n", " ")  # inert in Markdown
            problems.append(f"`{name}` in the address must be {wanted}, got `{short}`; it is ignored.")
    view = View(**found)
    return view.with_digits(view.true, view.predicted), problems


def matching_images(view: View, predictions: Predictions) -> np.ndarray:
    """Indices, int (n,), of the test images of a view in its order; ties are in the order of their numbers."""
    labels, predicted, probabilities = predictions.labels, predictions.predicted, predictions.probabilities
    matches = np.ones(len(labels), bool)
    if view.show != "all":
        matches &= (predicted == labels) == (view.show == "correct")
    if view.true is not None:
        matches &= labels == view.true
    if view.predicted is not None:
        matches &= predicted == view.predicted
    found = np.flatnonzero(matches)
    if view.sort == "index":
        return found
    if view.sort == "loss":
        key = np.log(np.maximum(probabilities[found, labels[found]], _LEAST))
    elif view.sort == "margin":
        second, first = np.partition(probabilities[found], -2, axis=1)[:, -2:].T
        key = first - second
    else:
        key = probabilities[found].max(1) * (1 if view.sort == "unsure" else -1)
    return found[np.argsort(key, kind="stable")]


def current_view(images: int) -> View:
    """The view in the address now, for a run with so many test images."""
    return parse_view(url_state.read(), images)[0]


def write_view(view: View) -> None:
    """Write the view to the address, whose other parts stay."""
    default, address = View(), url_state.read()
    for name in ("true", "predicted", "show", "sort", "image", "read"):
        value = getattr(view, name, None)
        if value is None or value == getattr(default, name):
            address.pop(name, None)
        else:
            address[name] = str(value)
    url_state.write(address)
    remember_address()


def remember_address() -> None:
    """Keep the address, without the open image: Streamlit drops it on the way to another page."""
    st.session_state[_LAST_ADDRESS] = {name: value for name, value in url_state.read().items() if name != "image"}


def restore_address() -> None:
    """On coming back to the page without any choice in the address, restore the last ones."""
    last = st.session_state.get(_LAST_ADDRESS)
    if last and not url_state.read():
        url_state.write(last)


def with_article(digit: int) -> str:
    """A digit with its article: "a 4", "an 8"."""
    return f"an {digit}" if digit == 8 else f"a {digit}"
