"""What leaves the machine, seen at the wire: no rows, no values of sensitive columns, no file that nobody named."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from axagents.actor import acting, actor, is_agent
from axagents.agents.request import Request
from axagents.agents.run import AgentRun, run_agent
from axagents.project import Project, open_project, use_project
from axagents.stores.datasets.catalog import add_dataset
from axagents.stores.datasets.record import Declarations
from tests.llm.conftest import claude_events, said, sse, used
from tests.llm.serving import serving

ROWS = 120
FAITHS = ("quillish", "brambly", "ostrine")
Wanted = tuple[str, dict[str, Any]]


@pytest.fixture
def clinic(project: Project) -> Project:
    """A catalogued dataset with names, notes and a sensitive column, and a file beside the project."""
    lines = ["patient,age,faith,note,seen_again"]
    for at in range(ROWS):
        faith = FAITHS[at % 3]
        lines.append(f"PERSON-{at:04d},{20 + at % 50},{faith},wrote about worry {at} zebra{at:04d},{at % 2}")
    (project.root / "data").mkdir(exist_ok=True)
    (project.root / "data/visits.csv").write_text("\n".join(lines) + "\n")
    (project.root.parent / "outside.csv").write_text("secret,y\n" + "hidden-treasure,1\n" * 40)
    with use_project(project):
        declared = Declarations(target="seen_again", sensitive=("faith",))
        add_dataset(project, "visits", "data/visits.csv", declared=declared)
    return project


Ask = Callable[..., tuple[AgentRun, str]]


@pytest.fixture
def ask(clinic: Project, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Have a model on loopback make these calls; returns the run, and all that the model was sent."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")

    def play(query: str, calls: Sequence[Wanted], *, settings: str = "") -> tuple[AgentRun, str]:
        left = list(calls)

        def model(_body: dict[str, Any]) -> Iterator[bytes]:
            if left:
                tool, arguments = left.pop(0)
                yield sse(claude_events(used(tool, arguments, f"toolu_{len(left)}")))
            else:
                yield sse(claude_events(said("seen"), stop="end_turn"))

        with serving(model) as (address, seen):
            (clinic.root / "ax.toml").write_text(f'{settings}\n[providers.claude]\nbase_url = "{address}"\n')
            again = open_project(clinic.root)
            with use_project(again):
                done = run_agent(again, Request("data-scientist", query, "claude"))
        return done, json.dumps(seen, default=str)

    return play


def leaks(sent: str) -> list[str]:
    held = [f"PERSON-{at:04d}" for at in range(ROWS)] + [f"zebra{at:04d}" for at in range(ROWS)] + list(FAITHS)
    return [each for each in held if each in sent]


def test_no_row_and_no_value_of_a_sensitive_column_leaves(ask: Ask) -> None:
    done, sent = ask("what is in visits?", [("data-profile", {"dataset": "visits"})])
    assert [each["status"] for each in done.calls] == ["done"]
    assert '"rows\\":120' in sent or '"rows":120' in sent.replace("\\", "")
    assert leaks(sent) == []


@pytest.mark.slow
def test_training_sends_figures_only(ask: Ask) -> None:
    train = {"dataset": "visits", "target": "seen_again", "model": "linear", "trials": 2}
    done, sent = ask("train on visits", [("ml-train", train)])
    assert [each["status"] for each in done.calls] == ["done"]
    assert leaks(sent) == []


def test_the_setting_lets_values_of_sensitive_columns_out_and_nothing_else(ask: Ask) -> None:
    _, sent = ask("visits?", [("data-profile", {"dataset": "visits"})], settings="[egress]\nsensitive = true")
    assert set(leaks(sent)) == set(FAITHS)


@pytest.mark.parametrize("place", ["../outside.csv", "outside.csv", "/etc/passwd"])
def test_a_path_that_no_words_hold_is_not_read(ask: Ask, place: str) -> None:
    done, sent = ask("what is in the data?", [("data-profile", {"dataset": place})])
    assert [each["status"] for each in done.calls] == ["failed"]
    assert "hidden-treasure" not in sent
    assert "root:" not in sent


def test_a_path_in_the_persons_words_is_read(ask: Ask, clinic: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(clinic.root)
    place = str(clinic.root.parent / "outside.csv")
    done, _ = ask(f"profile {place} for me", [("data-profile", {"dataset": place})])
    assert [each["status"] for each in done.calls] == ["done"]


def test_an_agent_marked_shell_names_no_path_at_all(ask: Ask, clinic: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AX_ACTOR", "agent")
    place = str(clinic.root.parent / "outside.csv")
    done, sent = ask(f"profile {place} for me", [("data-profile", {"dataset": place})])
    assert [each["status"] for each in done.calls] == ["failed"]
    assert "hidden-treasure" not in sent


def test_artifacts_and_models_lie_where_they_may(ask: Ask, clinic: Project) -> None:
    outside = clinic.root.parent / "model"
    outside.mkdir()
    tracker = {"experiment_name": "e", "artifacts": ["data/visits.csv"]}
    registry = {"model_path": str(outside), "model_name": "m", "version": "1.0.0"}
    done, _ = ask("log it", [("ml-experiment-tracker", tracker)])
    assert done.calls[0]["status"] == "failed"
    assert "agents name no others" in done.calls[0]["error"]["message"]
    done, _ = ask(f"register {outside} as m 1.0.0", [("ml-model-registry", registry)])
    assert done.status in ("waiting", "failed")
    assert not (clinic.root / ".ax/mlartifacts").exists()


def test_who_acts_is_known_inside() -> None:
    with acting("data-scientist", words="x"):
        assert is_agent()
        assert actor().startswith("agent:data-scientist for ")
    assert not is_agent()
