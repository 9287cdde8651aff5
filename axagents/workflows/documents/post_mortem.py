"""The facts of a post-mortem: what the records say happened between two moments, in order."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from axagents.clock import parse_stamp, stamp, utc_now
from axagents.errors import NotFound, UserError
from axagents.fields import parse_window
from axagents.project import Project
from axagents.stores.memory.memory import Memory
from axagents.stores.registry.state import read_models
from axagents.stores.runs import RunRecord, Runs
from axagents.workflows.documents.draft import Draft, Gaps, run_command
from axagents.workflows.documents.facts import Json
from axagents.workflows.documents.models import find_version
from axagents.workflows.documents.request import DocumentRequest
from axagents.workflows.documents.timeline import Between, read_timeline, runs_between

_MARGIN = timedelta(hours=1)
_DAY = timedelta(hours=24)
_ALERTS = "ml-alerts"
_FAILED = ("failed", "abandoned")


@dataclass(frozen=True)
class Window:
    """The time that a post-mortem covers, and how it was found; `run` is what it is about, where that is a run."""

    time: Between
    how: str
    run: RunRecord | None = None


def gather_post_mortem(project: Project, request: DocumentRequest) -> Draft:
    """Collect what a post-mortem states.

    Raises:
        NotFound, UserError: there is no such run, alert or model, or a moment is none.
    """
    window = find_window(project, request)
    time, run = window.time, window.run
    model = find_version(project, request.model_id).model if request.model_id else None
    timeline, left = read_timeline(project, time, model=model)
    about = f"run {run.run_id}" if run else request.topic or "what happened"
    return Draft(
        title=request.title or f"Post-mortem: {about}, {time.since[:10]}",
        slug=f"post-mortem-{time.since[:10]}-{run.run_id if run else request.topic or 'incident'}",
        templates=("document-post-mortem",),
        values={
            "topic": request.topic,
            "model": model,
            "since": time.since,
            "until": time.until,
            "how": window.how,
            "run": _failure(run) if run else None,
            "timeline": timeline,
            "left": left,
            "failed": [_failure(each) for each in runs_between(project, time) if _is_failed(each)],
            "before": _stages(project, time.since, model),
            "after": _stages(project, time.until, model),
        },
        gaps=_find_gaps(request, timeline),
    )


def find_window(project: Project, request: DocumentRequest) -> Window:
    """Return the time that a post-mortem covers: around a run or an alert, as asked, else the last 24 hours.

    Raises:
        NotFound: no such run or alert.
        UserError: a moment is none, or the begin is not before the end.
    """
    run = Runs(project).get(request.run_id) if request.run_id else None
    around, how = _around(project, request, run)
    until = _moment(request.until, "until") if request.until else around[1] if around else utc_now()
    until = min(until, utc_now())
    since = _moment(request.since, "since", end=until) if request.since else around[0] if around else until - _DAY
    if since >= until:
        raise UserError(f"since ({stamp(since)[:16]}) is not before until ({stamp(until)[:16]})", field="since")
    return Window(Between(stamp(since), stamp(until)), how, run)


def _around(
    project: Project, request: DocumentRequest, run: RunRecord | None
) -> tuple[tuple[datetime, datetime] | None, str]:
    """Return the time around the run or the alert that is asked after, and how to tell it."""
    if run:
        end = parse_stamp(run.finished_at) if run.finished_at else utc_now()
        return (parse_stamp(run.started_at) - _MARGIN, end + _MARGIN), f"an hour around run {run.run_id}"
    if request.alert_id:
        record = Memory(project).retrieve(request.alert_id, namespace=_ALERTS)
        if record is None:
            known, hint = Memory(project).list(_ALERTS).keys, f"ax memory list --namespace {_ALERTS}"
            raise NotFound("alert", request.alert_id, known, field="alert_id", hint=hint)
        at = parse_stamp(record.stored_at)
        return (at - _MARGIN, at + _MARGIN), f"an hour around alert {request.alert_id}"
    asked = request.since or request.until
    return None, "as asked" if asked else "the last 24 hours, since no time was given"


def _moment(text: str, field: str, *, end: datetime | None = None) -> datetime:
    try:
        return (end or utc_now()) - parse_window(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UserError(f"{field}: {text!r} is no moment; write 2026-11-23T07:45, or 24h or 7d", field=field) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _is_failed(run: RunRecord) -> bool:
    return run.status in _FAILED or run.interrupted


def _failure(run: RunRecord) -> Json:
    error = run.error or {}
    return {
        "run_id": run.run_id,
        "name": run.name,
        "kind": run.kind,
        "status": "interrupted" if run.interrupted else run.status,
        "verdict": run.verdict,
        "started": run.started_at,
        "finished": run.finished_at or "",
        "message": error.get("message", "nothing was written down: its process ended" if _is_failed(run) else ""),
        "hint": error.get("hint"),
    }


def _stages(project: Project, at: str, model: str | None) -> list[Json]:
    states = read_models(project, at=parse_stamp(at)).values()
    return [
        {"model": each.model, "production": each.production.version if each.production else None}
        for each in states
        if model in (None, each.model)
    ]


def _find_gaps(request: DocumentRequest, timeline: list[Json]) -> dict[str, dict[str, str | None]]:
    gaps = Gaps()
    told = {"kind": "post-mortem", "topic": request.topic, "run_id": request.run_id, "alert_id": request.alert_id}
    if not (request.run_id or request.alert_id or request.since):
        when = {"since": "YYYY-MM-DDTHH:MM", "until": "YYYY-MM-DDTHH:MM"}
        what = "when it happened: no run, alert or time was given, so it covers the last 24 hours"
        gaps.add("window", what, run_command("write-document", {**told, **when}))
    if not timeline:
        gaps.add(
            "timeline", "what happened: the project's records hold nothing of that time", "ax runs list --limit 100"
        )
    gaps.add("impact", "whom it hurt, how much and for how long: requests and outcomes are not recorded here")
    again = run_command("write-document", {**told, "since": request.since, "notes": "Root cause: ..."})
    gaps.add("cause", "why it happened: records say what, people say why", again)
    return gaps.found
