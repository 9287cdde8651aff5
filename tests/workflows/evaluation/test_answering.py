"""The tools around an evaluation: their figures by other means, and what agents are not told."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel
from sklearn.metrics import precision_score, recall_score

from axagents.actor import acting
from axagents.catalog import open_catalog
from axagents.errors import UserError, Waiting
from axagents.project import Project, open_project, use_project
from axagents.stores.models.load import load_model
from axagents.workflows.evaluation.material import gather
from axagents.workflows.evaluation.questions import (
    ErrorAnswer,
    ExplainAnswer,
    FairnessAnswer,
    ThresholdAnswer,
    ThresholdQuestion,
)
from axagents.workflows.evaluation.sections import FairnessReport
from axagents.workflows.evaluation.thresholds import threshold_section
from axagents.workflows.evaluation.withholding import withhold_groups
from axagents.workflows.train.request import Figure
from tests.workflows.conftest import add_to
from tests.workflows.evaluation.conftest import DECLARED, draw_people

ON_LATER = {"model_id": "leaving", "evaluation_dataset": "later"}


def ask(project: Project, tool: str, **fields: Any) -> Any:
    spec = open_catalog(project).tool(tool)
    with use_project(project):
        return spec.function(spec.request.model_validate(fields))


def test_a_threshold_that_reaches_the_recall(judged: Project) -> None:
    found: ThresholdAnswer = ask(judged, "ml-threshold-analysis", **ON_LATER, min_recall=0.9)
    recommended = found.thresholds.recommended
    assert recommended.name == "recall at least 0.9"
    assert found.thresholds.chosen_on.startswith("1,200 rows of people")
    rows = pd.read_csv(judged.root / "data/later.csv")
    truth = (rows["left"] == "yes").to_numpy()
    called = load_model(judged.root / "model").scores(rows) >= recommended.threshold
    for name, score in (("recall", recall_score(truth, called)), ("precision", precision_score(truth, called))):
        figure = recommended.metrics[name]
        assert figure is not None
        assert figure.mean == pytest.approx(score, abs=1e-12)


def test_what_errors_cost_moves_the_threshold(judged: Project) -> None:
    dear: ThresholdAnswer = ask(judged, "ml-threshold-analysis", **ON_LATER, cost_false_negative=10)
    cheap: ThresholdAnswer = ask(judged, "ml-threshold-analysis", **ON_LATER, cost_false_positive=10)
    assert dear.thresholds.recommended.threshold < 0.3 < 0.7 < cheap.thresholds.recommended.threshold
    plain: ThresholdAnswer = ask(judged, "ml-threshold-analysis", **ON_LATER)
    assert "Nobody said what errors cost" in plain.thresholds.because


def test_groups_are_named_for_people_and_numbered_for_agents(judged: Project) -> None:
    people: FairnessAnswer = ask(judged, "ml-fairness", **ON_LATER)
    assert {each.name for each in people.fairness.attributes[0].groups} == {"north", "south"}
    with acting("a model", words=""):
        agent: FairnessAnswer = ask(judged, "ml-fairness", **ON_LATER)
    assert {each.name for each in agent.fairness.attributes[0].groups} == {"group 1", "group 2"}
    assert {each.rows for each in agent.fairness.attributes[0].groups} == {
        each.rows for each in people.fairness.attributes[0].groups
    }
    told = [each for each in texts(agent.fairness) if re.search(r"\b(north|south)\b", each)]
    assert told == []
    (judged.root / "ax.toml").write_text("[egress]\nsensitive = true\n")
    with acting("a model", words=""):
        allowed: FairnessAnswer = ask(open_project(judged.root), "ml-fairness", **ON_LATER)
    assert {each.name for each in allowed.fairness.attributes[0].groups} == {"north", "south"}


def test_an_agent_s_evaluation_names_no_group(judged: Project) -> None:
    rng = np.random.default_rng(2)
    rows = draw_people(2000, seed=2, first=70_000)
    side = np.where(rng.random(2000) < 0.5, "quillish", "brambly")
    wrong = (side == "quillish") & (rng.random(2000) < 0.5)
    left = np.where(wrong, np.where(rows["left"] == "yes", "no", "yes"), rows["left"])
    side[:20] = "wispling"
    add_to(judged, "unfair", rows.assign(side=side, left=left), **DECLARED)
    fields = {"model_id": "leaving", "evaluation_dataset": "unfair", "robustness": False, "latency": False}
    people = ask(judged, "ml-model-evaluation", **fields)
    assert people.verdict == "NO_GO"
    assert any("quillish" in each for each in texts(people.errors))
    assert any("wispling" in each for each in people.fairness.notes)
    with acting("a model", words=""):
        agent = ask(judged, "ml-model-evaluation", **fields)
        without = ask(judged, "ml-model-evaluation", **fields, include_fairness=False)
        errors: ErrorAnswer = ask(judged, "ml-error-analysis", model_id="leaving", evaluation_dataset="unfair")
    for each in (agent, without, errors):
        assert [told for told in texts(each) if re.search("quillish|brambly|wispling", told)] == []
    assert "quillish" in (judged.root / agent.report).read_text()


def report_of(column: str, *, part: str, rate: str) -> dict[str, Any]:
    """A failed comparison of the groups Kif and Kiff of a column, as it is kept."""
    found = Figure(mean=0.4, low=0.3, high=0.5, method="")
    between = {"title": "", "value": found, "between": ["Kif", "Kiff"], "part": part}
    groups = [
        {"name": name, "rows": rows, "positives": {}, "scored": True, "why": "", "figures": {}}
        for name, rows in (("Kif", 200), ("Kiff", 300))
    ]
    return {
        "name": column,
        "columns": [column],
        "binning": "",
        "groups": groups,
        "criteria": {rate: {"name": rate, **between}},
        "verdict": "FAIL",
        "gates": True,
        "rows_needed": None,
        "why": f"0.4 between Kif and Kiff in the {rate} of gold: wholly outside the limit",
    }


def test_numbers_stand_for_the_groups_of_the_column_that_is_meant() -> None:
    rate = "true_positive_rate"
    attributes = [report_of(column, part=f"{rate}[gold]", rate=rate) for column in ("age", "age_band")]
    option = {
        "name": "a threshold for each group of age_band",
        "target": rate,
        "source": "",
        "thresholds": {"Kif": 0.2, "Kiff": 0.4},
        "before": {},
        "after": {},
        "verdict": "PASS",
        "accuracy": Figure(mean=0, low=0, high=0, method=""),
        "f1": Figure(mean=0, low=0, high=0, method=""),
        "rows": 500,
        "catch": "",
    }
    attributes[0]["groups"] = attributes[0]["groups"][:1]
    rule = {"criterion": rate, "limit": 0.1, "level": 0.95}
    found = FairnessReport.model_validate(
        {"rule": rule, "verdict": "FAIL", "attributes": attributes, "pairs": [], "mitigation": [option], "notes": []}
    )
    told = withhold_groups(found)
    assert told.attributes[1].why == f"0.4 between group 2 and group 1 in the {rate} of gold: wholly outside the limit"
    assert told.mitigation[0].thresholds == {"group 2": 0.2, "group 1": 0.4}


def test_where_it_errs_most(judged: Project) -> None:
    rows = draw_people(2000, seed=2, first=70_000)
    rng = np.random.default_rng(0)
    odd = (rows["plan"] == "premium") & (rng.random(2000) < 0.5)
    left = np.where(odd, np.where(rows["left"] == "yes", "no", "yes"), rows["left"])
    add_to(judged, "odd", rows.assign(left=left), **DECLARED)
    found: ErrorAnswer = ask(judged, "ml-error-analysis", model_id="leaving", evaluation_dataset="odd")
    first = found.searches[0].slices[0]
    assert (first.columns, first.confirmed) == (["plan"], True)
    assert "worst where plan is premium" in found.notes[0]


def test_what_it_leans_on_and_why_it_said_so(judged: Project) -> None:
    whole: ExplainAnswer = ask(judged, "ml-explain", model_id="leaving", dataset="later")
    assert [each.column for each in whole.losses][:2] == ["a", "b"]
    assert whole.metric == "auc_roc"
    one: ExplainAnswer = ask(judged, "ml-explain", model_id="leaving", dataset="later", row=5)
    assert one.prediction is not None
    parts = sum(each.amount for each in one.prediction.contributions)
    assert one.prediction.base + parts == pytest.approx(one.prediction.total)
    rows = pd.read_csv(judged.root / "data/later.csv")
    assert one.prediction.score == pytest.approx(load_model(judged.root / "model").scores(rows.iloc[[5]])[0])
    values = {each.column: each.value for each in one.prediction.contributions}
    assert values["a"] == rows["a"][5]
    with acting("a model", words=""):
        agent: ExplainAnswer = ask(judged, "ml-explain", model_id="leaving", dataset="later", row=5)
    assert agent.prediction is not None
    assert {each.value for each in agent.prediction.contributions} == {None}


def test_rows_without_labels_are_explained_too(judged: Project) -> None:
    add_to(judged, "unlabelled", draw_people(200, seed=8).drop(columns="left"), entity="person")
    found: ExplainAnswer = ask(judged, "ml-explain", model_id="leaving", dataset="unlabelled")
    assert found.losses == []
    assert found.overview is not None
    assert "holds no labels" in found.notes[0]
    with pytest.raises(UserError, match="there is no row 200"):
        ask(judged, "ml-explain", model_id="leaving", dataset="unlabelled", row=200)


def test_two_positives_are_too_few_to_halve(judged: Project) -> None:
    rows = draw_people(400, seed=4, first=90_000)
    positive = np.flatnonzero(rows["left"] == "yes")
    few = rows.drop(index=positive[2:])
    halved: set[bool] = set()
    for seed in range(3):
        add_to(judged, f"few-{seed}", few.sample(frac=1, random_state=seed), **DECLARED)
        material = gather(judged, "leaving", f"few-{seed}")
        alone = replace(material, rows=replace(material.rows, learned=None))
        found = threshold_section(alone, ThresholdQuestion(model_id="leaving"), seed=0)
        assert found is not None
        halved.add(found.chosen_on != found.reported_on)
        assert any("too good" in note for note in found.notes) == (found.chosen_on == found.reported_on)
    assert halved == {True, False}


def test_what_is_missing_is_asked_for(judged: Project) -> None:
    with pytest.raises(Waiting) as error:
        ask(judged, "ml-explain", model_id="leaving")
    assert error.value.needs[0]["field"] == "dataset"
    add_to(judged, "plain", draw_people(300, seed=3), target="left", entity="person")
    with pytest.raises(Waiting, match="by which columns"):
        ask(judged, "ml-fairness", model_id="leaving", evaluation_dataset="plain")


def texts(value: Any) -> list[str]:
    """Return every text in a result but the names of columns and classes."""
    if isinstance(value, BaseModel):
        return [each for name in type(value).model_fields for each in texts(getattr(value, name)) if name != "target"]
    if isinstance(value, dict):
        return [*map(str, value), *(each for inner in value.values() for each in texts(inner))]
    if isinstance(value, list | tuple):
        return [each for inner in value for each in texts(inner)]
    return [value] if isinstance(value, str) else []
