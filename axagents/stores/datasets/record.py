"""What the catalog keeps of a dataset: where it lies, what it is, and what its owner declared."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from axagents.fields import RequiredText, parse_moment, parse_window
from axagents.ml.columns import ColumnSpec, TargetChoice

Role = Literal["train", "holdout", "reference"]
Format = Literal["csv", "parquet"]
Source = Literal["file", "url", "sql"]


def _check_window(text: str) -> str:
    parse_window(text)
    return text.strip()


def _check_moment(text: str) -> str:
    parse_moment(text)
    return text.strip()


def _check_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", text):
        raise ValueError("a dataset's name is 1 to 100 letters, digits, _ . - and begins with a letter or digit")
    return text


DatasetName = Annotated[RequiredText, AfterValidator(_check_name)]


class CsvLayout(BaseModel):
    """How a text file is laid out. The delimiter ' ' stands for any run of spaces."""

    model_config = ConfigDict(frozen=True)

    encoding: str = "utf-8"
    delimiter: str = ","
    header: bool = True
    columns: tuple[str, ...]


class Declarations(BaseModel):
    """What the owner of a dataset says of it, since no file can tell."""

    model_config = ConfigDict(frozen=True)

    target: str | None = Field(default=None, description="The column to predict.")
    entity: str | None = Field(default=None, description="The column that says whom or what a row is about.")
    time: str | None = Field(default=None, description="The column that says when a row happened.")
    cutoff: Annotated[str, AfterValidator(_check_moment)] | None = Field(
        default=None, description="Nothing after this moment may be known to a model."
    )
    label_window: Annotated[str, AfterValidator(_check_window)] | None = Field(
        default=None, description="How long after the cutoff the label is watched for, such as 90d."
    )
    role: Role = Field(default="train", description="What the dataset is for.")
    sensitive: tuple[str, ...] = Field(default=(), description="Columns of protected groups; never sent to a provider.")
    unknown_at_prediction: tuple[str, ...] = Field(
        default=(), description="Columns whose values are not known yet when a prediction is made."
    )


class NewDataset(Declarations):
    """What is typed to add a dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: DatasetName

    def declarations(self) -> Declarations:
        """Return the declarations alone."""
        return Declarations(**self.model_dump(exclude={"name"}))


class Fingerprint(BaseModel):
    """What says whether a file is still the same; the times only save reading a large file again."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    size: int
    modified_ns: int = 0
    changed_ns: int = 0


class Dataset(Declarations):
    """One dataset: a reference with a fingerprint, never a copy."""

    name: str
    location: str = Field(description="Path (relative to the project when inside it), URL, or database URL#table.")
    source: Source = "file"
    format: Format
    layout: CsvLayout | None = None
    fingerprint: Fingerprint
    rows: int
    columns: tuple[ColumnSpec, ...]
    sampled_rows: int | None = Field(default=None, description="Rows the columns were inferred from; none for all.")
    target_choice: TargetChoice | None = Field(default=None, description="The task that the target asks for.")
    catalogued: bool = Field(default=True, description="False for a file that was named but not added.")
    notices: tuple[str, ...] = ()
    added_at: str

    @property
    def target_is_derived(self) -> bool:
        """Whether the target is no column, but made from the events: none within the label window."""
        return self.target is not None and self.target not in {column.name for column in self.columns}

    def column(self, name: str) -> ColumnSpec:
        """Return one column; KeyError when there is none of that name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
