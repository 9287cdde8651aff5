"""The one door through which the world changes: plan, start, probe, act, done, each written down first."""

from collections.abc import Callable
from typing import Any

from axagents.actor import needs_word
from axagents.effects.effect import Effect, Performed
from axagents.effects.kinds import rebuild
from axagents.effects.word import await_word
from axagents.errors import AxError, Failed, Unfinished, UserError, Waiting
from axagents.faults import fault_point
from axagents.project import Project
from axagents.stores.journal import Journal, JournalEntry
from axagents.stores.runs import RunRecord, Runs


def perform(project: Project, effect: Effect, *, run_id: str, step: str) -> Performed:
    """Make `effect` happen once, however often this is called for the same run, step and arguments.

    Raises:
        Waiting: an agent acts here, and no person has approved it yet.
        Refused: a person denied it.
        Unfinished: an earlier attempt broke off and the probe cannot tell whether it happened.
        Failed: it was done and taken back.
        AxError: what the effect itself raised; the journal then says failed, and it may be tried again.
    """
    journal = Journal(project)
    entry = journal.plan(effect.name, effect.arguments, run_id=run_id, step=step)
    fault_point("effects.planned")
    if entry.status == "done":
        return Performed(entry.key, entry.before, entry.after, repeated=True)
    if entry.status == "undone":
        raise Failed(f"{effect.name} was done by this run and taken back since", hint="begin a new run")
    # What was begun was begun under a word, and goes on under it.
    if needs_word() and entry.status not in ("started", "unknown"):
        await_word(project, effect, run_id=run_id, key=entry.key)
    before = entry.before if entry.status == "started" else effect.before()
    journal.start(entry.key, before)
    fault_point("effects.started")
    probed = effect.probe()
    fault_point("effects.probed")
    if probed.state == "unknown":
        journal.end(entry.key, "unknown", reason=probed.why)
        raise Unfinished(f"cannot tell whether {effect.name} happened: {probed.why}", hint=f"ax runs resume {run_id}")
    after = probed.after if probed.state == "done" else _act(journal, entry, effect)
    fault_point("effects.acted")
    journal.end(entry.key, "done", after=after)
    fault_point("effects.done")
    return Performed(entry.key, before, after, repeated=probed.state == "done")


def _act(journal: Journal, entry: JournalEntry, effect: Effect) -> Any:
    try:
        return effect.act()
    except AxError as error:
        journal.end(entry.key, "failed", reason=error.message)
        raise


def undo(project: Project, key: str, *, run_id: str) -> None:
    """Take back an effect of `run_id` that the journal says is done.

    Raises:
        UserError: it is not done, or cannot be taken back.
        AxError: what it changed was changed again since.
    """
    journal = Journal(project)
    entry = next((each for each in journal.of_run(run_id) if each.key == key), None)
    if entry is None or entry.status != "done":
        raise UserError("only an effect that is done can be undone", hint=f"ax runs show {run_id}")
    take_back = _undo_of(project, entry)
    take_back(entry.before, entry.after)
    fault_point("effects.undone")
    journal.end(entry.key, "undone", after=entry.after)


def undo_run(project: Project, run_id: str) -> list[JournalEntry]:
    """Take back every effect of a run and of the runs that it began, newest first.

    Raises:
        UserError: one of them runs right now, none has an effect to take back, or one effect has no undo; nothing is
            changed then.
        AxError: what an effect changed was changed again since; those taken back before it stay so.
    """
    journal, runs = Journal(project), _with_inner(Runs(project), Runs(project).get(run_id))
    for each in runs:
        each.check_stopped()
    done = [entry for each in runs for entry in journal.of_run(each.run_id) if entry.status == "done"]
    if not done:
        raise UserError(f"run {run_id} has no effect to take back", hint=f"ax runs show {run_id}")
    for entry in done:
        _undo_of(project, entry)
    done.sort(key=lambda entry: entry.planned_at, reverse=True)
    for entry in done:
        undo(project, entry.key, run_id=entry.run_id)
    return done


def _with_inner(runs: Runs, run: RunRecord) -> list[RunRecord]:
    return [run, *(below for each in runs.children(run.run_id) for below in _with_inner(runs, each))]


def _undo_of(project: Project, entry: JournalEntry) -> Callable[[Any, Any], None]:
    effect = rebuild(project, entry.effect, entry.arguments)
    if effect.undo is None:
        raise UserError(f"{effect.name} cannot be undone: {effect.irreversible}", hint=f"ax runs show {entry.run_id}")
    return effect.undo


def perform_command(project: Project, effect: Effect, *, name: str) -> Performed:
    """Perform what a person's own command asks for, in a run of its own that can be resumed."""
    run_id = Runs(project).start("command", name, {"effect": effect.name, "arguments": effect.arguments})
    return _finish_command(project, effect, run_id)


def resume_command(project: Project, run_id: str) -> Performed:
    """Go on with a command whose process died.

    Raises:
        UserError: the run is no command, is completed or abandoned, or runs right now.
    """
    runs = Runs(project)
    run = runs.get(run_id)
    run.check_resumable("command")
    runs.take_over(run)
    effect = rebuild(project, run.request["effect"], run.request["arguments"])
    return _finish_command(project, effect, run.run_id)


def _finish_command(project: Project, effect: Effect, run_id: str) -> Performed:
    runs = Runs(project)
    try:
        with runs.told_if_cut(run_id):
            performed = perform(project, effect, run_id=run_id, step="command")
    except AxError as error:
        runs.fail(run_id, error, status="waiting" if isinstance(error, Waiting) else "failed")
        error.run_id = run_id
        raise
    runs.finish(run_id, "completed", result={"before": performed.before, "after": performed.after})
    return performed
