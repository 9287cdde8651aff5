"""A session goes on: what was asked and called before fills what is left out now, and an open question is answered."""

import pytest

from axagents.agents.request import Request
from axagents.agents.run import AgentRun, run_agent
from axagents.project import Project, use_project
from axagents.stores.memory.memory import Memory

ROWS = "age,churned\n" + "\n".join(f"{20 + at},{'yes' if at % 3 else 'no'}" for at in range(60))


@pytest.fixture
def talk(project: Project):
    """Say something to the data scientist, offline, in one session."""
    (project.root / "data").mkdir()
    (project.root / "data" / "shop.csv").write_text(ROWS)
    (project.root / "data" / "visits.csv").write_text(ROWS)

    def said(query: str, session: str = "s1") -> AgentRun:
        with use_project(project):
            return run_agent(project, Request("data-scientist", query, session=session))

    return said


def test_an_answer_completes_the_question_before(talk) -> None:
    asked = talk("profile my data")
    assert (asked.status, asked.needs[0]["field"]) == ("waiting", "dataset")
    done = talk("shop")
    assert done.status == "completed"
    assert done.calls[0]["arguments"]["dataset"] == "shop"


def test_what_was_called_before_is_meant_again(talk) -> None:
    talk("profile visits.csv")
    done = talk("describe the data again")
    assert done.calls[0]["arguments"]["dataset"] == "visits.csv"


def test_another_session_knows_nothing_of_it(talk) -> None:
    talk("profile visits.csv")
    assert talk("describe the data again", session="s2").status == "waiting"


def test_the_exchange_is_kept_in_memory(talk, project: Project) -> None:
    done = talk("profile shop")
    record = Memory(project).retrieve(f"s1/{done.run_id}", namespace="conversations")
    assert record is not None
    assert record.value is not None
    assert record.value["query"] == "profile shop"
    assert record.value["calls"][0]["tool"] == "data-profile"
    assert "60 rows" in record.value["answer"]
