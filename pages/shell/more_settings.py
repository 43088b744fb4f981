"""The settings of a training that most people leave as the preset has them."""

import streamlit as st

from digit_core.evaluation.settings import NO_EARLY_STOPPING, OPTIMIZERS
from pages.components.glossary import definition

# Typed as text.
LISTS = {
    "filters": ("Filters", "For each convolution, separated by commas."),
    "kernel_sizes": ("Kernel sizes", "Pixels a side, one for each convolution."),
    "dense_units": ("Dense units", "For each dense layer after the convolutions; empty for none."),
}
_AUGMENTATIONS = {
    "none": "None",
    "slight": "Slight: rotated and scaled",
    "moderate": "Moderate",
    "drawings": "Strong, like drawings",
}
_SLIGHT = {"rotation": 5.0, "scaling": 0.05}
_PATIENCE = 3  # epochs, at first, where the preset does not stop early
_HIGHEST_SGD_RATE = 0.1


def show(preset: str, data: str, usual: dict, epochs: int) -> dict:
    """Seed, learning rate, optimiser, augmentation and early stopping; `usual` are the preset's own settings."""
    key = f"{preset}-{data}"  # another preset brings its own defaults
    left, right = st.columns(2, vertical_alignment="bottom")
    seed = left.number_input(
        "Seed",
        value=0,
        step=1,
        key=f"seed-{key}",
        help="For the first weights, the order of the images and which of them validate. *Group seeds* in *Compare* "
        "shows the mean of trainings that differ only in their seed.",
    )
    optimizer = st.selectbox("Optimiser", list(OPTIMIZERS), format_func=OPTIMIZERS.get, key=f"optimizer-{key}")
    rate = usual["learning_rate"]
    if optimizer == "sgd":  # which takes larger steps than the other two
        rate = min(10 * rate, _HIGHEST_SGD_RATE)
    rate = right.number_input(
        "Learning rate",
        value=rate,
        step=rate / 10,
        format="%g",
        key=f"rate-{key}-{optimizer}",
        help=f"{definition('learning rate')} This is the highest one, where the preset changes it during the training.",
    )
    settings = {"seed": seed, "optimizer": optimizer, "learning_rate": rate}
    settings |= _augmentation(preset, key, usual, epochs)
    patience = usual["patience"]
    stops = patience < NO_EARLY_STOPPING
    if st.toggle(
        "Early stopping",
        stops,
        key=f"stopping-{key}",
        help="Ends the training when the loss on the validation images no longer improves.",
    ):
        settings["patience"] = st.number_input(
            "Epochs without improvement", value=patience if stops else _PATIENCE, step=1, key=f"patience-{key}"
        )
    else:
        settings["patience"] = NO_EARLY_STOPPING
    return settings


def layers(usual: dict) -> dict:
    """The network of the preset custom; lists of numbers as they were typed."""
    return {
        **{
            name: st.text_input(title, ", ".join(map(str, usual[name])), help=help_text, key=f"custom-{name}")
            for name, (title, help_text) in LISTS.items()
        },
        "batch_normalization": st.toggle("Batch normalisation", usual["batch_normalization"], key="custom-bn"),
        "dropout": st.slider("Dropout", 0.0, 0.9, usual["dropout"], 0.05, key="custom-dropout"),
    }


def _augmentation(preset: str, key: str, usual: dict, epochs: int) -> dict:
    """The settings of the chosen augmentation; none of them where it is the preset's own."""
    own = "slight" if usual.get("rotation") or usual.get("scaling") else usual.get("augmentation", "none")
    kinds = list(_AUGMENTATIONS)
    chosen = st.selectbox(
        "Augmentation",
        kinds,
        kinds.index(own),
        _AUGMENTATIONS.get,
        key=f"augmentation-{key}",
        help="Distorts the training images anew in each epoch, so that the model recognises more than these.",
    )
    if chosen == "slight" and preset == "custom":
        return {
            "rotation": st.slider("Rotation", 0.0, 30.0, usual["rotation"], 1.0, format="%.0f°", key="custom-rotation"),
            "scaling": st.slider("Scaling", 0.0, 0.3, usual["scaling"], 0.01, key="custom-scaling"),
        }
    if chosen == own:
        return {}
    none = {"augmentation": "none", "rotation": 0.0, "scaling": 0.0, "mild_epochs": 0}
    if chosen == "none":
        return none
    if chosen == "slight":
        return none | _SLIGHT
    return none | {"augmentation": chosen, "mild_epochs": max(0, epochs) // 4}
