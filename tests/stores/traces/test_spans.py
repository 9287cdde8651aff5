"""Spans are kept with their run, move with the project, and go when its files go."""

from pathlib import Path

from axagents.project import Project
from axagents.stores.database import open_database
from axagents.stores.runs import Runs
from axagents.stores.traces.recording import trace_of, traced_run
from axagents.stores.traces.spans import Spans
from axagents.tracing import span
from axagents.upkeep.backup import write_backup
from axagents.upkeep.restore import restore_backup
from axagents.upkeep.tidy import tidy


def recorded(project: Project) -> str:
    run = Runs(project).start("workflow", "ml-train", {})
    with (
        traced_run(project, run, "invoke_workflow ml-train", attributes={"gen_ai.agent.name": "ml-train"}),
        span("step profile", kind="client", attributes={"many": ("a", "b"), "share": 0.5, "on": True}) as inner,
    ):
        inner.happened("again", {"wait": 2})
    Runs(project).finish(run, "completed")
    return run


def test_what_was_recorded_is_read_as_it_was(project: Project) -> None:
    run = recorded(project)
    outer, inner = Spans(project).of_run(run)
    assert (outer.name, outer.parent_id, inner.parent_id) == ("invoke_workflow ml-train", None, outer.span_id)
    assert outer.attributes == {"gen_ai.agent.name": "ml-train", "axagents.run_id": run}
    assert (inner.kind, inner.attributes) == ("client", {"many": ("a", "b"), "share": 0.5, "on": True})
    assert [(each.name, each.attributes) for each in inner.events] == [("again", {"wait": 2})]
    assert {outer.trace_id, inner.trace_id} == {trace_of(project, run)}


def test_a_run_that_another_began_belongs_to_its_trace(project: Project) -> None:
    runs = Runs(project)
    first = runs.start("agent", "a", {})
    second = runs.start("agent", "b", {}, parent=first)
    third = runs.start("workflow", "c", {}, parent=second)
    assert trace_of(project, third) == trace_of(project, first)
    assert trace_of(project, runs.start("agent", "a", {})) != trace_of(project, first)


def test_a_trace_that_cannot_be_kept_fails_nothing(project: Project) -> None:
    run = Runs(project).start("workflow", "ml-train", {})
    with open_database(project).write() as connection:
        connection.execute("ALTER TABLE spans RENAME TO gone")
    with traced_run(project, run, "invoke_workflow ml-train", attributes={}):
        pass
    with open_database(project).write() as connection:
        connection.execute("ALTER TABLE gone RENAME TO spans")
    assert Spans(project).of_run(run) == []


def test_spans_go_with_the_files_of_their_run(project: Project) -> None:
    old, new = recorded(project), recorded(project)
    with open_database(project).write() as connection:
        connection.execute("UPDATE runs SET finished_at = '2020-01-01T00:00:00.000000Z' WHERE run_id = ?", (old,))
    assert [(each.what, each.count) for each in tidy(project, dry_run=True)] == [("spans", 2)]
    tidy(project, dry_run=False)
    assert (len(Spans(project).of_run(old)), len(Spans(project).of_run(new))) == (0, 2)


def test_a_backup_holds_them(project: Project, tmp_path: Path) -> None:
    run = recorded(project)
    write_backup(project, tmp_path / "backup.zip")
    elsewhere = tmp_path / "elsewhere"
    restore_backup(tmp_path / "backup.zip", elsewhere)
    restored = Project(elsewhere, project.settings)
    assert Spans(restored).of_run(run) == Spans(project).of_run(run)
