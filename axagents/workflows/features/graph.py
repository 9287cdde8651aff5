"""The graph of ml-feature-engineering: profile, generate, select, validate, keep in the feature store."""

from pathlib import Path
from typing import Any, TypedDict

from axagents.decisions.table import decide
from axagents.errors import UserError
from axagents.filesystem import write_whole
from axagents.ml.features.computing import EventColumns, check_spec, lay_out_spine
from axagents.ml.features.generating import generate_features
from axagents.ml.features.probing import find_moving
from axagents.ml.features.spec import FeatureSpec
from axagents.ml.leakage import Finding
from axagents.ml.problem import Problem
from axagents.progress import note
from axagents.project import Project
from axagents.stores.datasets.catalog import find_dataset
from axagents.stores.features.computation import Computation, compute, open_events
from axagents.stores.features.material import Looked, look
from axagents.stores.features.plan import Plan
from axagents.stores.features.rows import judged_rows, make_problem, one_row_each, read_frame, read_spine, write_frame
from axagents.workflows.features.dataset import make_plan
from axagents.workflows.features.judging import Judgement, check, judge, knows_no_end, without_leaks
from axagents.workflows.features.keeping import Kept, keep
from axagents.workflows.features.own import build_spec, own_spec
from axagents.workflows.features.report import build_result, report_markdown, report_text
from axagents.workflows.features.request import FeatureLeakage, FeaturesRequest, FeaturesResult
from axagents.workflows.graphs import State, StepContext, Workflow, by_name
from axagents.workflows.outcome import Artifact, Outcome
from axagents.workflows.train.result import tell_figure, tell_gain

CANDIDATES, REPORT = "candidates.parquet", "report.md"


class FeaturesState(TypedDict, total=False):
    """What the steps hand on: plain JSON; tables lie in the run's folder."""

    request: dict[str, Any]
    plan: dict[str, Any]
    looked: dict[str, Any]
    generated: dict[str, Any]
    judged: dict[str, Any]
    leakage: dict[str, Any]
    outcome: dict[str, Any]


def data_profiling(state: FeaturesState, context: StepContext) -> State:
    """Settle who is predicted, as of when, with which label, and see what there is to make features of."""
    request = FeaturesRequest.model_validate(state.get("request"))
    plan = make_plan(context.project, request)
    looked = look(context.project, plan, context.folder)
    events = f", {looked.events:,} events" if looked.events is not None else ""
    note(f"{looked.rows:,} rows of {looked.entities:,} entities{events}")
    for told in looked.notices:
        note(told)
    return {"plan": plan.model_dump(mode="json"), "looked": looked.model_dump(mode="json")}


def feature_generation(state: FeaturesState, context: StepContext) -> State:
    """Make the candidates, or take those that were given, and compute them for the rows that they are judged on."""
    request, plan, looked = _begin(state)
    spec = own_spec(context.project, request, plan)
    if spec is None:
        made = generate_features(looked.material, request.feature_types)
        spec = build_spec(plan, [each.model_dump(by_alias=True) for each in made.features])
        candidates, baseline = made.candidates, made.baseline
    else:
        made = generate_features(looked.material, [])
        candidates, baseline = spec.names, made.baseline
        known = set(spec.names)
        extra = [each.model_dump(by_alias=True) for each in made.features if each.name not in known]
        own = [each.model_dump(by_alias=True) for each in spec.features]
        spec = build_spec(plan, [*own, *extra])
    texts = _check(context.project, plan, looked=looked, spec=spec)
    spine = judged_rows(read_spine(context.folder), seed=_seed(context.project, request))
    note(f"{len(candidates)} candidates, computed for {len(spine):,} rows")
    wanted = Computation(spec, texts, looked.entity_type, plan.engine)
    frame = compute(context.project, wanted, spine=spine, folder=context.folder)
    write_frame(frame, context.folder / CANDIDATES)
    return {
        "generated": {
            "spec": spec.model_dump(mode="json", by_alias=True),
            "candidates": list(candidates),
            "baseline": list(baseline),
            "texts": sorted(texts),
            "fixed": request.features is not None,
        }
    }


