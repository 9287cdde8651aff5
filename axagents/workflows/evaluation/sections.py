"""The sections of an evaluation as result and tools tell them; what was computed is taken over by its names."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from axagents.workflows.train.request import Figure


def _as_figure(found: Any) -> Any:
    """Return an interval as a figure; ends that are not finite become null, and a value that is not makes it null."""
    if not hasattr(found, "low") or not hasattr(found, "value"):
        return found
    if not math.isfinite(found.value):
        return None
    low, high = (float(end) if math.isfinite(end) else None for end in (found.low, found.high))
    return {"mean": float(found.value), "low": low, "high": high, "method": found.method}


def _as_texts(found: Any) -> Any:
    """Return a mapping with its keys as texts."""
    return {str(key): value for key, value in found.items()} if isinstance(found, Mapping) else found  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


Measured = Annotated[Figure, BeforeValidator(_as_figure)]
MaybeMeasured = Annotated[Figure | None, BeforeValidator(_as_figure)]
Verdict = Literal["PASS", "FAIL", "INSUFFICIENT"]


class Section(BaseModel):
    """A part of an evaluation, taken from what was computed by the names of its fields."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class ClassReport(Section):
    """One class against the others: how often it is true and predicted, and its metrics."""

    name: str
    support: int
    predicted: int
    metrics: dict[str, MaybeMeasured]


class ConfusionReport(Section):
    """How often each true class (row) was called each class (column), and the shares of each row."""

    classes: list[str]
    counts: list[list[int]]
    shares: list[list[float]]


class ResidualReport(Section):
    """Truth less prediction: its mean (the bias), and its quantiles by share."""

    mean: Measured
    quantiles: Annotated[dict[str, MaybeMeasured], BeforeValidator(_as_texts)]


class CalibrationBin(Section):
    """Rows of similar prediction: how many, the mean prediction, and the share or mean observed."""

    low: float
    high: float
    rows: int
    predicted: float
    observed: Measured


class CalibrationError(Section):
    """The mean distance between observed and predicted, beside what chance alone gives."""

    value: float
    by_chance: float
    chance_limit: float


class CalibrationReport(Section):
    """Whether the probability of one class, or the value, means what it says; slope 1 and intercept 0 are right."""

    name: str
    slope: MaybeMeasured
    intercept: MaybeMeasured
    in_the_large: MaybeMeasured
    bins: list[CalibrationBin]
    error: CalibrationError | None
    notes: list[str]


class PerformanceReport(Section):
    """Every metric of the task with its interval, as a whole and by class; `calibration` has one entry a class."""

    metrics: dict[str, Measured]
    classes: list[ClassReport] = []
    averages: dict[str, dict[str, MaybeMeasured]] | None = None
    confusion: ConfusionReport | None = None
    residuals: ResidualReport | None = None
    calibration: list[CalibrationReport] = []
    notes: list[str] = []


class GroupReport(Section):
    """One group: its rows, its rows of the positive class, and its figures; one that is not scored is only shown."""

    name: str
    rows: int
    positives: dict[str, int]
    scored: bool
    why: str
    figures: dict[str, MaybeMeasured]


class CriterionReport(Section):
    """One fairness measure of an attribute, and the two groups that set it; null where groups are too small."""

    name: str
    title: str
    value: MaybeMeasured
    between: list[str]
    part: str


class AttributeReport(Section):
    """What is said of one sensitive column, or of two crossed; pairs inform and do not gate."""

    name: str
    columns: list[str]
    binning: str
    groups: list[GroupReport]
    criteria: dict[str, CriterionReport]
    verdict: Verdict
    gates: bool
    rows_needed: int | None
    why: str


class FairnessRule(Section):
    """The one measure that gates, and its limit."""

    criterion: str
    limit: float
    level: float


class MitigationReport(Section):
    """One way to be fairer, with its estimated cost on rows that it was not chosen on."""

    name: str
    target: str
    source: str
    thresholds: dict[str, float]
    before: dict[str, CriterionReport]
    after: dict[str, CriterionReport]
    verdict: Verdict
    accuracy: Measured
    f1: Measured
    rows: int
    catch: str


class FairnessReport(Section):
    """How fair the answers are to the groups of each sensitive column, and of each two."""

    rule: FairnessRule
    verdict: Verdict
    attributes: list[AttributeReport]
    pairs: list[AttributeReport]
    mitigation: list[MitigationReport] = []
    notes: list[str]


