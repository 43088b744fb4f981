"""What a training is asked to do: one frozen, validated object."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from digit_core.errors import InvalidConfig
from digit_core.records.presets import DEFAULT_PRESET, PRESETS

# scikit-learn's 1,437 training digits want smaller batches and more passes to see as many steps.
_FOR_FEW_IMAGES = {"epochs": 20, "batch_size": 64}


class TrainingConfig(BaseModel):
    """Everything a person chooses that can change a training's result.

    With `augmentation` "drawings" the data set's images are bent in every batch, less so in the
    last `gentle_epochs`. `written` digits and `counterexamples` are made by a generator of pen
    strokes; their shares are of each batch, and the rest is the data set's. With counter-examples
    the network has an eleventh class, "not a digit".

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
    augmentation: Literal["none", "drawings"] = "none"
    gentle_epochs: int = Field(default=0, ge=0, le=500)
    written: int = Field(default=0, ge=0, le=500_000)
    written_share: float = Field(default=0.0, ge=0, le=0.45)
    counterexamples: int = Field(default=0, ge=0, le=500_000)
    counterexample_share: float = Field(default=0.0, ge=0, le=0.45)
    validation_fraction: float = Field(default=1 / 12, gt=0, le=0.5)
    patience: int = Field(default=3, ge=1, le=500)
    seed: int = Field(default=0, ge=0, lt=2**31)

    @model_validator(mode="after")
    def _shares_have_something_to_share(self) -> "TrainingConfig":
        for name in ("written", "counterexamples"):
            share = f"{name.removesuffix('s')}_share"
            if (getattr(self, name) > 0) != (getattr(self, share) > 0):
                raise ValueError(f"{name} and {share} go together: both 0, or both above 0")
        return self

    @field_validator("preset")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in PRESETS:
            raise ValueError(f"there is no preset {name!r}; choose one of {', '.join(PRESETS)}")
        return name


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
    """A configuration from plain values, as read from a run's `config.json`. Raises InvalidConfig."""
    try:
        return TrainingConfig(**values)
    except ValidationError as error:
        raise InvalidConfig("; ".join(_sentence(problem) for problem in error.errors())) from None


def _sentence(problem: dict) -> str:
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    if problem["type"] == "extra_forbidden":
        return f"there is no setting {name!r}; the settings are {', '.join(TrainingConfig.model_fields)}"
    wanted = problem["msg"].removeprefix("Input ")
    return f"{name} {wanted}, got {problem['input']!r}"
