"""What a training is asked to do: one frozen, validated object."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from digit_core.errors import InvalidConfig
from digit_core.runs.presets import DEFAULT_PRESET, PRESETS

# scikit-learn's 1,438 training digits want smaller batches and more passes to see as many steps.
_FOR_FEW_IMAGES = {"epochs": 20, "batch_size": 64}
_TRAINING_IMAGES = {"mnist": 60_000, "digits": 1438}
_SIDE = 28
# What settings were called in runs of earlier versions, by their names today.
_RENAMED = {
    "written": "synthetic_digits",
    "written_share": "synthetic_digit_share",
    "counterexamples": "non_digits",
    "counterexample_share": "non_digit_share",
    "gentle_epochs": "mild_epochs",
    "watch_recall": "track_recall",
    "precision": "compute_dtype",
}
CUSTOM_FIELDS = ("filters", "kernel_sizes", "dense_units", "batch_normalization")


class TrainingConfig(BaseModel):
    """Everything a person chooses that can change a training's result.

    With `augmentation` "drawings" the data set's images are bent in every batch as far as people's
    drawings differ from them, with "moderate" less far; in the last `mild_epochs` less than
    either. `synthetic_digits` digits and `non_digits` are made by a generator of pen
    strokes; their shares are of each batch, and the rest is the data set's. With counter-examples
    the network has an eleventh class, "not a digit". `rotation` (degrees) and `scaling` (of the
    logarithm of width and of height) are standard deviations of simpler changes for a network
    that learns from the data set alone.

    `filters`, `kernel_sizes` and `dense_units`, a number a layer, and `batch_normalization`
    describe the network of the preset `custom` and belong to no other. `compute_dtype` is what is
    computed in while training: "auto" takes bfloat16 where the processor has hardware for it.

    Make one with `training_config`, which fills in the preset's defaults and turns a wrong
    value into an `InvalidConfig` that names the field, the value and what is allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: str = DEFAULT_PRESET
    data: Literal["mnist", "digits"] = "mnist"
    epochs: int = Field(default=5, ge=1, le=500)
    batch_size: int = Field(default=128, ge=1, le=8192)
    learning_rate: float = Field(default=0.001, gt=0, le=1, allow_inf_nan=False)
    schedule: Literal["constant", "triangular", "cosine"] = "constant"
    beta_1: float = Field(default=0.9, ge=0, lt=1)
    beta_2: float = Field(default=0.999, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0, lt=1)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    augmentation: Literal["none", "moderate", "drawings"] = "none"
    rotation: float = Field(default=0.0, ge=0, le=45)
    scaling: float = Field(default=0.0, ge=0, le=0.5)
    mild_epochs: int = Field(default=0, ge=0, le=500)
    synthetic_digits: int = Field(default=0, ge=0, le=500_000)
    synthetic_digit_share: float = Field(default=0.0, ge=0, le=0.45)
    non_digits: int = Field(default=0, ge=0, le=500_000)
    non_digit_share: float = Field(default=0.0, ge=0, le=0.45)
    filters: tuple[Annotated[int, Field(ge=1, le=512)], ...] | None = Field(default=None, max_length=8)
    kernel_sizes: tuple[Annotated[int, Field(ge=1, le=28)], ...] | None = Field(default=None, max_length=8)
    dense_units: tuple[Annotated[int, Field(ge=1, le=4096)], ...] | None = Field(default=None, max_length=4)
    batch_normalization: bool | None = None
    track_recall: bool = False
    validation_fraction: float = Field(default=1 / 12, gt=0, le=0.5)
    patience: int = Field(default=3, ge=1, le=500)
    compute_dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    seed: int = Field(default=0, ge=0, lt=2**31)

    @model_validator(mode="after")
    def _shares_have_something_to_share(self) -> "TrainingConfig":
        for name in ("synthetic_digits", "non_digits"):
            share = f"{name.removesuffix('s')}_share"
            if (getattr(self, name) > 0) != (getattr(self, share) > 0):
                raise ValueError(f"{name} and {share} go together: both 0, or both above 0")
        return self

    @model_validator(mode="after")
    def _custom_layers_make_a_network(self) -> "TrainingConfig":
        given = [name for name in CUSTOM_FIELDS if getattr(self, name) is not None]
        if self.preset != "custom":
            if given:
                raise ValueError(f"{given[0]} can be set for the preset custom only, not for {self.preset}")
            return self
        missing = [name for name in CUSTOM_FIELDS if name not in given]
        if missing:
            raise ValueError(f"{missing[0]} is needed for the preset custom")
        check_layers(self.filters, self.kernel_sizes)
        return self

    @model_validator(mode="after")
    def _one_kind_of_augmentation(self) -> "TrainingConfig":
        for name in ("rotation", "scaling"):
            if getattr(self, name) and self.augmentation != "none":
                raise ValueError(f'{name} goes with augmentation "none" only; the others turn and scale already')
        return self

    @model_validator(mode="after")
    def _a_batch_is_not_larger_than_the_data(self) -> "TrainingConfig":
        fitting = int(_TRAINING_IMAGES[self.data] * (1 - self.validation_fraction))
        if self.batch_size > fitting:
            raise ValueError(
                f"batch_size should be at most {fitting:,}, the training images that {self.data} has "
                f"without those for validation, got {self.batch_size}"
            )
        return self

    @field_validator("preset")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in PRESETS:
            raise ValueError(f"there is no preset {name!r}; choose one of {', '.join(PRESETS)}")
        return name


