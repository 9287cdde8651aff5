"""A document is published once, only as it was looked at, only inside the project, and never over somebody's work."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axagents.actor import acting
from axagents.effects import undo
from axagents.errors import Failed, NotFound, UserError
from axagents.fields import sha256_text
from axagents.project import Project, create_project, open_project
from axagents.stores.journal import Journal
from axagents.stores.runs import Runs
from axagents.workflows.engine import resume_workflow, run_workflow
from axagents.workflows.outcome import WorkflowRun
from tests.forking import in_a_child

Publish = Callable[..., WorkflowRun]
PLACE = "docs/runbook-rollback.md"


def written(project: Project, **more: Any) -> WorkflowRun:
    return run_workflow(project, "write-document", {"kind": "runbook", "topic": "rollback", **more})


@pytest.fixture
def document(tracked: Project) -> WorkflowRun:
    return written(tracked)


@pytest.fixture
def publish(tracked: Project, document: WorkflowRun) -> Publish:
    return lambda **request: run_workflow(tracked, "publish-document", {"document": document.run_id, **request})


def test_the_printed_command_publishes_and_again_changes_nothing(
    tracked: Project, document: WorkflowRun, ax: Any
) -> None:
    command = document.result["publish_command"]
    assert command == f"ax run publish-document --set document={document.run_id} --set path={PLACE}"
    assert document.report.splitlines()[-1] == f"to publish it: {command}"
    assert not (tracked.root / "docs").exists()
    assert ax(*command.split()[1:]).exit_code == 0
    assert (tracked.root / PLACE).read_text() == (tracked.root / document.result["path"]).read_text()
    again = ax(*command.split()[1:], "--format", "json").json()
    assert (again["verdict"], again["result"]["outcome"]) == ("UNCHANGED", "unchanged")
    assert [path.name for path in (tracked.root / "docs").iterdir()] == ["runbook-rollback.md"]


def test_a_newer_document_replaces_what_was_published_but_not_what_a_hand_changed(
    tracked: Project, publish: Publish
) -> None:
    assert publish().result["outcome"] == "new"
    newer = written(tracked, notes="Call Ada.")
    assert publish(document=newer.run_id).result["outcome"] == "replaced"
    place = tracked.root / PLACE
    place.write_text(place.read_text() + "by hand\n")
    with pytest.raises(UserError, match="written or changed by hand; it is not overwritten") as told:
        publish()
    assert "replace=true" in str(told.value.hint)
    assert place.read_text().endswith("by hand\n")
    assert publish(replace=True).result["outcome"] == "replaced"


def test_a_file_that_was_there_before_is_not_overwritten(tracked: Project, publish: Publish) -> None:
    (tracked.root / "README.md").write_text("ours\n")
    with pytest.raises(UserError, match=r"README\.md is a file that was written or changed by hand"):
        publish(path="README.md")
    assert (tracked.root / "README.md").read_text() == "ours\n"


def test_undo_restores_what_was_there(tracked: Project, publish: Publish) -> None:
    first = publish()
    entry = Journal(tracked).of_run(first.run_id)[0]
    undo(tracked, entry.key, run_id=first.run_id)
    assert not (tracked.root / PLACE).exists()
    (tracked.root / PLACE).write_text("before\n")
    second = publish(replace=True)
    key = Journal(tracked).of_run(second.run_id)[0].key
    undo(tracked, key, run_id=second.run_id)
    assert (tracked.root / PLACE).read_text() == "before\n"
    third = publish(replace=True)
    (tracked.root / PLACE).write_text("since\n")
    with pytest.raises(Failed, match="changed since it was published; it stays as it is"):
        undo(tracked, Journal(tracked).of_run(third.run_id)[0].key, run_id=third.run_id)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("../out.md", "lies outside the project"),
        ("/out.md", "lies outside the project"),
        (".ax/out.md", "lies in a hidden folder"),
        ("docs/.git/out.md", "lies in a hidden folder"),
        ("docs/out.txt", "is no Markdown file"),
        ("tools/out.py", "is no Markdown file"),
        ("link/out.md", "lies outside the project"),
        ("link.md", "lies outside the project, or is a link"),
        ("folder.md", "is a folder"),
        ("...", "placeholder"),
    ],
)
def test_places_where_no_document_goes(
    tracked: Project, publish: Publish, tmp_path: Path, path: str, told: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tracked.root / "link").symlink_to(tmp_path / "elsewhere")
    (tracked.root / "link.md").symlink_to(tmp_path / "elsewhere/target.md")
    (tracked.root / "folder.md").mkdir()
    with pytest.raises(UserError, match=told):
        publish(path=path)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert Runs(tracked).newest(name="publish-document") == []


def test_a_folder_keeps_the_documents_own_name(tracked: Project, publish: Publish) -> None:
    assert publish(path="docs/ops/").result["path"] == "docs/ops/runbook-rollback.md"
    assert (tracked.root / "docs/ops/runbook-rollback.md").is_file()


def test_only_the_text_that_was_looked_at_is_published(
    tracked: Project, document: WorkflowRun, publish: Publish
) -> None:
    draft = tracked.root / document.result["path"]
    seen = document.result["publication"]["sha256"]
    assert seen == sha256_text(draft.read_text())
    draft.write_text("edited\n")
    with pytest.raises(UserError, match="changed since it was written"):
        publish(sha256=seen)
    # A person who edits the draft and names no digest publishes what they edited.
    assert publish().verdict == "PUBLISHED"
    assert (tracked.root / PLACE).read_text() == "edited\n"
    draft.unlink()
    with pytest.raises(UserError, match="there is no"):
        publish()


def test_documents_that_are_none(tracked: Project, publish: Publish) -> None:
    with pytest.raises(NotFound, match="no document called 'nothing'"):
        publish(document="nothing")
    done = publish()
    with pytest.raises(UserError, match="wrote no document"):
        publish(document=done.run_id)
    assert (
        publish(document=done.result["path"].replace("docs", ".ax/runs/" + done.result["document"])).verdict
        == "UNCHANGED"
    )


def test_a_persons_own_command_may_write_and_publish_an_agents_call_does_not(tracked: Project) -> None:
    with acting("writer", words="publish it"):
        asked = written(tracked, publish=True)
    assert asked.result["published"] is None
    assert not (tracked.root / PLACE).exists()
    assert written(tracked, publish=True).result["published"] == PLACE
    assert (tracked.root / PLACE).is_file()
    (tracked.root / PLACE).write_text("by hand\n")
    before = len(Runs(tracked).newest())
    with pytest.raises(UserError, match="not overwritten"):
        written(tracked, publish=True)
    assert len(Runs(tracked).newest()) == before


@pytest.mark.parametrize(
    "fault", ["publish-document.publish.started", "effects.started", "documents.publish.placed", "effects.acted"]
)
def test_killed_and_resumed_it_is_published_once(tmp_path: Path, mlflow_database: Path, fault: str) -> None:
    root = create_project(tmp_path / "killed").root

    def begin() -> None:
        project = open_project(root)
        run_workflow(project, "publish-document", {"document": written(project).run_id})

    def resume() -> None:
        project = open_project(root)
        resume_workflow(project, Runs(project).newest(status="running")[0].run_id)

    assert in_a_child(begin, fault=f"{fault}:1:kill") == -9
    assert in_a_child(resume) == 0
    project = open_project(root)
    done = Runs(project).newest(name="publish-document")[0]
    assert (done.status, done.verdict) == ("completed", "PUBLISHED")
    assert [each.status for each in Journal(project).of_run(done.run_id)] == ["done"]
    assert (root / PLACE).is_file()
