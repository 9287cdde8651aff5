"""A persona uses the tools of a real MCP server: only as trusted, given no more than named, and outliving its ills."""

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pexpect
import psutil
import pytest

from axagents.agents.opening import open_desk
from axagents.agents.request import Request
from axagents.agents.run import AgentRun, resume_agent
from axagents.agents.tools import OwnTool
from axagents.catalog import ToolFacts
from axagents.cli.main import run as run_ax
from axagents.errors import AxError, Failed
from axagents.external.servers import external_tools, stop_servers
from axagents.llm.scripted import ScriptedModel
from axagents.llm.turn import Call, Turn
from axagents.progress import Event, Note, listen
from axagents.project import Project, open_project, use_project
from axagents.stores.agents.approvals import Approvals
from axagents.stores.runs import Runs
from axagents.toolkit import Touch
from axagents.trust import read_holding, read_pins, record_trust
from tests.agents.conftest import DONE, call, calls, lines
from tests.agents.conftest import lab as lab

TINY = Path(__file__).with_name("tiny_server.py")
ALL = ["append", "die", "environment", "fail", "garble", "large", "search", "slow"]


def configure(project: Project, *extra: str, command: list[str] | None = None) -> Project:
    """Give a project the tiny server, and its tester all of the server's tools."""
    command = command or [sys.executable, str(TINY)]
    settings = ["content = true", "[mcp.tiny]", f"command = {command!r}", 'read = ["search", "environment"]', *extra]
    (project.root / "ax.toml").write_text("\n".join(settings) + "\n")
    persona = project.root / "personas/tester.yaml"
    persona.write_text(persona.read_text().replace("lab-break]", "lab-break, tiny.*]"))
    record_trust(read_holding(project.root))
    return open_project(project.root)


@pytest.fixture
def tiny(lab: Project) -> Iterator[Project]:
    """A project that has a server, not trusted yet."""
    project = configure(lab)
    with use_project(project):
        yield project
    stop_servers()
    assert running(project) == []


@pytest.fixture
def trusted(tiny: Project) -> Project:
    assert run_ax(["trust", "--yes"]) == 0
    return tiny


def running(project: Project) -> list[int]:
    """The servers that were started in this project and still run."""
    pids = [int(line) for line in lines(project, "pids.txt")]
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


def offered(project: Project, *names: str) -> tuple[list[str], list[str]]:
    """The names of the tools that a persona gets, and what was told meanwhile."""
    notes: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, Note):
            notes.append(event.text)

    with listen(hear):
        found = [each.facts.name for each in external_tools(project, names or ("tiny.*",))]
    return found, notes


Run = Callable[..., AgentRun]