def feature_selection(state: FeaturesState, context: StepContext) -> State:
    """Choose, and judge the choice on rows that it did not see."""
    request, _, _ = _begin(state)
    spec, problem = _problem(state, context)
    judged = _judge(state, context, problem, candidates=_generated(state)["candidates"], request=request)
    note(f"{len(judged.kept)} of {len(spec.names)} kept; {judged.measure} {tell_figure(judged.score)}")
    return {"judged": judged.model_dump(mode="json")}


def validation(state: FeaturesState, context: StepContext) -> State:
    """Look for what leaks; what does is taken out, and the rest is judged anew."""
    request, plan, looked = _begin(state)
    spec, problem = _problem(state, context)
    judged = Judgement.model_validate(state.get("judged"))
    seed, candidates = _seed(context.project, request), _generated(state)["candidates"]
    leakage = FeatureLeakage(verdict="SAFE")
    while judged.kept:
        moving = _find_moving(state, context, spec.select(judged.kept), looked=looked)
        kept = problem.without([name for name in problem.names if name not in judged.kept], "was not kept")
        found = check(context.project, kept, plan, moving=moving, seed=seed)
        leakage = found.after(leakage)
        if not found.removed:
            break
        left = without_leaks(spec, candidates, leakage.removed)
        if not left or knows_no_end(context.project, plan):
            judged = judged.model_copy(update={"kept": ()})
            break
        # What was dropped because it told the same as a leak comes back here, and is looked at in its turn.
        clean = problem.without([name for name in leakage.removed if name in problem.names], "leaks the target")
        judged = _judge(state, context, clean, candidates=left, request=request)
    note(f"leakage: {leakage.verdict}" + (f", left out {', '.join(leakage.removed)}" if leakage.removed else ""))
    return {"leakage": leakage.model_dump(mode="json"), "judged": judged.model_dump(mode="json")}


def feature_store_update(state: FeaturesState, context: StepContext) -> State:
    """Compute the kept features for every row, and keep definition, table, latest values and a note in memory."""
    request, plan, looked = _begin(state)
    spec, problem = _problem(state, context)
    judged, leakage = Judgement.model_validate(state.get("judged")), FeatureLeakage.model_validate(state.get("leakage"))
    gain = tell_gain(judged.gain)
    decision = decide(context.project, "features", {"leakage": leakage.verdict, "gain": gain})
    draft = build_result(
        plan,
        looked,
        spec=spec,
        problem=problem,
        judged=judged,
        leakage=leakage,
        decision=decision,
        candidates=_generated(state)["candidates"],
        baseline=_generated(state)["baseline"],
        seed=_seed(context.project, request),
    )
    stored = None
    if judged.kept:
        wanted = Computation(spec.select(judged.kept), _texts(state), looked.entity_type, plan.engine)
        stored = keep(context, plan, looked, wanted=wanted, result=draft)
    result = _with_place(context.project, draft, stored)
    report = write_whole(context.folder / REPORT, report_markdown(result))
    files = {"report": context.project.place_of(report)} | ({"table": result.table} if result.table else {})
    outcome = Outcome(
        verdict=result.verdict,
        result=result.model_dump(mode="json"),
        decisions=(decision,),
        artifacts=tuple(Artifact(name=name, path=path) for name, path in files.items()),
        report=report_text(result),
    )
    return {"outcome": outcome.model_dump(mode="json")}


def _with_place(project: Project, draft: FeaturesResult, stored: Kept | None) -> FeaturesResult:
    if stored is None:
        return draft
    place = project.place_of(Path(stored.table))
    told = f"{draft.headline} Kept as {draft.feature_set} {stored.version}."
    if not stored.is_new:
        told = f"{draft.headline} {draft.feature_set} {stored.version} is just that already; nothing was changed."
    return draft.model_copy(
        update={"version": stored.version, "is_new": stored.is_new, "table": place, "headline": told}
    )


