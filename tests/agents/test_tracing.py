"""Spans of agents: OpenTelemetry's names for them, one trace for all that a run begins, nothing secret in any."""

import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from axagents.agents.request import Leave, Request
from axagents.agents.run import resume_agent, run_agent
from axagents.llm.scripted import ScriptedModel
from axagents.llm.turn import Turn, Usage
from axagents.progress import Event, Note, listen
from axagents.project import Project, open_project, use_project
from axagents.stores.runs import Runs
from axagents.stores.traces.recording import trace_of
from axagents.stores.traces.spans import Spans
from axagents.tracing import Span
from axagents.trust import read_holding, record_trust
from tests.agents.conftest import DONE, RunScript, call, calls, lines
from tests.agents.test_delegation import asking
from tests.agents.test_delegation import team as team
from tests.forking import in_a_child, told_by_a_child
from tests.llm.conftest import CLAUDE, claude_stream, said, used
from tests.llm.conftest import wire as wire

KEY = "sentinel-of-the-key-0123456789"
VALUE = "sentinel-of-an-argument"
WORDS = "sentinel of the words"

COUNTING = '''"""A tool that runs a workflow."""

from pydantic import BaseModel, ConfigDict

from axagents.project import current_project
from axagents.toolkit import Touch, tool
from tests.workflows.test_execution import count_in


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Result(BaseModel):
    total: int


@tool("lab-sum", touches=Touch.COMPUTE)
def run(request: Request) -> Result:
    """Count to three."""
    return Result(total=count_in(current_project().root).result["total"])
'''


def all_spans(project: Project) -> list[Span]:
    return [each for run in Runs(project).newest(limit=100) for each in Spans(project).of_run(run.run_id)]


def named(spans: list[Span], name: str) -> Span:
    (found,) = [each for each in spans if each.name == name]
    return found


def test_spans_bear_the_names_of_the_conventions(lab: Project, run_script: RunScript) -> None:
    """Names, kinds and attributes as OpenTelemetry's conventions for generative AI (0.1.0) require them."""
    usage = Usage(input=20, output=7, cached=8, written=2)
    asked = calls(call("lab-count", text=VALUE)).model_copy(update={"usage": usage, "cost_usd": 0.01})
    done = run_script(asked, calls(call("lab-break", how="told")), Turn(stop_reason="answer", text="ok"), query=WORDS)
    agent, first, tool, _, broken, last = Spans(lab).of_run(done.run_id)
    assert [agent.name, first.name, tool.name] == ["invoke_agent tester", "chat", "execute_tool lab-count"]
    assert [first.parent_id, tool.parent_id, agent.parent_id] == [agent.span_id, agent.span_id, None]
    assert agent.attributes == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "tester",
        "gen_ai.provider.name": "scripted",
        "gen_ai.conversation.id": done.session,
        "axagents.run_id": done.run_id,
        "axagents.status": "failed",  # as its last call
        "axagents.steps": 5,
    }
    assert first.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "scripted",
        "gen_ai.conversation.id": done.session,
        "gen_ai.response.finish_reasons": ("tool_call",),
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 7,
        "gen_ai.usage.cache_read.input_tokens": 8,
        "gen_ai.usage.cache_write.input_tokens": 2,
        "axagents.turn": 1,
        "axagents.cost_usd": 0.01,
    }
    assert tool.attributes == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "lab-count",
        "gen_ai.tool.call.id": "1.1",
    }
    assert (broken.error, last.attributes["gen_ai.response.finish_reasons"]) == ("tool", ("stop",))


def test_whoever_is_asked_belongs_to_the_trace(team: Project, run_script: RunScript) -> None:
    done = run_script(asking("count"), calls(call("lab-count", text="a")), DONE, DONE)
    spans = all_spans(team)
    assert {each.trace_id for each in spans} == {trace_of(team, done.run_id)}
    helper, asked = named(spans, "invoke_agent helper"), named(spans, "execute_tool ask-helper")
    assert (helper.parent_id, asked.parent_id) == (asked.span_id, named(spans, "invoke_agent tester").span_id)
    assert named(spans, "execute_tool lab-count").parent_id == helper.span_id
    assert helper.run_id == Runs(team).children(done.run_id)[0].run_id


def test_a_workflow_that_a_tool_runs_belongs_to_the_trace(lab: Project, run_script: RunScript) -> None:
    (lab.root / "tools/lab_sum.py").write_text(COUNTING)
    persona = lab.root / "personas/tester.yaml"
    persona.write_text(persona.read_text().replace("tools: [", "tools: [lab-sum, "))
    record_trust(read_holding(lab.root))
    done = run_script(calls(call("lab-sum")), DONE)
    assert done.calls[0]["status"] == "done"
    spans = all_spans(lab)
    workflow = named(spans, "invoke_workflow test-count")
    assert {each.trace_id for each in spans} == {trace_of(lab, done.run_id)}
    assert workflow.parent_id == named(spans, "execute_tool lab-sum").span_id
    assert workflow.attributes["gen_ai.operation.name"] == "invoke_workflow"
    assert workflow.attributes["axagents.verdict"] == "COUNTED"
    assert [each.name for each in spans if each.parent_id == workflow.span_id] == [
        "step first",
        "step second",
        "step third",
    ]


