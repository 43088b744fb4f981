"""Which runs the table shows: those with a text, a tag, a preset, a data set; all of it is in the address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from digit_core.datasets.sources import TITLES
from digit_core.runs.notes import note_of
from digit_core.runs.presets import PRESETS
from digit_core.runs.run import Run
from pages.components import url_state
from pages.components.titles import markdown

_LABELS = {"tag": "Tags", "preset": "Presets", "data": "Data sets"}
_LONGEST = 200  # characters of a text in the address


@dataclass(frozen=True)
class RunFilter:
    """`find`: words, all of which must occur; the other three: any of these; empty is no condition."""

    find: str = ""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def matches(self, run: Run, title: str) -> bool:
        """Whether a run of that title is shown."""
        features, note = _features(run), note_of(run.name)
        if any(chosen and not features[name] & set(chosen) for name, chosen in self.choices.items()):
            return False
        preset, data = PRESETS[run.config.preset].title, TITLES[run.config.data]
        text = " ".join((title, run.name, note.text, *note.tags, preset, data)).lower()
        return all(word in text for word in self.find.lower().split())


def parse_filter(address: Mapping[str, str], options: Mapping[str, Sequence[str]]) -> tuple[RunFilter, list[str]]:
    """The filter in an address and a sentence for each value of it that no run has, which is ignored."""
    choices, problems = {}, []
    for name, allowed in options.items():
        values = [value for value in address.get(name, "").split(",") if value]
        choices[name] = tuple(value for value in values if value in allowed)
        problems += [
            f"No run has the {name if name != 'data' else 'data set'} **{markdown(value[:40])}** that is in the "
            "address; it is ignored."
            for value in values
            if value not in allowed
        ]
    return RunFilter(address.get("find", "")[:_LONGEST], choices), problems


def show(runs: Sequence[Run], titles: Mapping[str, str]) -> tuple[list[Run], bool]:
    """The controls; returns the runs that match, and whether all columns are shown."""
    features = [_features(run) for run in runs]
    options = {name: sorted(set().union(*(each[name] for each in features))) for name in _LABELS}
    address = url_state.read()
    chosen, problems = parse_filter(address, options)
    for problem in problems:
        st.warning(problem)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state["runs_find"] = chosen.find
        st.text_input(
            "Search",
            key="runs_find",
            icon=":material/search:",
            placeholder="Name, note, tag, preset",
            label_visibility="collapsed",
            width=260,
            on_change=lambda: url_state.put("find", st.session_state["runs_find"].strip() or None),
        )
        count = sum(map(len, chosen.choices.values()))
        with st.popover(f"Filter ({count})" if count else "Filter", icon=":material/filter_list:", key="runs_filter"):
            for name, label in _LABELS.items():
                _choose(name, label, options[name], chosen.choices[name])
        st.session_state["runs_columns"] = address.get("columns") == "all"
        more = st.toggle(
            "More columns",
            key="runs_columns",
            on_change=lambda: url_state.put("columns", "all" if st.session_state["runs_columns"] else None),
        )
    return [run for run in runs if chosen.matches(run, titles[run.name])], more


def offer_to_clear() -> None:
    """No run matches: say so, with the way out."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown("No run matches the search and the filter.", width="stretch")
        st.button("Show all runs", icon=":material/filter_list_off:", on_click=_clear)


def _choose(name: str, label: str, options: Sequence[str], chosen: Sequence[str]) -> None:
    key = f"runs_{name}"
    st.session_state[key] = list(chosen)
    st.multiselect(
        label,
        options,
        key=key,
        format_func=lambda value: _title(name, value),
        placeholder="All" if options else "No run has a tag: select one and press Edit",
        disabled=not options,
        on_change=lambda: url_state.put(name, ",".join(st.session_state[key]) or None),
    )


def _title(name: str, value: str) -> str:
    if name == "preset":
        return PRESETS[value].title
    return TITLES[value] if name == "data" else value


def _features(run: Run) -> dict[str, set[str]]:
    return {"tag": set(note_of(run.name).tags), "preset": {run.config.preset}, "data": {run.config.data}}


def _clear() -> None:
    url_state.write({name: value for name, value in url_state.read().items() if name not in ("find", *_LABELS)})
