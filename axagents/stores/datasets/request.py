"""What can be asked of a dataset; nothing heavy is imported with it."""

from pydantic import BaseModel, ConfigDict, Field

from axagents.fields import RequiredText


class ProfileRequest(BaseModel):
    """A dataset to profile."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: RequiredText = Field(description="The dataset's name in the catalog, or that of a file in data/.")
    target: RequiredText | None = Field(
        default=None, description="The column to relate the others to; by default the dataset's declared target."
    )
