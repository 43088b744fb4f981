"""The configuration of a training: one frozen, validated object."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from digit_core.errors import InvalidConfig
from digit_core.runs.presets import DEFAULT_PRESET, PRESETS

# scikit-learn's 1,438 training digits need smaller batches and more epochs for a comparable number of steps.
_FOR_FEW_IMAGES = {"epochs": 20, "batch_size": 64}
_TRAINING_IMAGES = {"mnist": 60_000, "digits": 1438}
# The fields' names in earlier versions, and their names now; old runs stay readable.
_RENAMED = {
    "written": "synthetic_digits",
    "written_share": "synthetic_digit_share",
    "counterexamples": "non_digits",
    "counterexample_share": "non_digit_share",
    "gentle_epochs": "mild_epochs",
    "watch_recall": "track_recall",
    "precision": "compute_dtype",
}
_BOUNDS = ("ge", "gt", "le", "lt")  # as pydantic calls them
_OUT_OF_RANGE = ("greater_than_equal", "greater_than", "less_than_equal", "less_than")
CUSTOM_FIELDS = ("filters", "kernel_sizes", "dense_units", "batch_normalization")


class TrainingConfig(BaseModel):
    """Every setting that can change a training's result.

    `augmentation` "drawings" distorts the data set's images in every batch about as strongly as
    people's drawings differ from them, "moderate" less; the last `mild_epochs` use the mildest
    distortion. A generator of pen strokes makes `synthetic_digits` digits and `non_digits`; their
    shares are fractions of each batch. With non-digits the network has an eleventh class, "not a
    digit". `rotation` (degrees) and `scaling` (of the logarithm of width and height) are standard
    deviations of a simpler augmentation.

    `filters`, `kernel_sizes` and `dense_units`, one number per layer, and `batch_normalization`
    describe the network of the preset `custom` only. `beta_1` is the momentum of the optimiser "sgd",
    and `beta_2` is for the other two. `compute_dtype` "auto" trains in bfloat16
    where the processor has hardware for it.

    A training with a `base_run` begins with that run's weights. It may learn from `drawings` labelled
    drawings, `drawing_share` of each batch; `drawings_digest` is the SHA-256 of their images and labels.
    `steps_per_epoch` is 0 where an epoch has every image of the data set once.

    A training with `teachers` learns the mean of these runs' probabilities instead of the labels (Hinton, Vinyals
    and Dean 2015, arXiv 1503.02531); validation and test keep the labels.

    `training_config` fills in the preset's defaults and turns a wrong value into an
    `InvalidConfig` that names the field, the value and what is allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: str = DEFAULT_PRESET
    data: Literal["mnist", "digits"] = "mnist"
    epochs: int = Field(default=5, ge=1, le=500)
    batch_size: int = Field(default=128, ge=1, le=8192)
    learning_rate: float = Field(default=0.001, gt=0, le=1, allow_inf_nan=False)
    optimizer: Literal["adam", "sgd", "rmsprop"] = "adam"
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
    base_run: str = Field(default="", max_length=100)
    drawings: int = Field(default=0, ge=0, le=1_000_000)
    drawing_share: float = Field(default=0.0, ge=0, le=0.45)
    drawings_digest: str = Field(default="", max_length=64)
    steps_per_epoch: int = Field(default=0, ge=0, le=100_000)
    teachers: tuple[Annotated[str, Field(max_length=100)], ...] = Field(default=(), max_length=100)
    validation_fraction: float = Field(default=1 / 12, gt=0, le=0.5)
    patience: int = Field(default=3, ge=1, le=500)
    compute_dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    seed: int = Field(default=0, ge=0, lt=2**31)

    @model_validator(mode="after")
    def _settings_fit_together(self) -> "TrainingConfig":
        for count, share in (("synthetic_digits", "synthetic_digit_share"), ("non_digits", "non_digit_share")):
            if (getattr(self, count) > 0) != (getattr(self, share) > 0):
                raise ValueError(f"{count} and {share} go together: both 0, or both above 0")
        if (self.drawings > 0) != (self.drawing_share > 0) or (self.drawings and not self.base_run):
            raise ValueError("base_run, drawings and drawing_share go together: a run learns from drawings")
        if self.drawings and self.teachers:
            raise ValueError("drawings and teachers exclude each other: the base run is the teacher itself")
        for name in CUSTOM_FIELDS:
            if getattr(self, name) is not None and self.preset != "custom":
                raise ValueError(f"{name} can be set for the preset custom only, not for {self.preset}")
            if getattr(self, name) is None and self.preset == "custom":
                raise ValueError(f"{name} is needed for the preset custom")
        if self.preset == "custom":
            _check_layers(self.filters, self.kernel_sizes)
        for name in ("rotation", "scaling"):
            if getattr(self, name) and self.augmentation != "none":
                raise ValueError(f'{name} goes with augmentation "none" only; the others rotate and scale already')
        training_images = int(_TRAINING_IMAGES[self.data] * (1 - self.validation_fraction))
        if self.batch_size > training_images:
            raise ValueError(
                f"batch_size should be at most {training_images:,}, the number of images of {self.data} "
                f"to train on, got {self.batch_size}"
            )
        return self

    @field_validator("preset")
    @classmethod
    def _preset_exists(cls, name: str) -> str:
        if name not in PRESETS:
            raise ValueError(f"there is no preset {name!r}; choose one of {', '.join(PRESETS)}")
        return name


