"""The training images nearest to an image, in the network's feature space; computed in the background when first asked.

The features of 60,000 images take the network a minute; they are kept for each network.
"""

from contextlib import suppress

import numpy as np
import streamlit as st

from digit_core.access.actors import Action, is_permitted
from digit_core.datasets.loading import Dataset
from digit_core.errors import DigitError
from digit_core.inference.litert import NoFeatures
from digit_core.inference.nearest_neighbors import Neighbour, Neighbours
from digit_core.jobs.background_task import BackgroundTask
from digit_core.jobs.tasks import features_task
from digit_core.runs.run import Run
from pages.components import page_on_screen
from pages.components.cached import dataset
from pages.components.filters import with_article
from pages.components.image_html import picture
from pages.components.noted_errors import noted
from pages.components.titles import markdown

_SIZE = 84  # pixels, the images
_POLL_SECONDS = 0.7
_STYLE = """
<style>
.row{display:flex;flex-wrap:wrap;gap:.8rem}.row figure{margin:0;width:84px}
.row figcaption{font-size:.8rem;line-height:1.3;margin-top:.3rem}
</style>
"""


def show(run: Run, model_input: np.ndarray) -> None:
    """Show them, or the progress of computing the features, or why that failed; model input (28, 28), 0 to 1."""
    data = dataset(run.config.data)
    try:
        found = _neighbours_of(run.fingerprint, data.digest, run, data)
    except NoFeatures as error:
        st.info(f"Not available for this network. {markdown(str(error))}")
        return
    if found.ready:
        _show_neighbours(found.nearest(model_input), data)
        return
    task = features_task(run, data.digest)
    problem = None
    try:
        if (status := task.watch()) is None:
            if not is_permitted(Action.COMPUTE):
                st.info("They have not been computed for this run yet. They are when the owner opens an image.")
                return
            task.start()
        elif not status.is_active:
            problem = status.message
    except DigitError as error:  # the rest of the dialog is shown all the same
        problem = noted(error)
    if problem:
        st.warning(f"The nearest images could not be found. {problem}")
        st.button("Try again", icon=":material/refresh:", on_click=_restart, args=(task,))
    else:
        st.fragment(_progress, run_every=_POLL_SECONDS)(task)


@st.cache_resource(max_entries=2, show_spinner=False)
def _neighbours_of(fingerprint: str, digest: str, _run: Run, _data: Dataset) -> Neighbours:
    return Neighbours(_run.model_bytes(), _data)


def _restart(task: BackgroundTask) -> None:
    with suppress(DigitError):  # the rerun after this meets the same problem and shows it
        task.start()


def _progress(task: BackgroundTask) -> None:
    page_on_screen.keep()
    status = task.watch()
    if status is None or not status.is_active:
        st.rerun()
    st.progress(status.fraction or 0.0, text=f"{status.message} (once for this network)")


def _show_neighbours(found: tuple[Neighbour, ...], data: Dataset) -> None:
    figures = []
    for neighbour in found:
        label = with_article(neighbour.label)
        description = f"Training image {neighbour.index}: {label}, at a distance of {neighbour.distance:.2f}"
        figures.append(
            f'<figure data-testid="neighbour">{picture(data.x_train[neighbour.index], _SIZE, description)}'
            f"<figcaption><b>{neighbour.label}</b> · {neighbour.distance:.2f}<br>no. {neighbour.index}</figcaption>"
            "</figure>"
        )
    st.html(f'{_STYLE}<div class="row">{"".join(figures)}</div>')
    st.caption("Label and Euclidean distance, in the feature space of the network's last layer.")
