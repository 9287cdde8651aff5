"""An evaluation end to end: figures that scikit-learn and fairlearn give too, the verdict, and what is on record."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import equalized_odds_difference
from sklearn.metrics import accuracy_score, average_precision_score, brier_score_loss, f1_score, roc_auc_score

from axagents.errors import UserError
from axagents.ml.fitted import FittedModel
from axagents.project import Project
from axagents.stores.memory.memory import Memory
from axagents.stores.models.load import load_model
from axagents.stores.registry.evaluations import newest_evaluation
from axagents.stores.tracking.client import mlflow_client
from axagents.workflows.engine import run_workflow
from axagents.workflows.evaluation.request import EvaluationResult
from axagents.workflows.outcome import WorkflowRun
from tests.workflows.conftest import add_to
from tests.workflows.evaluation.conftest import DECLARED, Evaluate, draw_people


def told(run: WorkflowRun) -> EvaluationResult:
    return EvaluationResult.model_validate(run.result)


def rows_of(project: Project, name: str) -> pd.DataFrame:
    return pd.read_csv(project.root / f"data/{name}.csv")


def served(project: Project) -> FittedModel:
    return load_model(project.root / "model")


def test_figures_are_those_of_scikit_learn_on_what_is_served(judged: Project, evaluate: Evaluate) -> None:
    result = told(evaluate(evaluation_dataset="later"))
    rows, model = rows_of(judged, "later"), served(judged)
    truth = (rows["left"] == "yes").to_numpy().astype(int)
    scores = model.scores(rows)
    labels = (scores >= model.threshold).astype(int)
    expected = {
        "accuracy": accuracy_score(truth, labels),
        "f1": f1_score(truth, labels),
        "auc_roc": roc_auc_score(truth, scores),
        "auc_pr": average_precision_score(truth, scores),
        "brier": brier_score_loss(truth, scores),
    }
    for name, value in expected.items():
        figure = result.metrics[name]
        assert figure.mean == pytest.approx(value, abs=1e-12)
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low < value < figure.high
    assert result.sha256 == json.loads((judged.root / "model/axagents.json").read_text()).get("sha256", result.sha256)
    side = rows["side"].to_numpy()
    assert result.fairness is not None
    odds = result.fairness.attributes[0].criteria["equalized_odds_difference"]
    assert odds.value is not None
    assert odds.value.mean == pytest.approx(
        equalized_odds_difference(truth, labels, sensitive_features=side), abs=1e-12
    )


def test_a_sound_model_may_go_on_and_every_rule_is_named(evaluate: Evaluate) -> None:
    run = evaluate(evaluation_dataset="later", success_criteria=["auc_roc > 0.7"])
    assert (run.status, run.verdict) == ("completed", "GO")
    assert [each.table for each in run.decisions] == ["evaluation", "fairness"]
    result = told(run)
    assert [each.rule for each in result.rules if each.fired] == ["sound"]
    assert len(result.rules) == 9
    assert result.criteria[0].status == "met"
    assert result.comparison.rivals[0].outcome == "better"


@pytest.mark.parametrize(
    ("fields", "verdict", "row"),
    [
        ({"success_criteria": ["auc_roc >= 0.99"]}, "NO_GO", "requirement-failed"),
        ({"fairness_limit": 0.001}, "INSUFFICIENT", "fairness-unclear"),
        ({"evaluation_dataset": "people"}, "INSUFFICIENT", "rows-learned-from"),
    ],
)  # fmt: skip
def test_what_stops_it(evaluate: Evaluate, fields: dict[str, Any], verdict: str, row: str) -> None:
    run = evaluate(**{"evaluation_dataset": "later", "slices": False, **fields})
    assert (run.verdict, run.decisions[0].row) == (verdict, row)


def test_the_training_data_as_holdout_is_the_headline(judged: Project, evaluate: Evaluate) -> None:
    result = told(evaluate(evaluation_dataset="people"))
    assert result.headline.startswith("people is the very data that leaving:1.0.0 was trained on")
    assert result.warnings[0] in result.headline
    copied = rows_of(judged, "people").assign(person=lambda each: each["person"].str.replace("P", "P")).iloc[::-1]
    add_to(judged, "shuffled", copied, **DECLARED)
    result = told(evaluate(evaluation_dataset="shuffled"))
    assert result.headline.startswith("100.0% of the rows are about entities of people")


def test_rows_without_an_entity_are_compared_value_for_value(judged: Project, evaluate: Evaluate) -> None:
    mixed = pd.concat([rows_of(judged, "people").head(300), draw_people(700, seed=9)]).drop(columns="person")
    add_to(judged, "mixed", mixed, target="left", sensitive=("side",))
    assert told(evaluate(evaluation_dataset="mixed")).headline.startswith(
        "30.0% of the rows are, value for value, rows of"
    )


def test_what_is_on_record(judged: Project, evaluate: Evaluate) -> None:
    run = evaluate(evaluation_dataset="later", metrics=["accuracy", "f1_score"])
    result = told(run)
    assert list(result.metrics) == ["accuracy", "f1"]
    kept = newest_evaluation(judged, result.sha256)
    assert kept is not None
    assert (kept.evaluation_id, kept.verdict, kept.dataset) == (run.run_id, "GO", "later")
    assert kept.metrics["auc_roc"]["mean"] == result.performance.metrics["auc_roc"].mean
    remembered = Memory(judged).retrieve(f"leaving/1.0.0/{run.run_id}", namespace="ml-evaluations")
    assert remembered is not None
    assert remembered.value["verdict"] == "GO"
    client = mlflow_client(judged)
    logged = client.get_run(result.mlflow_run_id)
    assert logged.info.status == "FINISHED"
    assert logged.data.metrics["f1"] == result.metrics["f1"].mean
    assert client.get_experiment(logged.info.experiment_id).name == "people-left"
    names = {each.path for each in client.list_artifacts(result.mlflow_run_id)}
    assert names == {"evaluation.json", "predictions", "report.html", "report.md"}
    assert {each.name for each in run.artifacts} == {"report", "page", "result", "predictions"}
    assert EvaluationResult.model_validate_json((judged.root / run.artifacts[2].path).read_text()) == result


def test_the_registry_takes_it_from_there(judged: Project, evaluate: Evaluate) -> None:
    request = {"model_path": "model", "model_name": "leaving", "version": "1.0.0"}
    assert run_workflow(judged, "ml-model-registry", request).verdict == "HOLD"
    evaluate(evaluation_dataset="later")
    assert run_workflow(judged, "ml-model-registry", request).verdict == "PROMOTE"
    evaluate(evaluation_dataset="later", success_criteria=["auc_roc > 0.99"])
    assert run_workflow(judged, "ml-model-registry", request).verdict == "REJECT"


def test_a_folder_that_is_not_registered(judged: Project, evaluate: Evaluate) -> None:
    result = told(evaluate(model_id="model", evaluation_dataset="later"))
    assert (result.model, result.version) == ("model", None)
    assert newest_evaluation(judged, result.sha256) is not None
    assert "ml-model-registry" in result.next[0]


def test_another_model_as_baseline_and_the_version_before(judged: Project, evaluate: Evaluate) -> None:
    weak = run_workflow(
        judged, "ml-train", {"dataset": "people", "features": ["b"], "model": "linear", "trials": 1, "repeats": 1}
    )
    register = {"model_path": weak.result["model_path"], "model_name": "leaving", "version": "1.1.0"}
    run_workflow(judged, "ml-model-registry", register)
    run = evaluate(model_id="leaving:1.1.0", evaluation_dataset="later", baseline="leaving:1.0.0", slices=False)
    assert run.verdict == "NO_GO"
    assert [(each.role, each.outcome) for each in told(run).comparison.rivals] == [
        ("baseline", "worse"),
        ("previous", "worse"),
    ]


def test_a_rival_that_learned_from_the_rows_cannot_be_lost_to(judged: Project, evaluate: Evaluate) -> None:
    later = {"dataset": "later", "model": "linear", "trials": 1, "repeats": 1, "folds": 3}
    taught = run_workflow(judged, "ml-train", {**later, "exclude": ["side"]})
    weak = run_workflow(judged, "ml-train", {**later, "dataset": "people", "features": ["b"]})
    for version, run in (("1.1.0", taught), ("1.2.0", weak)):
        named = {"model_path": run.result["model_path"], "model_name": "leaving", "version": version}
        run_workflow(judged, "ml-model-registry", named)
    run = evaluate(model_id="leaving:1.2.0", evaluation_dataset="later", slices=False)
    (previous,) = [each for each in told(run).comparison.rivals if each.role == "previous"]
    assert previous.outcome == "unclear"
    assert "does not count: 100.0% of the rows are rows of later" in previous.because
    assert run.verdict != "NO_GO"


class _Strict(HTMLParser):
    """Reads a page and holds what it links to; a tag that is not closed in its place is an error."""

    void = frozenset("meta br link img input hr".split())

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.drawings = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        self.drawings += tag == "svg"
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_nothing_else_and_is_well_formed(judged: Project, evaluate: Evaluate) -> None:
    result = told(evaluate(evaluation_dataset="later", robustness=True, latency=True))
    page = (judged.root / result.page).read_text()
    parser = _Strict()
    parser.feed(page)
    assert (parser.open, parser.links) == ([], [])
    assert "@import" not in page
    assert "prefers-color-scheme: dark" in page
    assert parser.drawings == 4
    assert f"{result.metrics['auc_roc'].mean:.3f}".rstrip("0") in page
    assert not re.search(r"\bnan\b|\bNone\b", page)
    markdown = (judged.root / result.report).read_text()
    assert markdown.startswith("# leaving 1.0.0 on later: GO")
    for title in (
        "Performance",
        "Fairness",
        "Where it errs",
        "What it leans on",
        "Robustness",
        "Latency",
        "Thresholds",
        "Comparison",
        "Rules",
    ):
        assert f"\n## {title}\n" in markdown


def test_text_of_the_data_is_no_markup(judged: Project, evaluate: Evaluate) -> None:
    rows = rows_of(judged, "later").assign(side=lambda each: each["side"].replace("north", "<script>alert(1)</script>"))
    add_to(judged, "hostile", rows, **DECLARED)
    result = told(evaluate(evaluation_dataset="hostile"))
    page = (judged.root / result.page).read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_regression_and_several_classes(judged: Project) -> None:
    rows = draw_people(900, seed=4)
    noisy = rows["a"] * 3 + rows["b"] + np.random.default_rng(5).normal(size=900)
    three = rows.assign(left=pd.cut(noisy, 3, labels=["low", "mid", "high"]).astype(str))
    value = rows.assign(left=noisy)
    for name, frame, metric in (("three", three, "accuracy"), ("value", value, "rmse")):
        add_to(judged, name, frame.head(500), target="left", entity="person")
        add_to(judged, f"{name}_later", frame.tail(400), target="left", entity="person")
        train = {"dataset": name, "model": "linear", "trials": 1, "repeats": 1, "folds": 3, "exclude": ["side"]}
        path = run_workflow(judged, "ml-train", train).result["model_path"]
        request = {"model_id": path, "evaluation_dataset": f"{name}_later", "sensitive": ["side"]}
        run = run_workflow(judged, "ml-model-evaluation", request)
        result = told(run)
        assert metric in result.metrics
        assert result.thresholds is None
        assert (judged.root / result.page).exists()
        assert result.comparison.rivals[0].outcome == "better"
    with pytest.raises(UserError, match="does not fit a regression task"):
        run_workflow(judged, "ml-model-evaluation", {**request, "metrics": ["accuracy"]})