def _check_layers(filters: Sequence[int], kernel_sizes: Sequence[int]) -> None:
    """Raise ValueError unless the convolutions, without padding and each with 2 x 2 pooling, fit 28 x 28 pixels."""
    if not filters:
        raise ValueError("filters needs at least one number, such as 32,64: one per convolution")
    count = len(filters)
    if count != len(kernel_sizes):
        raise ValueError(f"kernel_sizes needs one number for each of the {count} filters, got {len(kernel_sizes)}")
    side = 28
    for layer, size in enumerate(kernel_sizes, 1):
        if size > side:
            raise ValueError(
                f"kernel_sizes: convolution {layer} of {size} x {size} does not fit the {side} x {side} pixels "
                "left at that layer; make it smaller or remove it"
            )
        side -= size - 1
        if side < 2:
            raise ValueError(
                f"kernel_sizes: convolution {layer} leaves {side} x {side} of the 28 x 28 pixels, "
                "too few for the 2 x 2 pooling after it; use smaller or fewer kernels"
            )
        side //= 2


def training_config(preset: str = DEFAULT_PRESET, **settings: Any) -> TrainingConfig:
    """The preset's configuration, with some settings changed.

    Parameters: `preset`, a name in `PRESETS`; `settings`, fields of `TrainingConfig`.
    Raises InvalidConfig.
    """
    return parse_config({"preset": preset, **defaults(preset, settings.get("data", "mnist")), **settings})


def defaults(preset: str, data: str) -> dict[str, Any]:
    """A preset's settings for a data set; its own epochs and batch size are meant for MNIST's 60,000 images."""
    settings = PRESETS[preset].defaults if preset in PRESETS else {}
    return settings | (_FOR_FEW_IMAGES if data == "digits" else {})


def parse_config(values: dict[str, Any]) -> TrainingConfig:
    """A configuration from plain values, by field. Raises InvalidConfig."""
    try:
        return TrainingConfig(**values)
    except ValidationError as error:
        raise InvalidConfig("; ".join(_sentence(problem) for problem in error.errors())) from None


def read_config(values: object) -> TrainingConfig:
    """A configuration from the JSON of a run, also of an earlier version. Raises InvalidConfig."""
    if not isinstance(values, dict):
        raise InvalidConfig("there are no settings")
    return parse_config({_RENAMED.get(name, name): value for name, value in values.items()})


def parse_numbers(text: str, name: str) -> tuple[int, ...]:
    """Whole numbers from typed text, such as "32, 64". Raises InvalidConfig, which names the field."""
    try:
        return tuple(int(part) for part in text.replace(",", " ").split())
    except ValueError:
        raise InvalidConfig(f"{name} should be whole numbers with commas, such as 32,64, got {text!r}") from None


def _sentence(problem: dict) -> str:
    name = ", number ".join(str(part + 1 if isinstance(part, int) else part) for part in problem["loc"])
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    if problem["type"] == "extra_forbidden":
        return f"there is no setting {name!r}; the settings are {', '.join(TrainingConfig.model_fields)}"
    if problem["type"] in _OUT_OF_RANGE and (limits := _limits(name)):
        return f"{name} should be {limits}, got {problem['input']!r}"
    wanted = problem["msg"].removeprefix("Input ").removeprefix("Tuple ").replace(" after validation, not", "; not")
    return f"{name} {wanted}, got {problem['input']!r}"


def _limits(name: str) -> str:
    """The allowed range of a number in words; empty for what is not a field."""
    field = TrainingConfig.model_fields.get(name)
    metadata = field.metadata if field else ()
    found = {bound: getattr(each, bound) for bound in _BOUNDS for each in metadata if hasattr(each, bound)}
    if "ge" in found and "le" in found:
        return f"from {found['ge']:,} to {found['le']:,}"
    low = f"at least {found['ge']:,}" if "ge" in found else f"above {found['gt']:,}" if "gt" in found else ""
    high = f"at most {found['le']:,}" if "le" in found else f"below {found['lt']:,}" if "lt" in found else ""
    return " and ".join(filter(None, (low, high)))