def check_layers(filters: Sequence[int], kernel_sizes: Sequence[int]) -> None:
    """Whether convolutions (without padding, each followed by 2 x 2 pooling) fit 28 x 28 pixels.

    Raises ValueError with a sentence that names the field.
    """
    if not filters:
        raise ValueError("filters needs at least one number, such as 32,64: a convolution each")
    if len(filters) != len(kernel_sizes):
        raise ValueError(
            f"kernel_sizes needs one number for each of the {len(filters)} filters, got {len(kernel_sizes)}"
        )
    side = _SIDE
    for layer, size in enumerate(kernel_sizes, 1):
        if size > side:
            raise ValueError(
                f"kernel_sizes: convolution {layer} of {size} x {size} does not fit the {side} x {side} that is "
                f"left of the 28 x 28 pixels there; make it smaller or leave it out"
            )
        side -= size - 1
        if side < 2:
            raise ValueError(
                f"kernel_sizes: convolution {layer} leaves {side} x {side} of the 28 x 28 pixels, "
                "too little for the 2 x 2 pooling after it; use smaller or fewer kernels"
            )
        side //= 2


def training_config(preset: str = DEFAULT_PRESET, **settings: Any) -> TrainingConfig:
    """The preset's configuration with some settings changed.

    Parameters: `preset`, a name in `PRESETS`; `settings`, fields of `TrainingConfig`.
    Raises InvalidConfig.
    """
    return parse_config({"preset": preset, **defaults(preset, settings.get("data", "mnist")), **settings})


def defaults(preset: str, data: str) -> dict[str, Any]:
    """What a preset sets for a data set; the presets' own values are for MNIST's 60,000 images."""
    chosen = PRESETS[preset].defaults if preset in PRESETS else {}
    return chosen | _FOR_FEW_IMAGES if data == "digits" else dict(chosen)


def parse_config(values: dict[str, Any]) -> TrainingConfig:
    """A configuration from plain values by setting. Raises InvalidConfig."""
    try:
        return TrainingConfig(**values)
    except ValidationError as error:
        raise InvalidConfig("; ".join(_sentence(problem) for problem in error.errors())) from None


def read_config(values: dict[str, Any]) -> TrainingConfig:
    """A configuration from a `config.json`, also one of an earlier version. Raises InvalidConfig."""
    return parse_config({_RENAMED.get(name, name): value for name, value in values.items()})


def parse_numbers(text: str, name: str) -> tuple[int, ...]:
    """Whole numbers from what a person types, such as "32, 64". Raises InvalidConfig that names the field."""
    try:
        return tuple(int(part) for part in text.replace(",", " ").split())
    except ValueError:
        raise InvalidConfig(
            f"{name} should be whole numbers with commas between them, such as 32,64, got {text!r}"
        ) from None


def _sentence(problem: dict) -> str:
    name = ", number ".join(str(part + 1 if isinstance(part, int) else part) for part in problem["loc"])
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    if problem["type"] == "extra_forbidden":
        return f"there is no setting {name!r}; the settings are {', '.join(TrainingConfig.model_fields)}"
    wanted = problem["msg"].removeprefix("Input ").removeprefix("Tuple ").replace(" after validation, not", "; not")
    return f"{name} {wanted}, got {problem['input']!r}"
