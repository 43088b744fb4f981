"""Import labelled drawings: predicted by the active run, and stored with their labels."""

import time

from digit_core.access.rate_limits import IMPORTS
from digit_core.drawings import store
from digit_core.drawings.labelled import Drawing, Label
from digit_core.drawings.transfer import Collection
from digit_core.inference.recognizer import Recognizer
from digit_core.preprocessing.normalize import to_float

_AT_ONCE = 500  # drawings


def import_drawings(collection: Collection, owner: str, recognizer: Recognizer) -> int:
    """Store what the owner does not have yet, all or nothing; returns how many.

    Raises LimitReached or DatabaseUnavailable.
    """
    IMPORTS.count()
    known = {image.tobytes() for image in store.labelled_images([owner]).images}
    places = []
    for place, image in enumerate(collection.images):
        if (content := image.tobytes()) not in known:
            known.add(content)
            places.append(place)
    drawings, labels, now = [], [], time.time()
    for start in range(0, len(places), _AT_ONCE):
        some = places[start : start + _AT_ONCE]
        predictions = recognizer.predict_normalized_all(to_float(collection.images[some]))
        for place, prediction in zip(some, predictions, strict=True):
            # In the order of the file: two drawings of the same time would have none.
            created = now + 1e-6 * len(drawings)
            drawing = Drawing(owner, "import", recognizer.run.name, prediction, created=created)
            drawings.append(drawing)
            labels.append(Label(drawing.id, owner, int(collection.labels[place]), created=created))
    store.add(drawings, labels)
    return len(drawings)