def test_a_wait_for_a_word_is_a_span(lab: Project, run_script: RunScript) -> None:
    done = run_script(calls(call("lab-flip", name="lamp")), DONE, query="flip lamp", leave=Leave(yes=True))
    waited = named(Spans(lab).of_run(done.run_id), "approval lab-flip")
    assert (waited.attributes["axagents.status"], waited.attributes["axagents.how"]) == ("approved", "option")
    assert waited.started <= waited.ended


def test_a_run_that_goes_on_later_goes_on_in_its_trace(
    lab: Project, run_script: RunScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = run_script(calls(call("lab-flip", name="lamp")), query="flip lamp")
    monkeypatch.setattr("axagents.agents.opening.choose_provider", lambda *_, **__: ScriptedModel([DONE, DONE]))
    with use_project(lab):
        done = resume_agent(lab, waiting.run_id, ask=lambda _: True)
    spans = Spans(lab).of_run(done.run_id)
    assert [each.name for each in spans].count("invoke_agent tester") == 2
    assert {each.trace_id for each in spans} == {trace_of(lab, done.run_id)}
    assert [each.error for each in spans] == [None] * len(spans)


def test_a_run_that_an_error_ends_keeps_its_spans(lab: Project, run_script: RunScript) -> None:
    with pytest.raises(Exception, match="the script has 1 turns"):
        run_script(calls(call("lab-count", text="a")))
    spans = all_spans(lab)
    assert [(each.name, each.error) for each in spans] == [
        ("invoke_agent tester", "provider"),
        ("chat", None),
        ("execute_tool lab-count", None),
        ("chat", "provider"),
    ]


def test_a_killed_run_goes_on_in_its_trace(lab: Project, tmp_path: Path) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text("\n".join(turn.model_dump_json() for turn in (calls(call("lab-note", text="one")), DONE)))

    def start() -> None:
        with use_project(lab):
            run_agent(lab, Request("tester", "try", f"script:{script}"))

    def go_on() -> Any:
        with use_project(lab):
            done = resume_agent(lab, Runs(lab).newest()[0].run_id)
        spans = Spans(lab).of_run(done.run_id)
        same = {each.trace_id for each in spans} == {trace_of(lab, done.run_id)}
        return [done.status, [each.name for each in spans], same]

    assert in_a_child(start, fault="agents.act.called:1:kill") == -signal.SIGKILL
    status, names, same = told_by_a_child(go_on, tmp_path / "told.json")
    assert (status, same) == ("completed", True)
    assert names == ["invoke_agent tester", "execute_tool lab-note", "chat"]
    assert lines(lab, "notes.txt") == ["one"]


def test_retries_and_the_model_are_told_and_no_secret_is_anywhere(
    lab: Project, wire: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setattr("axagents.llm.retrying.time.sleep", lambda _: None)
    busy = {"error": {"type": "overloaded_error", "message": f"{KEY} asks too often"}}
    wire.post(CLAUDE).mock(
        side_effect=[
            httpx.Response(529, json=busy, headers={"retry-after": "7"}),
            claude_stream(used("lab-count", {"text": VALUE})),
            claude_stream(said("it is so"), stop="end_turn"),
        ]
    )
    heard: list[Event] = []
    (lab.root / "ax.toml").write_text("content = true\n[tracing]\nmlflow = true\n")
    with use_project(open_project(lab.root)) as project, listen(heard.append):
        done = run_agent(project, Request("tester", WORDS, "claude"))
    spans = Spans(lab).of_run(done.run_id)
    chat = next(each for each in spans if each.kind == "client")
    assert chat.name == "chat claude-sonnet-5-5"
    assert (chat.attributes["gen_ai.provider.name"], chat.attributes["server.address"]) == (
        "anthropic",
        "api.anthropic.com",
    )
    assert [(each.name, each.attributes) for each in chat.events] == [
        ("axagents.retry", {"error.type": "529", "axagents.wait_s": 7.0})
    ]
    told = repr(spans)
    assert [each for each in (KEY, VALUE, WORDS, "it is so") if each in told] == []
    assert lab.mlflow_path.exists()
    for path in lab.root.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
    assert KEY not in repr([each for each in heard if isinstance(each, Note)]) + "".join(capfd.readouterr())
