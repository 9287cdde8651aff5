"""What features are made of and for: the request, completed from the catalog."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Mode = Literal["events", "spine", "labelled events", "rows"]
Engine = Literal["duckdb", "spark"]


class Plan(BaseModel):
    """What the request comes to with what the catalog declares.

    `mode`: the events define the target; a spine names rows and target; each event carries its entity's target and
    one cutoff stands for all; or rows are learned from as they stand.
    """

    model_config = ConfigDict(frozen=True)

    mode: Mode
    feature_set: str
    dataset: str
    target: str
    entity: str
    time: str | None
    available: str | None
    cutoff: str | None
    horizon: str | None
    spine: str | None
    spine_entity: str | None = None
    spine_time: str | None = None
    engine: Engine = "duckdb"