class DifferenceReport(Section):
    """This model less the other on one metric, on the same rows; `better` or worse by the whole interval."""

    metric: str
    ours: float
    theirs: float
    difference: MaybeMeasured
    better: Literal["better", "unclear", "worse"]


class RivalReport(Section):
    """The baseline, or the version before; `outcome` null where it could not answer these rows, `because` says why.

    `changed` counts the rows that the two call differently.
    """

    role: Literal["baseline", "previous"]
    name: str
    outcome: Literal["better", "unclear", "worse"] | None
    because: str
    changed: int | None = None
    differences: list[DifferenceReport] = []


class ComparisonReport(Section):
    """The model beside the baseline and the version before it, paired on the very rows it is judged on."""

    primary: str
    rivals: list[RivalReport]


class ThresholdPoint(Section):
    """What one threshold gives on the reported rows; alerts and cost per thousand rows."""

    threshold: float
    precision: float
    recall: float
    f1: float
    false_positive_rate: float
    alerts: float
    cost: float


class ThresholdOption(Section):
    """One rule's threshold and what it gives on the reported rows; alerts and costs per thousand rows.

    `cost_change` is against the threshold in use; `kept` says whether what the rule demands holds by the whole
    interval, null where that is open; `met` whether it could be kept on the rows it was chosen on.
    """

    name: str
    threshold: float
    met: bool
    kept: bool | None
    metrics: dict[str, MaybeMeasured]
    alerts: Measured
    cost: Measured
    cost_change: MaybeMeasured


class ThresholdReport(Section):
    """Decision thresholds by rule, the one in use first; chosen on some rows and reported on others."""

    in_use: float
    recommended: ThresholdOption
    because: str
    options: list[ThresholdOption]
    chosen_on: str
    reported_on: str
    cost_false_positive: float
    cost_false_negative: float
    curve: list[ThresholdPoint]
    notes: list[str]


class SliceReport(Section):
    """A group of rows in which the model errs more, as it is on the half of the rows that confirms.

    `inside` and `outside` are the mean loss of the group and of all others; `confirmed` when the whole interval of the
    difference lies above zero.
    """

    text: str
    columns: list[str] = []
    rows: int
    share: float
    inside: float
    outside: float
    difference: Measured
    confirmed: bool


class SliceSearchReport(Section):
    """What was looked for, in how many groups, and what was found: the confirmed first."""

    measure: str
    overall: float
    looked_at: int
    slices: list[SliceReport]
    method: str
    notes: list[str]


class EffectReport(Section):
    """What one disturbance of the rows does to the metric; `refused` when the model could not score such rows."""

    text: str
    columns: int
    value: float | None
    change: MaybeMeasured
    worse: bool
    flipped: MaybeMeasured
    refused: str | None


class ShiftReport(Section):
    """What the metric would be if a group of rows had another share, and nothing else were different."""

    text: str
    metric: str
    share: float
    new_share: float
    value: float
    change: MaybeMeasured


class RobustnessReport(Section):
    """The metric on the rows as they are, and what disturbances and shifts of the labels do to it."""

    metric: str
    rows: int
    value: float
    effects: list[EffectReport]
    shifts: list[ShiftReport]
    notes: list[str]


class LatencyReport(Section):
    """Milliseconds a call on so many rows, in this process, warm; an upper end that cannot be told is null."""

    rows: int
    calls: int
    percentiles: dict[str, Measured]
    slowest: float


class LossReport(Section):
    """What the primary metric loses when one column is shuffled (permutation importance)."""

    column: str
    loss: Measured


class ColumnEffectReport(Section):
    """How much a column moves scores: the mean absolute Shapley value over rows."""

    column: str
    effect: Measured


class OverviewReport(Section):
    """The effects of all columns, the largest first, and the scale that they are on."""

    effects: list[ColumnEffectReport]
    scale: str
    rows: int
    method: str


class ErrorReport(Section):
    """Where the model errs, what it leans on, how steady it is, and how long it takes; what was not asked is null."""

    searches: list[SliceSearchReport] = []
    losses: list[LossReport] = []
    overview: OverviewReport | None = None
    robustness: RobustnessReport | None = None
    latency: list[LatencyReport] = []
    notes: list[str] = []
