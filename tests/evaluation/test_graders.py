"""Every grader passes what holds and fails what does not."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from axagents.evaluation.evidence import Evidence, Played
from axagents.evaluation.graders import load_graders, over_budget
from axagents.evaluation.task import Task
from axagents.project import Project
from axagents.stores.memory.memory import Memory
from tests.house.source import CHECKOUT

GRADERS = load_graders(CHECKOUT / "evals/graders")
BEFORE: dict[str, Any] = {
    "registry": {"m.1": {"versions": ["1.0.0"], "stage": {"1.0.0": "production"}, "production": "1.0.0"}},
    "memory": {"notes": {"a.b": {"text": "ninety days"}}},
    "datasets": {"d": {"location": "data/d.csv", "sha256": "x"}},
    "mlflow": {"churn_v1": {"runs": 2, "finished": 2}},
    "files": {"data/d.csv": 10},
}
AFTER: dict[str, Any] = {
    **BEFORE,
    "registry": {
        "m.1": {
            "versions": ["1.0.0", "2.0.0"],
            "stage": {"1.0.0": "archived", "2.0.0": "production"},
            "production": "2.0.0",
        }
    },
    "memory": {"notes": {"a.b": {"text": "ninety days"}, "c": {"text": "new"}}},
    "mlflow": {"churn_v1": {"runs": 3, "finished": 3}, "churn_v2": {"runs": 1, "finished": 0}},
}
CALLS = (
    {"tool": "ml-train", "arguments": {"dataset": "d", "trials": 2, "tags": ["b", "a"]}, "status": "done"},
    {"tool": "data-profile", "arguments": {"dataset": "d"}, "status": "failed"},
    {"tool": "ml-model-registry", "arguments": {"version": "2.0.0"}, "status": "denied"},
)


def evidence(*played: Played, **told: Any) -> Evidence:
    return Evidence(Path(), told.get("truth", {}), played, {}, {})


def judged(name: str, expected: Any, shown: Evidence) -> bool:
    """Tell whether the grader found nothing wrong."""
    grader = GRADERS[name]
    return grader.judge(grader.expected.validate_python(expected), shown) == []


def played(**fields: Any) -> Played:
    return Played(**{"status": "completed", "exit_code": 0, **fields})


@pytest.mark.parametrize(
    ("expected", "holds"),
    [
        ({"registry.m.1.versions": ["1.0.0", "2.0.0"]}, True),
        ({"registry.m.1.versions": ["1.0.0"]}, False),
        ({"registry.m.1.stage.1.0.0": "archived"}, True),
        ({"registry.m.1.stage.1.0.0": "production"}, False),
        ({"registry.m.1.production": "2.0.0"}, True),
        ({"registry.other.production": "2.0.0"}, False),
        ({"registry.m.1.added": 1}, True),
        ({"registry.m.1.added": 0}, False),
        ({"memory.notes.a.b": {"text": "ninety days"}}, True),
        ({"memory.notes.a.b": {"text": "sixty days"}}, False),
        ({"memory.notes.added": 1}, True),
        ({"memory.notes.added": 2}, False),
        ({"memory.notes": {"contains": "Ninety"}}, True),
        ({"memory.notes": {"contains": "forty"}}, False),
        ({"memory.notes.z": None}, True),
        ({"mlflow.churn_v1.runs": 1}, True),
        ({"mlflow.churn_v1.runs": 3}, False),
        ({"mlflow.*.runs": 2}, True),
        ({"mlflow.churn_v2.finished": 0}, True),
        ({"datasets.d": {"location": "data/d.csv"}}, True),
        ({"datasets.d": {"location": "elsewhere"}}, False),
        ({"files.data/d.csv": 10}, True),
        ({"files.data/e.csv": 10}, False),
    ],
)
def test_state(expected: dict[str, Any], holds: bool) -> None:
    shown = Evidence(Path(), {}, (played(),), {"state": BEFORE}, {"state": AFTER})
    assert judged("state", expected, shown) is holds


@pytest.mark.parametrize(
    ("expected", "holds"),
    [
        ({"model": "m.1", "versions_added": 1}, True),
        ({"model": "m.1"}, False),
        ({"model": "none", "versions_added": 0}, True),
        ({"model": "m.1", "versions_added": 1, "stages": {"1.0.0": "archived", "2.0.0": "production"}}, True),
        ({"model": "m.1", "versions_added": 1, "stages": {"1.0.0": "production", "2.0.0": "staged"}}, False),
    ],
)
def test_registry(expected: dict[str, Any], holds: bool) -> None:
    shown = Evidence(Path(), {}, (played(),), {"registry": BEFORE}, {"registry": AFTER})
    assert judged("registry", expected, shown) is holds


def test_registry_sees_a_version_go() -> None:
    shown = Evidence(Path(), {}, (played(),), {"registry": AFTER}, {"registry": BEFORE})
    assert not judged("registry", {"model": "m.1"}, shown)


@pytest.mark.parametrize(
    ("expected", "holds"),
    [
        ({"must": [{"tool": "ml-train", "args": {"trials": 2}}]}, True),
        ({"must": [{"tool": "ml-train", "args": {"trials": 3}}]}, False),
        ({"must": [{"tool": "ml-train", "args": {"tags": ["a", "b"]}}]}, True),
        ({"must": [{"tool": "ml-model-registry"}]}, False),
        ({"must_not": ["ml-model-registry"]}, True),
        ({"must_not": ["data-profile"]}, False),
        ({"mode": "exact", "must": [{"tool": "ml-train"}, {"tool": "data-profile"}]}, True),
        ({"mode": "exact", "must": [{"tool": "data-profile"}, {"tool": "ml-train"}]}, False),
        ({"mode": "exact", "must": [{"tool": "ml-train"}]}, False),
        ({"mode": "none"}, False),
        ({"approvals": 1}, True),
        ({"approvals": 0}, False),
    ],
)
def test_calls(expected: dict[str, Any], holds: bool) -> None:
    assert judged("calls", expected, evidence(played(calls=CALLS, asked=({"tool": "ml-model-registry"},)))) is holds


def test_no_call_at_all() -> None:
    assert judged("calls", {"mode": "none", "approvals": 0}, evidence(played()))


def test_needs_are_exactly_those_asked_for() -> None:
    asked = evidence(played(needs=({"kind": "answer", "field": "dataset"}, {"kind": "approval", "field": "x"})))
    assert judged("needs", ["dataset"], asked)
    assert not judged("needs", ["target"], asked)
    assert not judged("needs", ["dataset", "target"], asked)
    assert not judged("needs", ["dataset"], evidence(played()))


def test_questions_are_counted_by_turn() -> None:
    asking = played(needs=({"kind": "answer", "field": "dataset"},))
    assert judged("questions", 1, evidence(asking, played()))
    assert not judged("questions", 1, evidence(played(), played()))


def receipt(value: Any, text: str) -> dict[str, Any]:
    return {"receipt": "r1", "path": "x", "value": value, "text": text}


@pytest.mark.parametrize(
    ("fields", "holds"),
    [
        ({"answer": "255 rows", "receipts": (receipt(255, "255"),)}, True),
        ({"answer": "254 rows", "receipts": (receipt(254, "254"),)}, False),
        ({"answer": "255 rows"}, False),
        ({"answer": "many rows", "receipts": (receipt(255, "255"),)}, False),
        ({"answer": "255 rows", "receipts": (receipt("255", "255"),)}, False),
        ({"answer": "255 of 9", "receipts": (receipt(255, "255"),), "unverified_numbers": ("9",)}, False),
    ],
)
def test_answer_numbers(fields: dict[str, Any], holds: bool) -> None:
    shown = evidence(played(**fields), truth={"datasets": {"messy": {"rows": 255}}})
    assert judged("answer_numbers", [{"truth": "datasets.messy.rows"}], shown) is holds


def test_answer_numbers_within_a_tolerance_and_in_percent() -> None:
    shown = evidence(played(answer="28.2", receipts=(receipt(28.2, "28.2"),)), truth={"share": 0.2822})
    assert judged("answer_numbers", [{"truth": "share", "times": 100, "tolerance": 0.05}], shown)
    assert not judged("answer_numbers", [{"truth": "share", "times": 100}], shown)
    assert judged("answer_numbers", [{"value": 28.2}], shown)


def test_unchanged_sees_files_and_records(project: Project) -> None:
    observe = GRADERS["unchanged"].observe
    assert observe is not None
    (project.root / "data").mkdir()
    (project.root / "data/a.csv").write_text("a\n1\n")
    memory = Memory(project)
    memory.store("window", {"text": "90 days"}, namespace="notes")
    before = observe(project.root)
    memory.store("talk", {"text": "what was said"}, namespace="conversations")
    same = Evidence(project.root, {}, (), {"unchanged": before}, {"unchanged": observe(project.root)})
    assert judged("unchanged", ["**"], same)
    memory.store("window", {"text": "60 days"}, namespace="notes")
    (project.root / "data/a.csv").write_text("a\n2\n")
    (project.root / "new.txt").write_text("x")
    other = Evidence(project.root, {}, (), {"unchanged": before}, {"unchanged": observe(project.root)})
    assert [judged("unchanged", [glob], other) for glob in ("memory/notes/*", "datasets/**", "*.txt", "**")] == [
        False
    ] * 4
    assert judged("unchanged", ["registry/**", "mlflow/**", "models/**"], other)


def kept(*rows: dict[str, Any], leakage: str = "SAFE") -> dict[str, Any]:
    return {"definition": {"entity": "who", "leakage": leakage}, "rows": list(rows)}


ONE = kept({"who": "a", "n": 1.0}, {"who": "b", "n": 0.5})
TWO = kept({"who": "a", "n": 2, "late": 1}, leakage="DANGEROUS")
SEVERAL = kept({"who": "a", "as_of": date(2026, 5, 1), "n": 1}, {"who": "a", "as_of": date(2026, 6, 1), "n": 2})
TABLES = {
    "t": {"one": {"a": {"n": 1}, "b": {"n": 0.5}}, "several": {"a 2026-05-01": {"n": 1}, "a 2026-06-01": {"n": 2}}}
}


@pytest.mark.parametrize(
    ("expected", "after", "holds"),
    [
        ({}, {}, True),
        ({}, {"1.0.0": ONE}, False),
        ({"versions": ["1.0.0"], "table": "t.one"}, {"1.0.0": ONE}, True),
        ({"versions": ["1.0.0", "2.0.0"], "table": "t.one"}, {"1.0.0": ONE, "2.0.0": TWO}, False),
        ({"versions": ["2.0.0"], "table": "t.one"}, {"2.0.0": SEVERAL}, False),
        ({"versions": ["2.0.0"], "table": "t.several"}, {"2.0.0": SEVERAL}, True),
        ({"versions": ["2.0.0"], "lacks": ["late"]}, {"2.0.0": TWO}, False),
        ({"versions": ["2.0.0"], "lacks": ["n2"], "leakage": "DANGEROUS"}, {"2.0.0": TWO}, True),
        ({"versions": ["1.0.0"], "leakage": "DANGEROUS"}, {"1.0.0": ONE}, False),
    ],
)
def test_features(expected: dict[str, Any], after: dict[str, Any], holds: bool) -> None:
    shown = Evidence(Path(), TABLES, (played(),), {"features": {}}, {"features": {"s": after} if after else {}})
    assert judged("features", {"set": "s", **expected}, shown) is holds


def test_a_kept_version_that_changed_is_seen() -> None:
    shown = Evidence(Path(), {}, (), {"features": {"s": {"1.0.0": ONE}}}, {"features": {"s": {"1.0.0": TWO}}})
    assert not judged("features", {"set": "s", "versions": ["1.0.0"]}, shown)


def test_exit() -> None:
    assert judged("exit", 3, evidence(played(), played(exit_code=3)))
    assert not judged("exit", 0, evidence(played(), played(exit_code=3)))


def test_the_budget_is_held() -> None:
    task = Task.model_validate(
        {
            "id": "t",
            "world": "w",
            "agent": "a",
            "turns": [{"user": "x"}],
            "grade": [{"exit": 0}],
            "budget": {"steps": 3, "tool_calls": 2, "usd": 0.1},
        }
    )
    assert over_budget(task, evidence(played(steps=3, cost_usd=0.1, calls=CALLS[:2]))) == []
    wrong = over_budget(task, evidence(played(steps=4, cost_usd=0.2, calls=CALLS)))
    assert [line.split(",")[0] for line in wrong] == ["4 steps", "3 calls", "0.2 US dollars"]
