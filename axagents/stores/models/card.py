"""`axagents.json`: what makes an MLflow model folder a whole model of ours, as plain JSON beside the `MLmodel` file."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from axagents.errors import UserError
from axagents.ml.calibration import Calibrator
from axagents.ml.columns import ColumnSpec, Task
from axagents.stores.features.record import FeatureReference

CARD = "axagents.json"


class Example(BaseModel):
    """Rows as they were read, and what the model answered to them when it was saved.

    `scores` are as FittedModel.scores gives them, `labels` as its predict does.
    """

    model_config = ConfigDict(frozen=True)

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    scores: tuple[float | tuple[float, ...], ...]
    labels: tuple[str | float, ...]


class ModelCard(BaseModel):
    """Task, classes, calibrator, threshold, schema, feature set and training facts of a saved model."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    framework: Literal["xgboost", "sklearn"]
    estimator: str = Field(description="The class at the end of the pipeline, for people.")
    task: Task
    target: str
    classes: tuple[str, ...] = ()
    positive: str | None = None
    calibrator: Calibrator | None = None
    threshold: float | None = None
    columns: tuple[ColumnSpec, ...]
    features: FeatureReference | None = Field(
        default=None, description="The version of a feature set that its columns come from, if they do."
    )
    facts: dict[str, Any] = {}
    training: dict[str, Any] = Field(default={}, description="Data, experiment, run, configuration and metrics.")
    example: Example


def read_card(folder: Path) -> ModelCard | None:
    """Read `folder/axagents.json`; None when there is none.

    Raises:
        UserError: it is not what `save_model` writes.
    """
    path = folder / CARD
    if not path.is_file():
        return None
    try:
        return ModelCard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UserError(f"{path}: {where}: {first['msg']}", field="model_path") from None


def write_card(folder: Path, card: ModelCard) -> None:
    """Write `folder/axagents.json`."""
    (folder / CARD).write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