def _begin(state: FeaturesState) -> tuple[FeaturesRequest, Plan, Looked]:
    return (
        FeaturesRequest.model_validate(state.get("request")),
        Plan.model_validate(state.get("plan")),
        Looked.model_validate(state.get("looked")),
    )


def _generated(state: FeaturesState) -> dict[str, Any]:
    return state.get("generated", {})


def _texts(state: FeaturesState) -> frozenset[str]:
    return frozenset(_generated(state)["texts"])


def _seed(project: Project, request: FeaturesRequest) -> int:
    return project.settings.train.seed if request.seed is None else request.seed


def _problem(state: FeaturesState, context: StepContext) -> tuple[FeatureSpec, Problem]:
    request, plan, _ = _begin(state)
    spec = FeatureSpec.model_validate(_generated(state)["spec"])
    spine = judged_rows(read_spine(context.folder), seed=_seed(context.project, request))
    frame = read_frame(context.folder / CANDIDATES)
    return spec, make_problem(spine, frame, spec=spec, target=plan.target)


def _judge(
    state: FeaturesState, context: StepContext, problem: Problem, *, candidates: list[str], request: FeaturesRequest
) -> Judgement:
    return judge(
        problem,
        candidates,
        baseline=[name for name in _generated(state)["baseline"] if name in problem.names],
        most=request.max_features,
        seed=_seed(context.project, request),
        fixed=bool(_generated(state)["fixed"]),
    )


def _check(project: Project, plan: Plan, *, looked: Looked, spec: FeatureSpec) -> frozenset[str]:
    """Check a specification against the data, and return those of the columns it reads that hold texts."""
    events = EventColumns.of(find_dataset(project, plan.dataset, allow_paths=True).columns)
    source = plan.spine or plan.dataset
    spine = EventColumns.of(find_dataset(project, source, allow_paths=True).columns)
    check_spec(spec, events, spine=spine, target=plan.target)
    _check_names(spec, plan)
    known = {*looked.given_numbers, *looked.given_texts}
    strange = [name for name in spec.spine_columns if name not in known]
    if strange:
        spine.find(strange[0], field="features")
        raise UserError(
            f"{strange[0]!r} of the spine ties rows together or tells them apart, or is unknown when one predicts: it"
            " is no feature",
            field="features",
        )
    return events.texts(spec.event_columns) | spine.texts(spec.spine_columns)


def _check_names(spec: FeatureSpec, plan: Plan) -> None:
    """Raise UserError for a feature whose name is that of another column of the table; case does not count."""
    taken = {plan.entity.lower(): ("entity", plan.entity), plan.target.lower(): ("target", plan.target)}
    for name in spec.names:
        if name.lower() in taken:
            what, column = taken[name.lower()]
            raise UserError(f"a feature is called as the {what}, {column!r}; give it another name", field="features")


def _find_moving(state: FeaturesState, context: StepContext, spec: FeatureSpec, *, looked: Looked) -> Finding | None:
    if not spec.reads_events:
        return None
    with open_events(context.project, spec, entity=looked.entity_type) as connection:
        lay_out_spine(connection, spec, one_row_each(read_spine(context.folder)), entity=looked.entity_type)
        return find_moving(connection, spec, texts=_texts(state), entity=looked.entity_type)


def check_request(project: Project, request: FeaturesRequest) -> None:
    """Refuse what can be known to be wrong before a run is opened."""
    plan = make_plan(project, request)
    own_spec(project, request, plan)


WORKFLOW = Workflow(
    name="ml-feature-engineering",
    summary="Make features, judge them on rows they did not see, and keep them in the feature store.",
    request=FeaturesRequest,
    result=FeaturesResult,
    state=FeaturesState,
    steps=by_name(data_profiling, feature_generation, feature_selection, validation, feature_store_update),
    check=check_request,
)
