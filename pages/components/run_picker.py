"""Choose a run or several; the choice is in the page's address."""

from collections.abc import Callable, Iterable

import streamlit as st

from digit_core.datasets.sources import TITLES
from digit_core.runs.run import Listing, Run, list_runs
from pages.components import new_run_offer, url_state
from pages.components.titles import markdown, run_title, run_titles

# Both boxes have a key and no default: with another default each choice would make another box,
# which would lose the next click. `pages.shell.page_head` reserves their height by these keys.
_RUN, _RUNS, _ROOM = "picked_run", "compared_runs", "room_of_compared_runs"
MOST_LINES = 5  # of chosen runs: more scroll
_WIDE, _NARROW = 730, 290  # pixels for the chosen runs in a line at a window's width of 1280 and 400
_LETTER, _AROUND = 6.0, 36  # pixels, the width of a letter, and of what stands around the title of a chosen run


def pick_run() -> Run | None:
    """The run in the address, or None if it is missing. Shows which runs are damaged.

    A page that is opened without a run in its address gets the newest one into it, and keeps it:
    a training that ends, in whatever window, changes nothing, but its run is offered.
    """
    listing, runs = _available_runs()
    if not runs:
        return None
    newest, name = next(iter(runs)), url_state.read().get("run")
    new_run_offer.note_runs(afresh=name is None)
    if name is None:
        url_state.put("run", name := newest)
    titles = run_titles(runs, lambda name: f"{_with_accuracy(runs[name])} on {TITLES[runs[name].config.data]}")
    st.session_state[_RUN] = name if name in runs else None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Run",
            list(runs),
            key=_RUN,
            format_func=lambda name: titles.get(name, name),
            on_change=lambda: _choose(st.session_state[_RUN]),
            placeholder="Choose a run",
        )
        with st.container(width="content"):  # no wider than the offer, if there is one
            new_run_offer.show([name], "Show it", _choose)
    if name in runs:
        return runs[name]
    st.warning(f"{_problem(name, listing)} Choose another above, or go to the newest.", icon=":material/folder_off:")
    st.button(f"Show {markdown(titles[newest])}", icon=":material/arrow_forward:", on_click=_choose, args=(newest,))
    return None


def pick_runs(usual: Callable[[Listing], Iterable[str]]) -> list[Run]:
    """The runs in the address (`runs=a,b,c`), into which the `usual` ones come if it has none; as for `pick_run`."""
    listing, runs = _available_runs()
    if not runs:
        return []
    titles = run_titles(runs, lambda name: _with_accuracy(runs[name]))  # short: the chosen ones stand side by side
    asked = url_state.read().get("runs")
    new_run_offer.note_runs(afresh=asked is None)
    is_opened = asked is None
    if is_opened:
        url_state.put("runs", asked := ",".join(usual(listing)))
    names = names_in(asked)
    for name in names:
        if name not in runs:
            st.warning(f"{_problem(name, listing)} It is skipped.")
    st.session_state[_RUNS] = [name for name in names if name in runs]
    if is_opened:  # else the key stays: with another one a choice would make another box
        st.session_state.pop(_ROOM, None)
    key = st.session_state.setdefault(_ROOM, _room_key(titles[name] for name in st.session_state[_RUNS]))
    st.container(key=key).multiselect(
        "Runs",
        list(runs),
        key=_RUNS,
        format_func=lambda name: titles.get(name, name),
        placeholder="Choose runs",
        on_change=lambda: _choose_all(st.session_state[_RUNS]),
    )
    chosen = list(st.session_state[_RUNS])
    new_run_offer.show(chosen, "Add it", lambda name: _choose_all([*chosen, name]))
    return [runs[name] for name in chosen]


def _room_key(titles: Iterable[str]) -> str:
    """The key of a container for which `pages.shell.page_head` reserves the height of these chosen runs."""
    titles = list(titles)
    return f"chosen-wide{_lines(titles, _WIDE)}-narrow{_lines(titles, _NARROW)}-runs"


def _lines(titles: Iterable[str], width: int) -> int:
    """Lines that the chosen runs take in so many pixels; they wrap."""
    lines, used = 1, 0.0
    for title in titles:
        chip = min(_LETTER * len(title) + _AROUND, width)
        if used and used + chip > width:
            lines, used = lines + 1, 0.0
        used += chip
    return min(lines, MOST_LINES)


def _choose(name: str) -> None:
    new_run_offer.note_runs(afresh=True)  # who chooses has seen the list
    url_state.put("run", name)


def _choose_all(names: list[str]) -> None:
    new_run_offer.note_runs(afresh=True)
    url_state.put("runs", ",".join(names))


def names_in(text: str) -> list[str]:
    """The names of runs in `a,b,c`, each once."""
    return list(dict.fromkeys(name for name in text.split(",") if name))


def _available_runs() -> tuple[Listing, dict[str, Run]]:
    listing = list_runs()
    if damaged := listing.damaged:
        count = "1 run is" if len(damaged) == 1 else f"{len(damaged)} runs are"
        with st.expander(f"{count} damaged and not shown", icon=":material/broken_image:"):
            for name, reason in damaged.items():
                st.markdown(f"**{markdown(name)}**: {markdown(reason)}")
    if not listing.runs:
        st.error("There is no run to show. Train one with *Retrain* in the sidebar.")
    return listing, {run.name: run for run in listing.runs}


def _with_accuracy(run: Run) -> str:
    return f"{run_title(run.name)} · {run.metrics.accuracy:.2%}"


def _problem(name: str, listing: Listing) -> str:
    if name in listing.damaged:
        return markdown(listing.damaged[name])
    return f"There is no run named **{markdown(name[:100])}**: it was deleted, or the address is wrong."
