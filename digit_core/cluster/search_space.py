"""What a search may change, within which limits, and the settings of a training that follow from it.

For every preset: the learning rate, the batch size and the augmentation. For `custom` the network too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from digit_core.runs.config import TrainingConfig, training_config
from digit_core.runs.searches import Setting, Value

_LEARNING_RATE_SPAN = 8.0  # times the preset's own, and as far below it
_AUGMENTATIONS = {
    "none": {"augmentation": "none", "rotation": 0.0, "scaling": 0.0},
    "slight": {"augmentation": "none", "rotation": 5.0, "scaling": 0.05},
    "moderate": {"augmentation": "moderate", "rotation": 0.0, "scaling": 0.0},
    "drawings": {"augmentation": "drawings", "rotation": 0.0, "scaling": 0.0},
}
_BATCH_SIZES = {"mnist": (64, 128, 256, 512), "digits": (16, 32, 64, 128)}


@dataclass(frozen=True)
class Dimension:
    """One thing that a search may change: one of `choices`, or a number from `low` to `high`."""

    name: str
    title: str
    choices: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False

    @property
    def setting(self) -> Setting:
        """As the record of a search has it."""
        return Setting(name=self.name, title=self.title, log=self.log)


_NETWORK = (
    Dimension("convolutions", "Convolutions", (2, 3)),
    Dimension("first_filters", "Filters of the first", (16, 24, 32, 48, 64), log=True),
    Dimension("filter_growth", "Filters, times", (1.0, 1.5, 2.0)),
    Dimension("first_kernel", "First kernel", (3, 5)),
    Dimension("second_kernel", "Second kernel", (3, 5)),
    Dimension("dense_layers", "Dense layers", (0, 1, 2)),
    Dimension("dense_units", "Dense units", (64, 128, 256, 512), log=True),
    Dimension("batch_normalization", "Batch normalisation", (True, False)),
    Dimension("dropout", "Dropout", low=0.0, high=0.6),
)


def search_space(base: TrainingConfig) -> tuple[Dimension, ...]:
    """The dimensions for a preset, around its own settings in `base`."""
    rate = base.learning_rate
    low, high = rate / _LEARNING_RATE_SPAN, min(rate * _LEARNING_RATE_SPAN, 1.0)
    sizes = tuple(sorted({*_BATCH_SIZES[base.data], base.batch_size}))
    return (
        Dimension("learning_rate", "Learning rate", low=low, high=high, log=True),
        Dimension("batch_size", "Batch size", sizes, log=True),
        Dimension("augmentation", "Augmentation", tuple(_AUGMENTATIONS)),
        *(_NETWORK if base.preset == "custom" else ()),
    )


def own_values(base: TrainingConfig) -> dict[str, Value]:
    """The preset's own settings as a point of its search space."""
    chosen = {name: getattr(base, name) for name in ("augmentation", "rotation", "scaling")}
    augmentation = next((name for name, settings in _AUGMENTATIONS.items() if settings == chosen), "none")
    values = {"learning_rate": base.learning_rate, "batch_size": base.batch_size, "augmentation": augmentation}
    if base.preset == "custom":
        values |= {
            "convolutions": len(base.filters),
            "first_filters": base.filters[0],
            "filter_growth": base.filters[-1] / base.filters[-2],
            "first_kernel": base.kernel_sizes[0],
            "second_kernel": base.kernel_sizes[1],
            "dense_layers": len(base.dense_units),
            "dense_units": base.dense_units[0],
            "batch_normalization": base.batch_normalization,
            "dropout": base.dropout,
        }
    return values


def config_of(base: Mapping[str, Any], values: Mapping[str, Any]) -> TrainingConfig:
    """The training of a point: `base` has the preset and what all trials share; other `values` are settings themselves.

    Raises InvalidConfig.
    """
    settings = dict(values)
    if "augmentation" in settings:
        settings |= _AUGMENTATIONS[settings["augmentation"]]
    if "convolutions" in settings:
        settings |= _network(*(settings.pop(each.name) for each in _NETWORK[:7]))
    return training_config(**{**base, **settings})


def _network(
    convolutions: int, first: int, growth: float, kernel: int, second_kernel: int, dense_layers: int, units: int
) -> dict[str, Sequence[int]]:
    # A third convolution has 3 x 3: of 5 x 5 pixels, or 4 x 4 after two larger kernels, a larger one leaves nothing.
    return {
        "filters": tuple(int(first * growth**layer) for layer in range(convolutions)),
        "kernel_sizes": (kernel, second_kernel, 3)[:convolutions],
        "dense_units": (units,) * dense_layers,
    }


def distributions(space: Sequence[Dimension]) -> dict[str, Any]:
    """The dimensions as Optuna's distributions."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    return {
        each.name: CategoricalDistribution(each.choices)
        if each.choices
        else FloatDistribution(each.low, each.high, log=each.log)
        for each in space
    }
