"""What is known about one column: its meaning, how its values are read, and how many there are."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["identifier", "numeric", "boolean", "category", "date", "text", "constant", "empty"]
Dtype = Literal["number", "boolean", "date", "string"]


class NumberFormat(BaseModel):
    """How numbers are written in a text column."""

    model_config = ConfigDict(frozen=True)

    thousands: Literal["", ",", ".", " ", "'"] = ""
    decimal: Literal[".", ","] = "."
    parentheses: bool = Field(default=False, description="Negative numbers stand in parentheses.")
    units: tuple[str, ...] = Field(default=(), description="Signs stripped from a value: $, €, £, %, USD, ...")


class ColumnSpec(BaseModel):
    """One column of a dataset.

    `kind` says what the column means, `dtype` what `prepare_frame` makes of it:
    number -> float64, boolean -> float64 of 1, 0 and NaN, date -> datetime64[ns] (UTC, naive),
    string -> object of str and None. Identifiers are always strings, so that no digit is lost.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Kind
    dtype: Dtype
    rows: int = Field(ge=0, description="Rows that were looked at.")
    missing: int = Field(ge=0, description="Rows without a value, blanks and marks such as ? included.")
    distinct: int = Field(ge=0, description="Different values, missing not counted.")
    whole: bool = Field(default=False, description="Every number is a whole number.")
    missing_tokens: tuple[str, ...] = Field(default=(), description="Texts that were found and read as missing.")
    kept_tokens: tuple[str, ...] = Field(default=(), description="Texts that look like missing marks, but are values.")
    true_tokens: tuple[str, ...] = Field(default=(), description="Texts read as true, lower case.")
    false_tokens: tuple[str, ...] = Field(default=(), description="Texts read as false, lower case.")
    date_format: str | None = Field(
        default=None, description="'iso', 'epoch-s', 'epoch-ms' or a strptime format; none for native dates."
    )
    number_format: NumberFormat | None = Field(default=None, description="Set when numbers are stored as text.")
    suffix: str = Field(default="", description="Ending that every value carries and that is cut off.")
    because: str = Field(default="", description="Why the column was read so, in a few words.")

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing
