"""What requests about a model's answers share: which model, which labelled rows, which groups, what errors cost."""

from pydantic import BaseModel, ConfigDict, Field

from axagents.fields import RequiredText


class ModelQuestion(BaseModel):
    """Which model is asked about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model_id: RequiredText = Field(
        description="Model such as churn-classifier, churn-classifier:2.1.0 or churn-classifier-v2, a deployment, or a "
        "model folder of the project."
    )
    allow_pickle: bool = Field(
        default=False, description="Load a pickle that this project's registry holds; a pickle can run any code."
    )


class AnswersQuestion(ModelQuestion):
    """Which model, on which labelled rows."""

    evaluation_dataset: RequiredText | None = Field(
        None, description="Dataset with labels. Default: the rows that the training held out."
    )


class FairnessTerms(BaseModel):
    """By what groups are compared, and what is too much."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sensitive: list[RequiredText] | None = Field(
        None, min_length=1, description="Columns of groups to compare. Default: those the catalog declares sensitive."
    )
    fairness_criterion: RequiredText | None = Field(
        None,
        description="The one measure that gates; the others inform. Default: equalized_odds_difference, for values "
        "mean_residual_difference.",
    )
    fairness_limit: float | None = Field(
        None, ge=0, le=1, description="The most difference that passes (default 0.1), or the least ratio (default 0.8)."
    )


class ThresholdTerms(BaseModel):
    """What errors cost, and what is demanded of a decision threshold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cost_false_positive: float | None = Field(None, ge=0, description="What a false alarm costs. Default: 1.")
    cost_false_negative: float | None = Field(None, ge=0, description="What a missed positive costs. Default: 1.")
    min_recall: float | None = Field(None, gt=0, le=1, description="The least recall that a threshold must reach.")
    min_precision: float | None = Field(None, gt=0, le=1, description="The least precision it must reach.")
