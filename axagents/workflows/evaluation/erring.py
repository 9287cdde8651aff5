"""Where a model errs, as a section of an evaluation."""

from axagents.errors import UserError
from axagents.ml.evaluation.explaining import column_effects, column_losses
from axagents.ml.evaluation.latency import measure_latency
from axagents.ml.evaluation.robustness import check_robustness
from axagents.ml.evaluation.slices import MEASURES, Measure, SliceSearch, find_slices
from axagents.workflows.evaluation.material import Material
from axagents.workflows.evaluation.request import EvaluationRequest
from axagents.workflows.evaluation.sections import (
    ErrorReport,
    LatencyReport,
    LossReport,
    OverviewReport,
    RobustnessReport,
    SliceReport,
    SliceSearchReport,
)

_SECONDS = 0.7

_MEASURES: dict[str, tuple[Measure, ...]] = {
    "binary": ("error", "missed", "false_alarm"),
    "multiclass": ("error",),
    "regression": ("absolute_error",),
}


def error_section(material: Material, wanted: EvaluationRequest, *, primary: str) -> ErrorReport:
    """Find where the model errs, what it leans on, what disturbed rows do to it, and how long it takes."""
    seed = wanted.seed
    searches = search_slices(material, seed=seed) if wanted.slices else []
    robustness, untold = robustness_report(material, primary=primary, seed=seed) if wanted.robustness else (None, "")
    losses, overview = importance(material, seed=seed)
    timed = measure_latency(material.model.scores, material.features, seconds=_SECONDS) if wanted.latency else ()
    latency = [LatencyReport.model_validate(each) for each in timed]
    told = [
        *[tell_search(each) for each in searches],
        *([_tell_robustness(robustness)] if robustness else []),
        *([untold] if untold else []),
        *([] if losses else [f"no column was shuffled: {material.primary} is not defined on the rows drawn for it"]),
        *[_tell_latency(each) for each in latency[:1]],
    ]
    return ErrorReport(
        searches=searches, losses=losses, overview=overview, robustness=robustness, latency=latency, notes=told
    )


def search_slices(material: Material, *, seed: int) -> list[SliceSearchReport]:
    """Search for groups of rows in which the model errs more, by each kind of error of the task."""
    frame = material.described(sliced_columns(material))
    return [
        _report(find_slices(material.answers, frame, measure=measure, seed=seed))
        for measure in _MEASURES[material.answers.task]
    ]


def importance(material: Material, *, seed: int) -> tuple[list[LossReport], OverviewReport]:
    """Return what the model leans on: the loss when a column is shuffled, and how much each moves scores."""
    answers = material.answers
    losses = column_losses(
        material.model, material.features, answers.y, metric=material.primary, entity=answers.entity, seed=seed
    )
    overview = column_effects(material.model, material.features, seed=seed)
    return [LossReport.model_validate(each) for each in losses], OverviewReport.model_validate(overview)


def robustness_report(material: Material, *, primary: str, seed: int) -> tuple[RobustnessReport | None, str]:
    """Disturb what the model reads, and see what that does to the primary metric; None, and why, where none is left.

    That is where a class is so rare that the rows drawn hold none of it.
    """
    try:
        found = check_robustness(material.model.scores, material.features, material.answers, metric=primary, seed=seed)
    except UserError as error:
        return None, f"robustness was not measured on the rows drawn for it: {error.message}"
    return RobustnessReport.model_validate(found), ""


def sliced_columns(material: Material) -> list[str]:
    """Return the columns that segments are made of: what the model reads, groups, and what else describes a row."""
    ties = {material.target, material.dataset.entity}
    unfit = ("identifier", "text", "constant", "empty")
    return [name for name in material.columns if name not in ties and material.dataset.column(name).kind not in unfit]


def _report(found: SliceSearch) -> SliceSearchReport:
    slices = [
        SliceReport.model_validate(
            {**vars(each), "text": each.text, "columns": [condition.column for condition in each.conditions]},
            from_attributes=True,
        )
        for each in found.slices
    ]
    return SliceSearchReport.model_validate({**vars(found), "measure": MEASURES[found.measure], "slices": slices})


def tell_search(found: SliceSearchReport) -> str:
    """Return what a search came to in one line: the worst group that was confirmed, if any."""
    confirmed = [each for each in found.slices if each.confirmed]
    told = f"{found.measure}: {found.overall:.3g} overall; "
    if not confirmed:
        return f"{told}of {found.looked_at:,} groups none was confirmed to be worse"
    worst = confirmed[0]
    return f"{told}worst where {worst.text}: {worst.inside:.3g} against {worst.outside:.3g} ({worst.rows:,} rows)"


def _tell_robustness(found: RobustnessReport) -> str:
    worse = [each for each in found.effects if each.worse and each.change is not None]
    if not worse:
        return f"{found.metric} is not shown to suffer from disturbed rows"
    worst = max(worse, key=lambda each: abs(each.change.mean) if each.change else 0.0)
    assert worst.change is not None
    return f"{found.metric} {found.value:.4f} changes most with {worst.text}: {worst.change.mean:+.4f}"


def _tell_latency(found: LatencyReport) -> str:
    told = ", ".join(f"{name} {each.mean:.2f} ms" for name, each in found.percentiles.items())
    return f"one answer takes {told} in this process"
