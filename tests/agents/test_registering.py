"""A person's own persona: registered as a file, trusted as it stands, taken away again; and who is recommended."""

import pytest

from axagents.agents.persona import load_persona
from axagents.agents.recommending import STANDS_OUT, clearly_for, recommend_personas
from axagents.agents.registering import register_persona, remove_persona
from axagents.agents.request import Request
from axagents.agents.run import run_agent
from axagents.catalog import open_catalog
from axagents.errors import NotFound, Refused, UserError
from axagents.project import Project, open_project
from axagents.stores.memory.memory import Memory

AUDITOR = """
id: auditor
title: Auditor
motto: Show me.
best_for: [audits]
prompt: persona
tools: [registry-show, memory-search]
words: [audit]
"""


def test_a_registered_persona_works_at_once(project: Project) -> None:
    Memory(project).store("window", {"text": "the retraining window is 90 days"}, namespace="notes")
    path = register_persona(project, AUDITOR, source="auditor.yaml")
    assert path.read_text() == AUDITOR
    again = open_project(project.root)
    assert load_persona(open_catalog(again), "auditor").title == "Auditor"
    done = run_agent(again, Request("auditor", "what did we decide about the retraining window?"))
    assert done.status == "completed"
    assert "90 days" in done.answer


def test_the_same_again_changes_nothing_and_another_needs_replace(project: Project) -> None:
    path = register_persona(project, AUDITOR, source="a")
    project = open_project(project.root)
    assert register_persona(project, AUDITOR, source="a") == path
    other = AUDITOR.replace("Show me.", "Show it.")
    with pytest.raises(UserError, match="already"):
        register_persona(project, other, source="a")
    register_persona(project, other, source="a", replace=True)
    assert load_persona(open_catalog(open_project(project.root)), "auditor").motto == "Show it."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id: [", "not YAML"),
        (AUDITOR.replace("motto: Show me.", ""), "motto"),
        (AUDITOR.replace("registry-show", "registry-shwo"), "did you mean registry-show"),
        (AUDITOR.replace("id: auditor", "id: Auditor!"), "id"),
        (AUDITOR.replace("id: auditor", "id: writer"), "already"),
    ],
)
def test_what_is_wrong_leaves_nothing(project: Project, text: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        register_persona(project, text, source="auditor.yaml")
    assert not (project.root / "personas").exists()
    assert not open_project(project.root).settings.content


def test_agents_and_untrusted_content_are_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.root / "tools").mkdir()
    (project.root / "tools" / "evil.py").write_text("raise SystemExit")
    with pytest.raises(Refused, match="not trusted"):
        register_persona(project, AUDITOR, source="a")
    (project.root / "tools" / "evil.py").unlink()
    monkeypatch.setenv("AX_ACTOR", "agent")
    with pytest.raises(Refused, match="agent"):
        register_persona(project, AUDITOR, source="a")


def test_removing(project: Project) -> None:
    register_persona(project, AUDITOR, source="a")
    project = open_project(project.root)
    with pytest.raises(UserError, match="shipped"):
        remove_persona(project, "writer")
    with pytest.raises(NotFound, match="auditor"):
        remove_persona(project, "auditr")
    assert not remove_persona(project, "auditor").exists()
    with pytest.raises(NotFound):
        load_persona(open_catalog(open_project(project.root)), "auditor")


@pytest.mark.parametrize(
    ("task", "best"),
    [
        ("put the release on ten percent of the traffic and watch the alerts", "mlops-engineer"),
        ("which experiment had the better recall?", "data-scientist"),
        ("write a model card", "writer"),
        ("speed up inference", "ml-engineer"),
    ],
)
def test_recommendation(project: Project, task: str, best: str) -> None:
    assert recommend_personas(project, task)[0].persona.id == best


def test_nothing_stands_out_for_what_no_tool_here_is_for(project: Project) -> None:
    assert all(each.score < STANDS_OUT for each in recommend_personas(project, "bake a cake"))
    installed = open_catalog(project).files("tools")
    found = recommend_personas(project, "make inference faster")
    assert found[0].score >= STANDS_OUT
    assert all(tool in installed for each in found for tool in each.tools)


def test_another_persona_is_named_only_for_what_is_clearly_its_own(project: Project) -> None:
    found = clearly_for(project, "write a model card for churn-classifier", present="data-scientist")
    assert found is not None
    assert (found.persona.id, found.tools[0]) == ("writer", "write-document")
    assert clearly_for(project, "write a model card for churn-classifier", present="writer") is None
    assert clearly_for(project, "bake a cake", present="writer") is None
