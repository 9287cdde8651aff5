"""Compare experiments: which is better on what, by how much, and how sure that is."""

from collections.abc import Sequence
from itertools import combinations

from axagents.errors import NotFound, UserError
from axagents.ml.intervals import metric_levels
from axagents.ml.metrics import METRICS, metrics_for, primary_metric, standard_name
from axagents.progress import advance
from axagents.project import Project, current_project
from axagents.workflows.experiments.evidence import Side, find_side
from axagents.workflows.experiments.pairing import measure_difference
from axagents.workflows.experiments.request import ComparedRun, Comparison, ComparisonRequest, Difference

LEVEL = 0.95
Pair = tuple[Side, Side]


def compare_experiments(request: ComparisonRequest, project: Project | None = None) -> Comparison:
    """Compare the experiments of the request, in the current project when none is given.

    Raises:
        NotFound: no such experiment or run, or a metric that no side has.
        UserError: an experiment stands twice or has no figures, or a metric does not fit the task.
    """
    where = project or current_project()
    names = list(dict.fromkeys(request.experiments))
    if len(names) < 2:
        raise UserError("a comparison needs two different experiments", field="experiments")
    if request.baseline is not None and request.baseline not in names:
        names.insert(0, request.baseline)
    sides = [find_side(where, name) for name in names]
    metrics = choose_metrics(sides, request.metrics, primary=request.primary)
    return compare_sides(sides, metrics, baseline=request.baseline)


def choose_metrics(sides: Sequence[Side], asked: Sequence[str], *, primary: str | None) -> list[str]:
    """Return the metrics to compare, the one that decides first.

    Raises:
        NotFound: a metric that was asked for and that not every side has.
        UserError: the sides have none in common.
    """
    common = _common_metrics(sides)
    wanted = [standard_name(each) for each in ([primary] if primary else []) + list(asked)]
    for name in wanted:
        if name not in common:
            raise NotFound("metric that all of them have", name, common, field="metrics")
    if not common:
        names = ", ".join(side.name for side in sides)
        raise UserError(f"{names} have no metric in common", field="metrics", hint="ax experiments show NAME")
    ordered = wanted if asked else [*wanted, *_by_default(sides, common)]
    return list(dict.fromkeys(ordered))


def _common_metrics(sides: Sequence[Side]) -> list[str]:
    """The metrics that every side has as a value, or can be given from its predictions."""
    common: set[str] | None = None
    for side in sides:
        found = set(side.metrics)
        if side.predictions is not None:
            found |= set(metrics_for(side.predictions.facts.task))  # pyright: ignore[reportArgumentType]
        common = found if common is None else common & found
    return sorted(common or ())


def _by_default(sides: Sequence[Side], common: Sequence[str]) -> list[str]:
    predictions = sides[0].predictions
    known = [name for name in METRICS if name in common]
    if predictions is not None and known:
        first = primary_metric(predictions.facts.task)  # pyright: ignore[reportArgumentType]
        known = sorted(known, key=lambda name: name != first)
    return known or list(common)


def compare_sides(sides: Sequence[Side], metrics: Sequence[str], *, baseline: str | None = None) -> Comparison:
    """Compare every pair, or every side with the baseline; the first metric decides.

    All differences on the first metric hold together at 95 %, and so do all on the rest (Bonferroni).
    """
    pairs = _pairs(sides, baseline)
    levels = metric_levels(metrics, level=LEVEL, pairs=len(pairs))
    differences: list[Difference] = []
    for number, (name, (first, second)) in enumerate([(name, pair) for name in metrics for pair in pairs]):
        advance(number, len(metrics) * len(pairs), f"{name}: {first.name} against {second.name}")
        differences.append(measure_difference(name, first, second, level=levels[name]))
    best = {name: _best(sides, [each for each in differences if each.metric == name]) for name in metrics}
    return Comparison(
        answer=_answer(sides, metrics, differences=differences, best=best),
        primary=metrics[0],
        best=best,
        experiments=[_compared(side) for side in sides],
        differences=differences,
        notes=_notes(sides, differences),
    )


def _pairs(sides: Sequence[Side], baseline: str | None) -> list[Pair]:
    if baseline is None:
        return [(other, one) for one, other in combinations(sides, 2)]
    base = next(side for side in sides if side.name == baseline)
    return [(side, base) for side in sides if side is not base]


def _best(sides: Sequence[Side], differences: Sequence[Difference]) -> str | None:
    """The side that is better than each other by the whole interval; with a baseline only, when there are two."""
    for side in sides:
        wins = [each for each in differences if each.better == side.name]
        if len(wins) == len(sides) - 1:
            return side.name
    return None


def _compared(side: Side) -> ComparedRun:
    return ComparedRun(
        name=side.name,
        experiment=side.experiment,
        run_id=side.run.run_id,
        run_name=side.run.name,
        metrics={name: value for name, value in side.metrics.items() if "." not in name},
        claimed=sorted(side.claimed),
    )


def _answer(
    sides: Sequence[Side], metrics: Sequence[str], *, differences: Sequence[Difference], best: dict[str, str | None]
) -> str:
    parts: list[str] = []
    for name in metrics:
        told = [each for each in differences if each.metric == name]
        if len(sides) == 2:
            parts.append(f"{name}: {_sentence(told[0])}")
        elif best[name]:
            parts.append(f"{name}: {best[name]} is better than all others")
        else:
            better = [f"{each.better} than {_other(each)}" for each in told if each.better]
            parts.append(f"{name}: " + (", ".join(better) + " is better" if better else "no difference is shown"))
    return "; ".join(parts) + "."


def _sentence(found: Difference) -> str:
    size = f"{found.difference:+.4f}" + (f" [{found.low:+.4f}, {found.high:+.4f}]" if found.low is not None else "")
    values = f"{found.first} {found.first_value:.4f}, {found.second} {found.second_value:.4f}"
    if found.better:
        return f"{found.better} is better ({values}, difference {size})"
    if found.low is None or found.claimed:
        return f"cannot be told ({values}, difference {size}, {'claimed' if found.claimed else found.method})"
    if found.high is not None and not found.low <= 0 <= found.high:
        return f"they differ, and which is better cannot be told ({values}, difference {size})"
    return f"no difference is shown ({values}, difference {size})"


def _other(found: Difference) -> str:
    return found.second if found.better == found.first else found.first


def _notes(sides: Sequence[Side], differences: Sequence[Difference]) -> list[str]:
    notes: list[str] = []
    evidence = {each.evidence for each in differences}
    if "unpaired" in evidence:
        notes.append("Some pairs have no rows in common: their data or targets differ, so a difference may be theirs.")
    if "points" in evidence:
        notes.append("Some figures came without predictions or fold scores, so nothing says how sure they are.")
    if any(each.claimed for each in differences):
        notes.append("Figures that somebody typed are claimed; they decide nothing.")
    if len({side.run.run_id for side in sides}) < len(sides):
        notes.append("Two names stand for the same run.")
    return notes
