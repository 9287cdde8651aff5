"""Answer the questions around an evaluation: thresholds, fairness, errors, explanations. Nothing is left behind."""

from dataclasses import replace
from typing import Any

from axagents.errors import UserError, Waiting
from axagents.ml.evaluation.explaining import column_effects, explain_prediction
from axagents.ml.evaluation.performance import count_confusion, interval_of
from axagents.project import Project
from axagents.workflows.evaluation.dataset import Rows, choose_rows
from axagents.workflows.evaluation.erring import importance, search_slices, tell_search
from axagents.workflows.evaluation.material import Material, answer_rows, gather, load_rows, sensitive_columns
from axagents.workflows.evaluation.measuring import fairness_section
from axagents.workflows.evaluation.questions import (
    ErrorAnswer,
    ErrorQuestion,
    ExplainAnswer,
    ExplainQuestion,
    FairnessAnswer,
    FairnessQuestion,
    PredictionReport,
    ThresholdAnswer,
    ThresholdQuestion,
)
from axagents.workflows.evaluation.sections import ConfusionReport, OverviewReport
from axagents.workflows.evaluation.setup import sensitive_wanted
from axagents.workflows.evaluation.subject import Subject, find_subject
from axagents.workflows.evaluation.terms import AnswersQuestion
from axagents.workflows.evaluation.thresholds import threshold_section
from axagents.workflows.evaluation.withholding import (
    brief_fairness,
    keep_slices,
    must_withhold,
    withhold_groups,
    withhold_row,
)

_OVERALL = {"binary": ("accuracy", "recall", "precision"), "multiclass": ("accuracy",), "regression": ("mae", "rmse")}
_SEED = 0
_CAVEAT = "What a model leans on is not what causes the target; columns that move together share their weight."


def answer_thresholds(project: Project, asked: ThresholdQuestion) -> ThresholdAnswer:
    """Return which decision threshold serves; UserError unless the model gives the probability of one class."""
    material = _gather(project, asked)
    found = threshold_section(material, asked, seed=_SEED)
    if found is None:
        raise UserError(
            f"{material.subject.label} has no decision threshold: it is a {material.answers.task} model",
            field="model_id",
        )
    thresholds = found.model_copy(update={"curve": []})
    return ThresholdAnswer.model_validate({**_facts(material), "thresholds": thresholds})


def answer_fairness(project: Project, asked: FairnessQuestion) -> FairnessAnswer:
    """Return how groups compare; Waiting where no column is named or declared."""
    material = _gather(project, asked, sensitive=asked.sensitive)
    columns = sensitive_columns(material.dataset, asked.sensitive)
    if not columns:
        raise sensitive_wanted(material)
    found, _ = fairness_section(project, material, asked, columns=columns, seed=_SEED)
    shown = brief_fairness(found)
    shown = withhold_groups(shown) if must_withhold(project) else shown
    return FairnessAnswer.model_validate({**_facts(material), "fairness": shown})


def answer_errors(project: Project, asked: ErrorQuestion) -> ErrorAnswer:
    """Return where the model errs most."""
    material = _gather(project, asked)
    answers = material.answers
    searches = search_slices(material, seed=_SEED)
    notes = [tell_search(each) for each in searches]
    if must_withhold(project):
        searches, notes = keep_slices(searches, notes, material.dataset.sensitive)
    confusion = None if answers.task == "regression" else ConfusionReport.model_validate(count_confusion(answers))
    overall = {name: interval_of(name, answers) for name in _OVERALL[answers.task]}
    told = {"overall": overall, "confusion": confusion, "searches": searches, "notes": notes}
    return ErrorAnswer.model_validate({**_facts(material), **told})


def explain(project: Project, asked: ExplainQuestion) -> ExplainAnswer:
    """Return what a model leans on, or why it answered one row as it did.

    Raises:
        UserError: the dataset lacks what the model reads, or has no such row.
    """
    subject = find_subject(project, asked.model_id, allow_pickle=asked.allow_pickle)
    rows = _rows(project, subject, asked)
    told: dict[str, Any] = {
        "model": subject.name,
        "version": subject.version,
        "sha256": subject.sha256,
        "dataset": rows.dataset.name,
        "rows_from": rows.label,
        "metric": None,
        "losses": [],
        "overview": None,
        "prediction": None,
        "notes": [_CAVEAT],
    }
    if asked.row is not None:
        found = explain_prediction(subject.model, load_rows(project, subject, rows), asked.row, seed=_SEED)
        prediction = PredictionReport.model_validate({**vars(found), "row": asked.row}, from_attributes=True)
        told["prediction"] = withhold_row(prediction) if must_withhold(project) else prediction
        return ExplainAnswer.model_validate(told)
    return ExplainAnswer.model_validate(told | _overview(project, subject, rows))


def _overview(project: Project, subject: Subject, rows: Rows) -> dict[str, Any]:
    try:
        material = answer_rows(project, subject, rows=rows)
    except UserError as error:
        features = load_rows(project, subject, rows)
        overview = OverviewReport.model_validate(column_effects(subject.model, features, seed=_SEED))
        return {"overview": overview, "notes": [f"No column was shuffled: {error.message}.", _CAVEAT]}
    losses, overview = importance(material, seed=_SEED)
    return {"overview": overview, "metric": material.primary, "losses": losses}


def _rows(project: Project, subject: Subject, asked: ExplainQuestion) -> Rows:
    """Return the rows to look at; a row is counted in the whole dataset, whatever was held out of it."""
    try:
        rows = choose_rows(project, subject, asked.dataset)
    except Waiting as error:
        needs = [{**each, "field": "dataset"} for each in error.needs]
        raise Waiting(error.message, needs=needs) from None
    return rows if asked.row is None else replace(rows, numbers=None)


def _gather(project: Project, asked: AnswersQuestion, *, sensitive: list[str] | None = None) -> Material:
    return gather(
        project, asked.model_id, asked.evaluation_dataset, sensitive=sensitive, allow_pickle=asked.allow_pickle
    )


def _facts(material: Material) -> dict[str, Any]:
    subject = material.subject
    return {
        "model": subject.name,
        "version": subject.version,
        "sha256": subject.sha256,
        "dataset": material.dataset.name,
        "rows_from": material.rows.label,
        "rows": material.answers.rows,
        "task": material.answers.task,
        "target": material.target,
        "warnings": list(material.notes),
    }
