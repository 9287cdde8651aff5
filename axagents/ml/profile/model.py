"""What a profile says of a dataset. No row of the data is in it, and no value that could name somebody."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["identifier", "numeric", "boolean", "category", "date", "text", "constant", "empty"]
Dtype = Literal["number", "boolean", "date", "string"]
Measure = Literal["pearson", "spearman", "cramers_v", "correlation_ratio"]
Severity = Literal["problem", "warning", "note"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Histogram(_Frozen):
    """Counts between edges (one more edge than counts); what lies outside is counted apart."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    below: int = 0
    above: int = 0


class Quantiles(_Frozen):
    """Quantiles by linear interpolation."""

    p01: float
    p05: float
    p25: float
    p50: float
    p75: float
    p95: float
    p99: float


class NumberFacts(_Frozen):
    """The distribution of numbers; infinities count as missing. `std` has n - 1, `skew` is the adjusted one."""

    minimum: float
    maximum: float
    mean: float
    std: float | None
    skew: float | None
    zeros: int
    negatives: int
    quantiles: Quantiles
    histogram: Histogram


class DateFacts(_Frozen):
    """The distribution of dates; the edges of the histogram are seconds since 1970."""

    first: str
    last: str
    days: float
    histogram: Histogram


class TopValue(_Frozen):
    """A value that occurs more than once, and how often."""

    value: str
    rows: int


class ColumnProfile(_Frozen):
    """One column."""

    name: str
    kind: Kind
    dtype: Dtype
    because: str
    missing: int
    unreadable: int = Field(default=0, description="Values that are neither missing marks nor of the column's type.")
    distinct: int
    distinct_estimated: bool = Field(default=False, description="Whether only a share of the values was counted.")
    withheld: str | None = Field(default=None, description="Why no value is shown, where none is.")
    numbers: NumberFacts | None = None
    dates: DateFacts | None = None
    top: tuple[TopValue, ...] = ()


class Duplicates(_Frozen):
    """Rows that repeat an earlier one: whole, and apart from identifiers (None when there are none)."""

    rows: int
    rows_without_identifiers: int | None = None
    estimated: bool = False


class Association(_Frozen):
    """How strongly two columns go together."""

    one: str
    other: str
    measure: Measure
    value: float


class TargetAssociation(_Frozen):
    """How strongly a column goes together with the target; `auc` for a binary target, of this column alone."""

    column: str
    measure: Measure
    value: float
    auc: float | None = None


class CorrelationMatrix(_Frozen):
    """Correlations of the numeric and yes/no columns over pairwise complete rows; None where one is constant."""

    names: tuple[str, ...]
    pearson: tuple[tuple[float | None, ...], ...]
    spearman: tuple[tuple[float | None, ...], ...]


class Suspicion(_Frozen):
    """Something about the data, or one of its columns, that should be looked at."""

    rule: str
    severity: Severity
    column: str | None = None
    text: str


class TargetFacts(_Frozen):
    """What the target asks for: the task, its classes with their rows, which of two is the positive one, and why."""

    task: Literal["binary", "multiclass", "regression"]
    classes: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    positive: str | None = None
    missing: int = 0
    because: str


class DataProfile(_Frozen):
    """A dataset's profile: types, missing values, distributions, correlations, duplicates, suspicions."""

    dataset: str
    location: str | None = None
    sha256: str | None = None
    rows: int
    sampled_rows: int | None = Field(
        default=None, description="Random rows from which the figures named in `estimated` come; none: all rows."
    )
    estimated: tuple[str, ...] = Field(default=(), description="Figures that come from the sample or are approximate.")
    target: str | None = None
    target_facts: TargetFacts | None = None
    duplicates: Duplicates
    columns: tuple[ColumnProfile, ...]
    target_associations: tuple[TargetAssociation, ...] = ()
    associations: tuple[Association, ...] = ()
    correlation: CorrelationMatrix | None = None
    suspicions: tuple[Suspicion, ...] = ()
    notices: tuple[str, ...] = ()
    profiled_at: str

    def column(self, name: str) -> ColumnProfile:
        """Return one column; KeyError when there is none of that name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
