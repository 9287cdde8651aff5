"""The one door through which the world changes: plan, start, probe, act, done, each written down first."""

from typing import Any

from axagents.effects.effect import Effect, Performed
from axagents.effects.kinds import rebuild
from axagents.errors import AxError, Unfinished
from axagents.faults import fault_point
from axagents.project import Project
from axagents.stores.journal import Journal, JournalEntry
from axagents.stores.runs import Runs


def perform(project: Project, effect: Effect, *, run_id: str, step: str) -> Performed:
    """Make `effect` happen once, however often this is called for the same run, step and arguments.

    Raises:
        Unfinished: an earlier attempt broke off and the probe cannot tell whether it happened.
        AxError: what the effect itself raised; the journal then says failed, and it may be tried again.
    """
    journal = Journal(project)
    entry = journal.plan(effect.name, effect.arguments, run_id=run_id, step=step)
    fault_point("effects.planned")
    if entry.status == "done":
        return Performed(entry.key, entry.before, entry.after, repeated=True)
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
        Unfinished: it is not done, or cannot be taken back.
    """
    journal = Journal(project)
    entry = next((each for each in journal.of_run(run_id) if each.key == key), None)
    if entry is None or entry.status != "done":
        raise Unfinished("only an effect that is done can be undone", hint=f"ax runs show {run_id}")
    effect = rebuild(project, entry.effect, entry.arguments)
    if effect.undo is None:
        raise Unfinished(f"{effect.name} cannot be undone: {effect.irreversible}")
    effect.undo(entry.before, entry.after)
    journal.end(entry.key, "undone", after=entry.after)


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
    runs.take_over(run_id)
    effect = rebuild(project, run.request["effect"], run.request["arguments"])
    return _finish_command(project, effect, run_id)


def _finish_command(project: Project, effect: Effect, run_id: str) -> Performed:
    runs = Runs(project)
    try:
        performed = perform(project, effect, run_id=run_id, step="command")
    except AxError as error:
        runs.fail(run_id, error)
        raise
    runs.finish(run_id, "completed", result={"before": performed.before, "after": performed.after})
    return performed
