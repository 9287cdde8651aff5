"""The tree of a run: what belongs into what, by the records alone."""

from axagents.project import Project
from axagents.stores.journal import Journal
from axagents.stores.runs import Runs
from axagents.stores.traces.recording import traced_run
from axagents.stores.traces.tree import Node, add_up, read_tree
from axagents.tracing import span


def shape(node: Node) -> list[object]:
    return [node.name, node.status, *map(shape, node.children)]


def test_effects_and_inner_runs_stand_in_the_step_that_they_began_in(project: Project) -> None:
    runs, journal = Runs(project), Journal(project)
    outer = runs.start("workflow", "outer", {})
    runs.step_started(outer, "first")
    runs.step_done(outer, "first", 0.0)
    runs.step_started(outer, "second")
    inner = runs.start("workflow", "inner", {}, parent=outer)
    runs.finish(inner, "completed")
    entry = journal.plan("registry.stage", {}, run_id=outer, step="second")
    journal.end(entry.key, "done")
    tree = read_tree(project, outer)
    assert shape(tree) == [
        "outer",
        "running",
        ["first", "done"],
        ["second", "running", ["inner", "completed"], ["registry.stage", "done"]],
    ]
    assert (add_up(tree).runs, add_up(tree).turns) == (2, 0)


def test_spans_of_nothing_that_is_written_down_are_parts_of_their_own(project: Project) -> None:
    run = Runs(project).start("workflow", "ml-train", {})
    with traced_run(project, run, "invoke_workflow ml-train", attributes={}), span("fold"), span("fit"):
        pass
    assert shape(read_tree(project, run)) == ["ml-train", "running", ["fold", "done", ["fit", "done"]]]


def test_a_run_without_anything_is_a_tree_too(project: Project) -> None:
    run = Runs(project).start("command", "stage", {})
    Runs(project).fail(run, None, status="abandoned")
    tree = read_tree(project, run)
    assert (shape(tree), tree.recorded, tree.parent) == (["stage", "abandoned"], False, None)
    assert tree.duration_s is not None
