"""The result of ml-feature-engineering and its report; every number in it was computed."""

import json
import shlex
from collections.abc import Sequence
from typing import Any, Literal, cast

from axagents.decisions.table import Decision
from axagents.layout import markdown_table, table
from axagents.ml.features.spec import Feature, FeatureSpec
from axagents.ml.problem import Problem
from axagents.stores.features.material import Looked
from axagents.stores.features.plan import Plan
from axagents.workflows.features.judging import Judgement, measure_quality
from axagents.workflows.features.request import (
    DroppedFeature,
    FeatureLeakage,
    FeaturesResult,
    KeptFeature,
)
from axagents.workflows.train.result import tell_figure, tell_gain

_MOST_SHOWN = 25
_OF_PLAN = ("dataset", "target", "entity", "time", "cutoff", "horizon")
_OF_LOOK = ("rows", "entities", "events")


def build_result(
    plan: Plan,
    looked: Looked,
    *,
    spec: FeatureSpec,
    problem: Problem,
    judged: Judgement,
    leakage: FeatureLeakage,
    decision: Decision,
    candidates: Sequence[str],
    baseline: Sequence[str],
    seed: int,
) -> FeaturesResult:
    """Return the result, as it is before anything is stored."""
    gain = tell_gain(judged.gain)
    kept = _describe(spec, problem, judged)
    present = 1 - sum(each.missing for each in kept) / len(kept) if kept else 0.0
    name = plan.feature_set
    why = judged.dropped | dict.fromkeys(leakage.removed, "leaks the target")
    shared: dict[str, Any] = {each: getattr(plan, each) for each in _OF_PLAN}
    shared |= {each: getattr(looked, each) for each in _OF_LOOK}
    shared |= {each: getattr(judged, each) for each in ("measure", "score", "baseline", "gain")}
    return FeaturesResult(
        **shared,
        headline=_headline(plan, judged, leakage, gain=gain),
        verdict=cast('Literal["SAFE", "WARNING", "DANGEROUS"]', decision.verdict),
        feature_set=name,
        version=None,
        is_new=False,
        task=problem.task,
        candidates=len(candidates),
        features=kept,
        dropped=[DroppedFeature(name=each, why=told) for each, told in why.items()],
        baseline_features=list(baseline),
        gain_told=gain,
        leakage=leakage,
        quality=measure_quality(judged, leakage, gain=gain, present=present),
        warnings=[*looked.notices, *[_tell_finding(each.text, each.question) for each in leakage.findings]],
        seed=seed,
        table=None,
        next=_next(name) if judged.kept else [],
    )


def _describe(spec: FeatureSpec, problem: Problem, judged: Judgement) -> list[KeptFeature]:
    by_name = {each.name: each for each in spec.features}
    return [
        KeptFeature(
            name=each,
            about=tell_feature(by_name[each]),
            importance=judged.losses.get(each),
            stability=judged.stability.get(each),
            missing=round(problem.missing(each), 4),
        )
        for each in judged.kept
    ]


def _headline(plan: Plan, judged: Judgement, leakage: FeatureLeakage, *, gain: str) -> str:
    if not judged.kept and leakage.removed:
        told = ", ".join(leakage.removed[:6])
        return f"{told} leaks the target {plan.target}, and nothing is left that surely does not; nothing was stored."
    if not judged.kept:
        poor = "; ".join(f"{name}: {why}" for name, why in list(judged.dropped.items())[:3])
        return f"No feature is fit to predict {plan.target} ({poor}), so nothing was stored."
    told = {
        "shown": f"they gain {tell_figure(judged.gain)} over the baseline features",
        "unclear": f"no gain shown over the baseline features ({tell_figure(judged.gain)})",
        "refuted": f"they are worse than the baseline features ({tell_figure(judged.gain)})",
    }[gain]
    count = len(judged.kept)
    which = "1 feature predicts" if count == 1 else f"{count} features predict"
    score = f"{which} {plan.target} with {judged.measure} {tell_figure(judged.score)}; {told}."
    if leakage.removed:
        return f"Left out what leaks the target: {', '.join(leakage.removed[:6])}. Without: {score}"
    return score


def _tell_finding(text: str, question: str) -> str:
    return f"{text.rstrip('.')}. {question[:1].upper()}{question[1:]}".strip()


def _next(name: str) -> list[str]:
    request = json.dumps({"dataset": name})
    return [f"ax features show {shlex.quote(name)}", f"ax run ml-train --input {shlex.quote(request)}"]


def tell_feature(feature: Feature) -> str:
    """Say in words what a feature is."""
    told = feature.operation.about
    if feature.of:
        return f"{told}: {feature.of[0]}, {feature.of[1]}"
    about = f"{told} of {feature.column}" if feature.column else told
    over = f" over the last {feature.window}" if feature.window else ""
    only = "".join(f", where {each.column} {each.is_} {each.value}" for each in feature.filter)
    return about + over + only


def report_text(result: FeaturesResult) -> str:
    """Return the report as a terminal shows it."""
    blocks = [
        f"{result.verdict}: {result.headline}",
        *[f"! {each}" for each in result.warnings],
        _facts(result),
        table(*_figures(result)),
        table(*_kept(result, most=_MOST_SHOWN)) if result.features else "",
        _quality(result),
        f"table  {result.table}" if result.table else "",
        "\n".join(["Next:", *[f"  {each}" for each in result.next]]) if result.next else "",
    ]
    return "\n\n".join(block for block in blocks if block)


def report_markdown(result: FeaturesResult) -> str:
    """Return the report as Markdown."""
    blocks = [
        f"# Features of {result.dataset} for {result.target}: {result.verdict}",
        result.headline,
        "\n".join(f"- {each}" for each in result.warnings),
        _facts(result),
        "## What they are worth",
        markdown_table(*_figures(result)),
        _quality(result),
        "## Kept",
        markdown_table(*_kept(result, most=len(result.features))) if result.features else "Nothing.",
        "## Dropped",
        markdown_table(["feature", "why"], [[each.name, each.why] for each in result.dropped])
        if result.dropped
        else "Nothing.",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _facts(result: FeaturesResult) -> str:
    events = f", {result.events:,} events" if result.events is not None else ""
    until = f", strictly before {result.cutoff}" if result.cutoff else ""
    return (
        f"{result.rows:,} rows of {result.entities:,} entities ({result.entity}){events}{until}. "
        f"{result.candidates} candidates, {len(result.features)} kept. Leakage check: {result.leakage.verdict}."
    )


def _figures(result: FeaturesResult) -> tuple[list[str], Sequence[Sequence[object]]]:
    return ["", result.measure], [
        ["kept features", tell_figure(result.score)],
        [f"baseline ({', '.join(result.baseline_features[:4])})", tell_figure(result.baseline)],
        ["gain", f"{tell_figure(result.gain)}, {'no gain shown' if result.gain_told != 'shown' else 'shown'}"],
    ]


def _kept(result: FeaturesResult, *, most: int) -> tuple[list[str], Sequence[Sequence[object]]]:
    rows = [[each.name, each.about, each.importance, each.stability, each.missing] for each in result.features[:most]]
    return ["feature", "what it is", "loss when shuffled", "kept in folds", "missing"], rows


def _quality(result: FeaturesResult) -> str:
    parts = ", ".join(f"{name} {value:g}" for name, value in result.quality.parts.items())
    return f"Quality {result.quality.score} of 10 ({parts}): {result.quality.formula}."
