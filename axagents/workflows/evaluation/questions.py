"""What the tools around an evaluation are asked, and what they answer; none of them leaves anything behind."""

from typing import Any

from pydantic import ConfigDict, Field

from axagents.fields import RequiredText
from axagents.workflows.evaluation.sections import (
    ConfusionReport,
    FairnessReport,
    LossReport,
    Measured,
    OverviewReport,
    Section,
    SliceSearchReport,
    ThresholdReport,
)
from axagents.workflows.evaluation.terms import AnswersQuestion, FairnessTerms, ModelQuestion, ThresholdTerms


class ThresholdQuestion(AnswersQuestion, ThresholdTerms):
    """Which decision threshold serves, by what errors cost or by what must be reached."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FairnessQuestion(AnswersQuestion, FairnessTerms):
    """Whether groups are treated alike."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ErrorQuestion(AnswersQuestion):
    """Where a model errs most."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ExplainQuestion(ModelQuestion):
    """What a model leans on, or why it answered one row as it did."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: RequiredText | None = Field(
        None, description="Dataset whose rows are looked at. Default: the rows that the training held out."
    )
    row: int | None = Field(None, ge=0, description="Explain the prediction of this row; the dataset's first is 0.")


class Answered(Section):
    """Which model answered which rows, and what a person should know of them."""

    model: str
    version: str | None
    sha256: str
    dataset: str
    rows_from: str
    rows: int
    task: str
    target: str
    warnings: list[str]


class ThresholdAnswer(Answered):
    """Decision thresholds by rule, with what they give on rows that they were not chosen on."""

    thresholds: ThresholdReport


class FairnessAnswer(Answered):
    """Each sensitive column's groups compared, and the verdict by the one criterion that was declared."""

    fairness: FairnessReport


class ErrorAnswer(Answered):
    """Groups of rows in which the model errs more, confirmed on rows that they were not found on."""

    overall: dict[str, Measured]
    confusion: ConfusionReport | None
    searches: list[SliceSearchReport]
    notes: list[str]


class ContributionReport(Section):
    """What one column adds to a score; the value is left out where rows may not be shown."""

    column: str
    value: Any = None
    amount: float
    error: float | None = None


class HintReport(Section):
    """The smallest change of one column that would flip the label; values are left out where rows may not be shown."""

    column: str
    value: Any = None
    instead: Any = None
    label: str
    score: float


class PredictionReport(Section):
    """One prediction taken apart: the contributions add up to `total` less `base` on the scale."""

    row: int
    label: str | None
    score: float
    explained: str | None
    scale: str
    base: float
    total: float
    contributions: list[ContributionReport]
    method: str
    hints: list[HintReport]


class ExplainAnswer(Section):
    """What a model leans on: by shuffling columns, by Shapley values, and for one row."""

    model: str
    version: str | None
    sha256: str
    dataset: str
    rows_from: str
    metric: str | None
    losses: list[LossReport] = Field(description="Empty where the rows have no labels, or one row was asked about.")
    overview: OverviewReport | None
    prediction: PredictionReport | None
    notes: list[str]
