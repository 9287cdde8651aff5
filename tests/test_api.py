"""Agents from Python: own tools, approvals, agents that ask each other, event loops, streams, many at once."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import axagents
from axagents import Agent, AgentRun, AxError, ToolError, Touch, tool
from axagents.actor import acting
from axagents.errors import LimitReached, NotFound, ProviderError, UserError
from axagents.llm.scripted import ScriptedModel
from axagents.llm.turn import Turn
from axagents.progress import Said
from axagents.project import Project, create_project, current_project, project_here, use_project
from axagents.stores.agents.approvals import Approvals
from axagents.stores.runs import Runs
from tests.agents.conftest import call, calls

pytestmark = pytest.mark.filterwarnings("ignore:the offline planner knows no sentences")


@tool(touches=Touch.READ)
def boxes_in_stock(shop: str) -> int:
    """Count the boxes that a shop has in stock."""
    if shop not in ("north", "south"):
        raise ToolError(f"there is no shop {shop!r}; there is north and south")
    return {"north": 3, "south": 5}[shop]


class Move(BaseModel):
    shop: str
    boxes: int = 1


class Moved(BaseModel):
    left: int


@tool("move-boxes", touches=Touch.EFFECT, effect_kind="move")
def move(request: Move) -> Moved:
    """Move boxes out of a shop."""
    with (current_project().root / "moved.txt").open("a") as stream:
        stream.write(f"{request.shop} {request.boxes}\n")
    return Moved(left=5 - request.boxes)


def said(text: str) -> Turn:
    return Turn(stop_reason="answer", text=text, tokens=10, cost_usd=0.5)


def counting(shop: str = "north") -> ScriptedModel:
    return ScriptedModel([calls(call("boxes-in-stock", shop=shop)), said("There are {{r1.value}} boxes.")])


def moving() -> ScriptedModel:
    return ScriptedModel([calls(call("move-boxes", shop="north", boxes=2)), said("{{r1.left}} are left.")])


def moved(project: Project) -> list[str]:
    path = project.root / "moved.txt"
    return path.read_text().splitlines() if path.exists() else []


def test_a_persona_runs_with_a_tool_of_ones_own(project: Project) -> None:
    done = Agent("data-scientist", provider=counting(), tools=[boxes_in_stock]).run("How many boxes has north?")
    assert isinstance(done, AgentRun)
    assert (done.status, done.answer, done.exit_code) == ("completed", "There are 3 boxes.", 0)
    assert done.calls == [{"tool": "boxes-in-stock", "arguments": {"shop": "north"}, "status": "done", "receipt": "r1"}]
    assert [(each["path"], each["value"]) for each in done.receipts] == [("value", 3)]
    assert boxes_in_stock("south") == 5  # the function is itself


def test_what_the_tool_raises_is_told_to_the_model(project: Project) -> None:
    done = Agent("call", provider=counting("east"), tools=[boxes_in_stock]).run("How many boxes has east?")
    assert done.status == "failed"
    assert "there is north and south" in done.calls[0]["error"]["message"]


def test_the_project_is_the_one_named_the_one_in_use_or_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @tool(touches=Touch.READ)
    def where_am_i() -> str:
        """Say where the project is."""
        return str(current_project().root)

    def asked(project: Any) -> str:
        model = ScriptedModel([calls(call("where-am-i")), said("{{r1.value}}")])
        return Agent("call", project=project, provider=model, tools=[where_am_i]).run("where?").answer

    (tmp_path / "far/below").mkdir(parents=True)
    one, two = create_project(tmp_path / "one"), create_project(tmp_path / "two")
    create_project(tmp_path / "far")
    monkeypatch.chdir(tmp_path / "far/below")
    with use_project(two):
        assert [asked(each) for each in (one, str(tmp_path / "one"), tmp_path / "one")] == [str(one.root)] * 3
        assert asked(None) == str(two.root)
    assert asked(None) == str(tmp_path / "far")
    assert getattr(project_here(), "root", None) == tmp_path / "far"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="this is no project"):
        asked(None)
    with pytest.raises(UserError, match=r"has no ax\.toml"):
        asked(tmp_path)


def test_without_a_word_an_effect_waits_and_goes_on_when_it_is_approved(project: Project) -> None:
    agent = Agent("ml-engineer", provider=moving(), tools=[move])
    waiting = agent.run("Move 2 boxes out of north")
    (need,) = waiting.needs
    assert (waiting.status, waiting.exit_code, need["kind"], need["effect"]) == ("waiting", 3, "approval", "move")
    assert moved(project) == []
    assert need["approve"] == [
        f"ax approve {need['approval_id']}   # then, in the program that holds the agent: resume({waiting.run_id!r})"
    ]
    Approvals(project).decide(need["approval_id"], "approved", how="typed")
    done = agent.resume(waiting.run_id)
    assert (done.status, done.answer, moved(project)) == ("completed", "3 are left.", ["north 2"])
    with pytest.raises(UserError, match="is completed"):
        agent.resume(waiting.run_id)
    with pytest.raises(UserError, match="is no run of writer"):
        Agent("writer").resume(waiting.run_id)


@pytest.mark.parametrize(
    ("word", "status", "done_times"), [(True, "completed", 1), (False, "declined", 0), (None, "waiting", 0)]
)
def test_a_function_gives_the_word(project: Project, word: bool | None, status: str, done_times: int) -> None:
    shown: list[Mapping[str, Any]] = []

    def approve(plan: Mapping[str, Any]) -> bool | None:
        shown.append(plan)
        return word

    done = Agent("ml-engineer", provider=moving(), tools=[move], approve=approve).run("Move 2 boxes out of north")
    assert (done.status, len(moved(project))) == (status, done_times)
    assert (shown[0]["tool"], shown[0]["arguments"]) == ("move-boxes", {"shop": "north", "boxes": 2})
    assert "move-boxes (move)" in shown[0]["text"]


def test_what_is_no_word_approves_nothing(project: Project) -> None:
    async def later(plan: Mapping[str, Any]) -> bool:
        return False

    with pytest.raises(TypeError, match="plain function"):
        Agent("ml-engineer", approve=later)  # type: ignore[arg-type]

    def careless(plan: Mapping[str, Any]) -> Any:
        return "no"

    with pytest.raises(TypeError, match="True, False or None, not str"):
        Agent("ml-engineer", provider=moving(), tools=[move], approve=careless).run("Move 2 boxes out of north")
    assert moved(project) == []


def test_where_an_agent_acts_its_program_approves_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask() -> str:
        agent = Agent("ml-engineer", provider=moving(), tools=[move], approve=lambda _: True)
        return agent.run("Move 2 boxes out of north").status

    with acting("somebody", words="Move 2 boxes out of north"):
        assert ask() == "waiting"
    monkeypatch.setenv("AX_ACTOR", "agent")
    assert ask() == "waiting"
    monkeypatch.delenv("AX_ACTOR")
    assert moved(project) == []
    assert ask() == "completed"


def test_an_agent_asks_another_with_tools_of_its_own(project: Project) -> None:
    counter = Agent("writer", tools=[boxes_in_stock], provider=counting())
    boss = ScriptedModel([calls(call("ask-writer", query="count north")), said("{{r1.figures.r1.value}} in all")])
    done = Agent("mlops-engineer", provider=boss, tools=[counter]).run("How many boxes has north?")
    assert (done.answer, done.tokens, done.cost_usd) == ("3 in all", 20, 1.0)
    (child,) = Runs(project).children(done.run_id)
    assert (child.name, child.status) == ("writer", "completed")
    offered = [seen[2] for seen in boss.seen]
    assert "ask-writer" in offered[0]
    assert "boxes-in-stock" not in offered[0]


def test_agents_by_one_script_share_its_provider_and_its_word(project: Project) -> None:
    model = ScriptedModel(
        [
            calls(call("ask-ml-engineer", query="move 2 boxes out of north")),
            calls(call("move-boxes", shop="north", boxes=2)),
            said("{{r1.left}} are left."),
            said("{{r1.figures.r1.left}}"),
        ]
    )
    helper = Agent("ml-engineer", tools=[move])
    agent = Agent("writer", provider=model, tools=[helper])
    waiting = agent.run("Move 2 boxes out of north")
    assert (waiting.status, moved(project)) == ("waiting", [])
    Approvals(project).decide(waiting.needs[0]["approval_id"], "approved", how="typed")
    done = agent.resume(waiting.run_id)
    assert (done.status, done.answer, moved(project)) == ("completed", "3", ["north 2"])


def test_nobody_waits_for_itself(project: Project) -> None:
    model = ScriptedModel([calls(call("ask-writer", query="go")), said("done"), said("done")])
    inner = Agent("writer", tools=[Agent("data-scientist", tools=[boxes_in_stock])])
    Agent("data-scientist", provider=model, tools=[inner]).run("go")
    assert "ask-writer" in model.seen[0][2]
    assert "ask-data-scientist" not in model.seen[1][2]


def test_what_to_do_next_is_told_as_python(project: Project) -> None:
    (project.root / "data").mkdir()
    for name in ("shop", "visits"):
        (project.root / "data" / f"{name}.csv").write_text("age,bought\n1,yes\n2,no\n")
    agent = Agent("data-scientist", provider="offline")
    asked = agent.run("profile my data")
    assert f"next: run('shop', session='{asked.session}')" in asked.answer
    declined = (
        Agent("writer", provider="offline").run("Register ./models/churn_v2 as churn-classifier version 2.1.0").answer
    )
    assert "next: Agent('data-scientist').run('Register ./models/churn_v2" in declined


def test_a_plan_calls_nothing(project: Project) -> None:
    planned = Agent("data-scientist", provider=counting(), tools=[boxes_in_stock]).plan("How many boxes has north?")
    assert (planned.outcome, planned.calls[0]["tool"]) == ("run", "boxes-in-stock")
    effect = Agent("ml-engineer", provider=moving(), tools=[move]).plan("Move 2 boxes out of north")
    assert (effect.outcome, len(effect.plans)) == ("confirm", 1)
    assert Runs(project).newest() == []


def test_what_is_wrong_is_told_by_the_errors_of_the_house(project: Project) -> None:
    with pytest.raises(NotFound, match="did you mean data-scientist"):
        Agent("data-scientits").run("hi")
    with pytest.raises(ProviderError, match="ANTHROPIC_API_KEY is not set"):
        Agent("writer", provider="claude").run("hi")
    with pytest.raises(LimitReached, match="--max-steps"):
        Agent("writer", provider=counting(), tools=[boxes_in_stock], max_steps=1).run("north?")
    with pytest.raises(UserError, match="must say what is wanted"):
        Agent("writer").run(" ")
    with pytest.raises(AxError, match="there is a tool 'ml-train' already"):
        Agent("writer", tools=[named_like_ours()]).run("hi")
    with pytest.raises(TypeError, match="is no tool: mark it with @tool"):
        Agent("writer", tools=[len])


def named_like_ours() -> Callable[..., Any]:
    @tool("ml-train", touches=Touch.READ)
    def train() -> None:
        """Train."""

    return train


def test_the_offline_planner_says_that_it_cannot_call_it(project: Project) -> None:
    with pytest.warns(UserWarning, match="knows no sentences for boxes-in-stock"):
        Agent("writer", tools=[boxes_in_stock]).plan("How many boxes has north?")


def test_importing_is_light_and_types_are_there(tmp_path: Path) -> None:
    code = "import sys, axagents; print([name for name in ('pydantic', 'typer', 'langgraph') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
    for name in axagents.__all__:
        assert getattr(axagents, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Agnet'"):
        _ = axagents.Agnet  # type: ignore[attr-defined]
    assert (Path(axagents.__file__).parent / "py.typed").exists()


def test_words_arrive_in_a_stream(project: Project) -> None:
    class Talking(ScriptedModel):
        def take_turn(self, *arguments: Any) -> Turn:
            turn = super().take_turn(*arguments)
            from axagents.progress import emit

            emit(Said(turn.text, first=True))
            return turn

    events = list(Agent("writer", provider=Talking([said("Hello.")])).stream("greet"))
    assert Said("Hello.", first=True) in events
