"""An evaluation as one HTML page that needs nothing else, for light and dark screens."""

from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.curves import draw_curves
from axagents.workflows.evaluation.charts import HEIGHT, WIDTH, Bars, axis_around, draw, draw_bars, tell, write
from axagents.workflows.evaluation.request import EvaluationResult
from axagents.workflows.evaluation.sections import (
    AttributeReport,
    LossReport,
    RivalReport,
    RobustnessReport,
    SliceSearchReport,
)
from axagents.workflows.train.request import Figure

_RATES = ("selection_rate", "true_positive_rate", "false_positive_rate", "mean_prediction", "mean_residual")
_MOST_SLICES = 12
_PROPORTIONS = ("accuracy", "precision", "recall", "f1", "auc_roc", "auc_pr")


def write_page(result: EvaluationResult, answers: Answers) -> str:
    """Write an evaluation as a page of HTML with its plots inside."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(figure=tell, number=write)
    template = environment.from_string((files("axagents.workflows.evaluation") / "page.html.j2").read_text("utf-8"))
    bins = result.performance.calibration[0].bins if result.task == "binary" and result.performance.calibration else []
    drawn = draw(
        draw_curves(answers),
        bins=bins,
        points=result.thresholds.curve if result.thresholds else [],
        threshold=result.threshold,
        confusion=result.performance.confusion,
    )
    return template.render(
        r=result,
        drawn=drawn,
        width=WIDTH,
        height=HEIGHT,
        metrics=_metric_bars(result),
        attributes=[(each, _group_bars(each)) for each in result.fairness.attributes] if result.fairness else [],
        searches=[(each, _slice_bars(each)) for each in result.errors.searches if each.slices],
        importance=_loss_bars(result.errors.losses[:_MOST_SLICES]) if result.errors.losses else None,
        robustness=_effect_bars(result.errors.robustness) if result.errors.robustness else None,
        rivals=[(each, _difference_bars(each)) for each in result.comparison.rivals if each.differences],
    )


def _metric_bars(result: EvaluationResult) -> Bars:
    """Return the metrics that lie between 0 and 1 over one axis."""
    shown = {name: each for name, each in result.performance.metrics.items() if name in _PROPORTIONS}
    return draw_bars([(name, each, "", each.method) for name, each in shown.items()], axis=(0.0, 1.0))


def _group_bars(found: AttributeReport) -> list[tuple[str, Bars]]:
    charts: list[tuple[str, Bars]] = []
    for name in _RATES:
        rows = [
            (f"{each.name} ({each.rows:,})", figure, "" if each.scored else "faint", each.why)
            for each in found.groups
            if (figure := each.figures.get(name)) is not None
        ]
        if rows:
            axis = axis_around([each[1] for each in rows])
            charts.append((name.replace("_", " "), draw_bars(rows, axis=axis)))
    return charts


def _slice_bars(found: SliceSearchReport) -> Bars:
    shown = found.slices[:_MOST_SLICES]
    rows = [
        (
            each.text,
            each.difference,
            "" if each.confirmed else "faint",
            f"{each.rows:,} rows: {write(each.inside)} there, {write(each.outside)} elsewhere",
        )
        for each in shown
    ]
    axis = axis_around([each.difference for each in shown], least=(0.0,))
    return draw_bars(rows, axis=axis, limits=(0.0,))


def _loss_bars(found: list[LossReport]) -> Bars:
    rows = [(each.column, each.loss, "", "") for each in found]
    return draw_bars(rows, axis=axis_around([each.loss for each in found], least=(0.0,)), limits=(0.0,))


def _effect_bars(found: RobustnessReport) -> Bars:
    effects = [(each.text, each.change, "bad" if each.worse else "", each.value) for each in found.effects]
    shifts = [(f"{each.text} ({each.metric})", each.change, "", each.value) for each in found.shifts]
    rows = [
        (text, change, style, "" if value is None else f"{write(value)} then")
        for text, change, style, value in [*effects, *shifts]
        if change is not None
    ]
    return draw_bars(rows, axis=axis_around([each[1] for each in rows], least=(0.0,)), limits=(0.0,))


def _difference_bars(found: RivalReport) -> Bars:
    shown: list[tuple[str, Figure, str, str]] = [
        (
            each.metric,
            each.difference,
            {"better": "good", "worse": "bad", "unclear": ""}[each.better],
            f"{write(each.ours)} against {write(each.theirs)}",
        )
        for each in found.differences
        if each.difference is not None
    ]
    axis = axis_around([each[1] for each in shown], least=(0.0,))
    return draw_bars(shown, axis=axis, limits=(0.0,))