@pytest.fixture
def run_script(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the tester by script."""
    from axagents.agents import opening
    from axagents.agents.run import run_agent

    def run(project: Project, *turns: Turn, query: str = "try it", ask: Any = None) -> AgentRun:
        monkeypatch.setattr(opening, "choose_provider", lambda *_, **__: ScriptedModel(turns))
        return run_agent(project, Request("tester", query), **({"ask": ask} if ask else {}))

    return run


def test_before_trust_nothing_is_started(tiny: Project) -> None:
    found, notes = offered(tiny)
    assert found == []
    assert notes == ["the MCP server 'tiny' is not trusted; its tools are left out: ax trust"]
    assert lines(tiny, "pids.txt") == []
    assert run_ax(["trust"]) == 3  # nobody is here to be asked, not even whether it may be started
    assert lines(tiny, "pids.txt") == []


def test_trust_shows_every_tool_and_records_it(tiny: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_ax(["trust", "--yes", "--format", "json"]) == 0
    told = capsys.readouterr()
    assert "Search the notes." in told.err
    assert str(TINY) in told.out
    assert set(read_pins(tiny.root)["tiny"]) == {"started", "offers"}
    found, notes = offered(tiny)
    assert found == [f"tiny.{name}" for name in ALL]
    assert notes == []
    assert run_ax(["trust"]) == 0  # nothing to ask
    assert run_ax(["trust", "--revoke"]) == 0
    assert offered(tiny)[0] == []


@pytest.mark.parametrize(("words", "starts", "code"), [("n", 0, 1), ("yn", 1, 1), ("yy", 1, 0)])
def test_a_person_is_asked_before_it_is_started_and_again_when_it_has_spoken(
    tiny: Project, words: str, starts: int, code: int
) -> None:
    questions = ["start tiny to see what it offers", "trust these 8 tools of tiny as they are"]
    child = pexpect.spawn(sys.executable, ["-m", "axagents", "trust"], cwd=str(tiny.root), timeout=60, use_poll=True)
    for word, question in zip(words, questions, strict=False):
        child.expect(question)
        child.sendline(word)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == code
    assert len(lines(tiny, "pids.txt")) == starts
    assert bool(read_pins(tiny.root)) is (code == 0)


def test_an_agent_cannot_trust_a_server(tiny: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AX_ACTOR", "agent")
    assert run_ax(["trust", "--yes"]) == 5
    assert read_pins(tiny.root) == {}


def test_a_changed_list_is_not_offered(trusted: Project) -> None:
    assert len(offered(trusted)[0]) == len(ALL)
    stop_servers()
    (trusted.root / "changed").touch()
    found, notes = offered(trusted)
    assert found == []
    assert notes == [
        "the MCP server 'tiny' offers other tools than those that were trusted; its tools are left out: ax trust"
    ]
    assert running(trusted) == []


@pytest.mark.parametrize(
    "changed",
    ['command = ["sh", "-c", "echo > {root}/planted"]', 'env = ["SECRET"]', 'read = ["append"]'],
    ids=["command", "env", "read"],
)
def test_a_server_that_is_set_up_otherwise_is_not_even_started(trusted: Project, changed: str) -> None:
    stop_servers()
    path = trusted.root / "ax.toml"
    key = changed.split(" = ")[0]
    kept = [line for line in path.read_text().splitlines() if not line.startswith(key)]
    path.write_text("\n".join([*kept, changed.format(root=trusted.root)]) + "\n")
    before = lines(trusted, "pids.txt")
    found, notes = offered(open_project(trusted.root))
    assert found == []
    assert notes == ["[mcp.tiny] of ax.toml is not as it was trusted; its tools are left out: ax trust"]
    assert lines(trusted, "pids.txt") == before
    assert not (trusted.root / "planted").exists()


def test_names_that_do_not_exist_are_told(trusted: Project) -> None:
    found, notes = offered(trusted, "tiny.search", "tiny.serach", "other.search")
    assert found == ["tiny.search"]
    assert "has no tool serach; it has append" in notes[0]
    assert "ax.toml has no [mcp.other]" in notes[1]


def test_it_is_given_no_variable_but_those_named(lab: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
    monkeypatch.setenv("TINY_TOKEN", "for it")
    project = configure(lab, 'env = ["TINY_TOKEN"]')
    with use_project(project):
        assert run_ax(["trust", "--yes"]) == 0
        (environment,) = external_tools(project, ["tiny.environment"])
        given = environment.call({})["result"]
    stop_servers()
    assert "TINY_TOKEN" in given
    assert "ANTHROPIC_API_KEY" not in given
    assert "AX_STATE_DIR" not in given


def test_a_persona_reads_with_it_and_asks_for_the_rest(trusted: Project, run_script: Run) -> None:
    turns = (calls(call("tiny.search", query="tea")), calls(call("tiny.append", line="tea")), DONE)
    waiting = run_script(trusted, *turns)
    assert waiting.calls[0]["status"] == "done"
    assert waiting.status == "waiting"
    assert waiting.needs[0]["effect"] == "external"
    assert lines(trusted, "appended.txt") == []
    Approvals(trusted).decide(waiting.needs[0]["approval_id"], "approved", how="command")
    done = resume_agent(trusted, waiting.run_id)
    assert done.status == "completed"
    assert lines(trusted, "appended.txt") == ["tea"]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (call("tiny.search", query="tea", order="best"), "order: 'best' is not one of ['new', 'old']"),
        (call("tiny.search"), "input: 'query' is a required property"),
    ],
)
def test_wrong_arguments_are_told_to_the_model(trusted: Project, run_script: Run, wanted: Call, told: str) -> None:
    done = run_script(trusted, calls(wanted), DONE)
    assert done.calls[0]["status"] == "malformed"
    assert told in done.calls[0]["why"]


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("fail", {}, "no such note"),
        ("large", {"characters": 1_500_000}, "1,000,000 are taken at most"),
        ("die", {}, "its process has ended (it says: the disk is full); whether it did what was asked is not known"),
        ("slow", {"seconds": 30.0}, "nothing came within 2 s ([mcp.tiny] timeout); whether"),
    ],
)
def test_what_goes_wrong_is_one_line_and_the_next_call_works(
    lab: Project, tool: str, arguments: dict[str, Any], told: str
) -> None:
    project = configure(lab, "timeout = 2")
    with use_project(project):
        assert run_ax(["trust", "--yes"]) == 0
        by_name = {each.facts.name: each for each in external_tools(project, ["tiny.*"])}
        with pytest.raises(AxError, match="tiny") as raised:
            by_name[f"tiny.{tool}"].call(arguments)
        assert told in raised.value.message
        assert "\n" not in raised.value.message
        assert by_name["tiny.search"].call({"query": "tea"})["hits"] == ["tea-new"]
    stop_servers()
    assert running(project) == []


def test_a_server_that_is_stopped_in_the_middle_of_a_call_is_one_line(trusted: Project) -> None:
    by_name = {each.facts.name: each for each in external_tools(trusted, ["tiny.*"])}
    threading.Timer(0.5, stop_servers).start()
    with pytest.raises(AxError, match=r"tiny\.slow did not answer: its process has ended") as raised:
        by_name["tiny.slow"].call({"seconds": 30.0})
    assert "\n" not in raised.value.message
    assert by_name["tiny.search"].call({"query": "tea"})["hits"] == ["tea-new"]


def test_runs_at_once_have_one_server_between_them(trusted: Project) -> None:
    stop_servers()
    before = len(lines(trusted, "pids.txt"))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: len(external_tools(trusted, ["tiny.*"])), range(4)))
    assert found == [len(ALL)] * 4
    assert len(lines(trusted, "pids.txt")) == before + 1


def test_a_tool_of_ones_own_that_breaks_is_told_as_one_that_broke(lab: Project) -> None:
    def broken(_arguments: dict[str, Any]) -> Any:
        raise KeyError("wheel")

    facts = ToolFacts(name="other.tool", touches=Touch.EFFECT, description="Break.", parameters={"type": "object"})
    with use_project(lab):
        box = open_desk(lab, Request("tester", "try", "offline")).tools
    box = box.with_own([OwnTool(facts, broken, broken, foresee=broken)])
    for work in (box.check, box.foresee, box.call):
        with pytest.raises(Failed, match=r"the tool other\.tool broke: KeyError: 'wheel'"):
            work("other.tool", {})


def test_noise_among_the_answers_is_passed_over(trusted: Project) -> None:
    (garble,) = external_tools(trusted, ["tiny.garble"])
    assert garble.call({})["result"] == "answered"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["no-such-program"], "No such file"),
        ([sys.executable, "-c", "import sys; sys.exit('no licence')"], "no licence"),
    ],
    ids=["missing", "ends"],
)
def test_a_server_that_cannot_be_used_is_told(
    lab: Project, capsys: pytest.CaptureFixture[str], command: list[str], told: str
) -> None:
    with use_project(configure(lab, command=command)):
        assert run_ax(["trust", "--yes"]) == 1
    assert told in capsys.readouterr().err


def test_an_effect_that_was_cut_short_is_not_done_again(
    trusted: Project, ax: Callable[..., Any], tmp_path: Path
) -> None:
    turns = (calls(call("tiny.append", line="tea")), DONE)
    script = tmp_path / "script.jsonl"
    script.write_text("\n".join(turn.model_dump_json() for turn in turns))
    stop_servers()
    asking = ("agent", "run", "tester", "--provider", f"script:{script}", "--input", '{"query": "append tea"}')
    waiting = ax(*asking, "--format", "json").json()
    Approvals(trusted).decide(waiting["needs"][0]["approval_id"], "approved", how="command")
    killed = ax("runs", "resume", waiting["run_id"], env={"AX_FAULT": "agents.act.called:1:kill"})
    assert killed.exit_code == -9
    assert Runs(trusted).get(waiting["run_id"]).interrupted
    done = resume_agent(trusted, waiting["run_id"])
    assert done.status == "failed"
    assert done.exit_code == 6
    assert "cannot tell whether tiny.append happened" in done.calls[0]["error"]["message"]
    assert lines(trusted, "appended.txt") == []


def test_the_process_of_ax_leaves_no_server_behind(trusted: Project, ax: Callable[..., Any], tmp_path: Path) -> None:
    stop_servers()
    script = tmp_path / "script.jsonl"
    script.write_text("\n".join(each.model_dump_json() for each in (calls(call("tiny.search", query="tea")), DONE)))
    done = ax("agent", "run", "tester", "--provider", f"script:{script}", "--input", '{"query": "tea"}')
    assert done.exit_code == 0, done.stderr
    assert len(lines(trusted, "pids.txt")) == 2  # once to be trusted, once for the run
    assert running(trusted) == []


def test_a_desk_that_needs_none_loads_none(lab: Project) -> None:
    """What a run without MCP servers loads is measured in a fresh process."""
    code = (
        "import sys; from pathlib import Path; from axagents.project import open_project;"
        "from axagents.agents.opening import open_desk; from axagents.agents.request import Request;"
        "open_desk(open_project(Path('.')), Request('tester', 'count', 'offline'));"
        "print('mcp' in sys.modules, 'axagents.external.servers' in sys.modules)"
    )
    done = psutil.Popen([sys.executable, "-c", code], cwd=lab.root, stdout=-1, text=True)
    assert done.communicate()[0] == "False True\n"


def test_a_desk_holds_what_the_persona_names(trusted: Project) -> None:
    desk = open_desk(trusted, Request("tester", "count", "offline"))
    facts = desk.tools.facts()
    assert facts["tiny.search"].touches == "read"
    assert facts["tiny.append"].touches == "effect"
    assert facts["tiny.search"].parameters["required"] == ["query"]
