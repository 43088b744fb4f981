"""Reruns a fragment when the sidebar has heard of a change of the training's status, or at intervals.

The sidebar alone polls (`pages.shell.training_watch`), and tells the rest of the window with an event.
"""

import streamlit as st

EVENT = "training-status-changed"
# After a moment: a fragment's run that begins just when the sidebar's ends makes Streamlit drop output of that one.
_SCRIPT = f"""
export default function ({{data, setTriggerValue}}) {{
  let timer;
  const rerun = () => {{ if (!document.hidden) setTriggerValue('rerun', true); }};
  const soon = () => {{ clearTimeout(timer); timer = setTimeout(() => setTriggerValue('rerun', true), 500); }};
  const interval = data.seconds && setInterval(rerun, data.seconds * 1000);
  window.addEventListener('{EVENT}', soon);
  return () => {{
    clearTimeout(timer);
    clearInterval(interval);
    window.removeEventListener('{EVENT}', soon);
  }};
}}
"""
_events = st.components.v2.component("status_events", js=_SCRIPT)


def rerun_on_change(name: str, *, seconds: float | None = None) -> None:
    """Rerun the fragment in which this is called when a training starts or ends, or a run is activated.

    With `seconds`, also at this interval while the window is visible. `name` is unique on the page.
    """
    # The key of the container begins with "silent-": it takes no room (`pages.shell.page_head`), also while the
    # component is loaded, when Streamlit shows a placeholder without the component's own key.
    with st.container(key=f"silent-{name}"):
        _events(data={"seconds": seconds}, on_rerun_change=lambda: None, key=f"events-{name}", width="content")
