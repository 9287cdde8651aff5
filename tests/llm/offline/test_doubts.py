"""What speaks against an effect, what is told to be left over, and what is a command and no tool."""

import pytest
from typer.testing import CliRunner

from axagents.cli.root import app
from axagents.llm.offline.ranking import Ranker
from axagents.llm.offline.world import FixedWorld
from evals.planner.worlds import CHURN_CANARY, CHURN_LIVE, TEAM
from tests.llm.offline.conftest import PlanIt


@pytest.mark.parametrize(
    "sentence",
    [
        "canary 2.1.0 failed",
        "deploy 2.1.0 failed",
        "deployment of 2.1.0 is done",
        "shadow run of 2.1.0 finished",
        "stop deploying 2.1.0",
        "under no circumstances deploy 2.1.0",
        "please don't delete churn-classifier",
        "deploy 2.1.0? no!",
        "deploy 2.1.0?",
        "retrain churn-classifier weekly? bad idea",
        "write a runbook: deploy 2.1.0",
        "deploy 2.1.0 tomorrow",
        "deploy 2.1.0 on friday evening",
        "deploy 2.1.0 in two hours",
        "deploy 2.1.0 after the freeze",
        "deploy 2.0.0 or 2.1.0",
        "compare 2.0.0 and 2.1.0 and deploy the better one",
        "promote anna",
        "watch a movie",
        "warn anna about the rain",
        "undo my last message",
        "revert my changes to the file",
        "train a model on customers and deploy it",
        "train on customers and register it as churn-classifier 2.2.0",
        "register ./models/churn_classifier_v2 as churn-clasifier 2.2.0",
    ],
)
@pytest.mark.parametrize("world", [CHURN_LIVE, CHURN_CANARY], ids=["live", "canary"])
def test_an_effect_in_doubt_is_not_planned(ranker: Ranker, plan: PlanIt, world: FixedWorld, sentence: str) -> None:
    planned = plan(sentence, world)
    assert planned.outcome in ("ask", "decline") or not any(ranker.is_effect(step.tool) for step in planned.steps)


@pytest.mark.parametrize(
    ("sentence", "version"),
    [
        ("replace 2.0.0 with 2.1.0 in production", "2.1.0"),
        ("switch traffic from 2.0.0 to 2.1.0", "2.1.0"),
        ("something is wrong with 2.0.0. please bring 1.9.0 back", "1.9.0"),
    ],
)
def test_of_two_versions_the_one_that_is_asked_for_is_taken(plan: PlanIt, sentence: str, version: str) -> None:
    arguments = plan(sentence).steps[0].arguments
    assert arguments.get("version", arguments.get("target_version")) == version


@pytest.mark.parametrize(
    ("sentence", "ignored"),
    [
        ("train xgboost on customers with early stopping of 50 rounds", ("early", "50 rounds")),
        ("train on customers using gpu", ("gpu",)),
        ("deploy churn-classifier 2.1.0 with 3 replicas", ("3 replicas",)),
        ("train on customers.csv and holdout_2024q4", ("holdout_2024q4",)),
        ("train on customers.csv with 3 folds and seed 7", ()),
        ("profile customers.csv", ()),
        ("remember that the budget is 4000 euros", ()),
    ],
)
def test_what_no_argument_takes_up_is_told(plan: PlanIt, sentence: str, ignored: tuple[str, ...]) -> None:
    assert plan(sentence).steps[0].ignored == ignored


@pytest.mark.parametrize(
    ("sentence", "command"),
    [
        ("list all datasets", "ax data list"),
        ("add ./exports/sales.csv to the catalog", "ax data add NAME ./exports/sales.csv"),
        ("archive churn-classifier 1.9.0", "ax registry stage churn-classifier 1.9.0 archived --why WHY"),
        ("which models are registered?", "ax registry list"),
        ("which feature sets do we have?", "ax features list"),
        ("show the feature set customers", "ax features show customers"),
        ("what changed in the feature set customers", "ax features diff customers"),
        ("delete the note about prices", "ax memory delete --namespace notes --key KEY"),
        ("show me the last runs", "ax runs list"),
        ("resume run 20260101-120000-ab12cd", "ax runs resume 20260101-120000-ab12cd"),
        ("make a backup of the project", "ax backup FILE"),
    ],
)
def test_what_a_command_does_is_declined_with_the_command(plan: PlanIt, sentence: str, command: str) -> None:
    planned = plan(sentence)
    assert (planned.outcome, planned.reason, planned.command) == ("decline", "command", command)


def test_no_command_is_named_that_there_is_not(ranker: Ranker) -> None:
    for name in {each.removesuffix(" instead") for each in ranker.commands}:
        shown = CliRunner().invoke(app, [*name.split()[1:], "--help"])
        assert (shown.exit_code, name in shown.stdout.partition("\n")[0].replace("root", "ax")) == (0, True), (
            shown.stdout
        )


TYPED = [
    (
        "log a run to churn_v3 with lr 0.01 and depth 6",
        {"experiment_name": "churn_v3", "params": {"lr": 0.01, "depth": 6}},
    ),
    (
        "track in churn_v2: lr=0,05, batch size 64, optimizer=adam, auc 0.83",
        {
            "experiment_name": "churn_v2",
            "params": {"lr": 0.05, "batch_size": 64, "optimizer": "adam"},
            "metrics": {"auc_roc": 0.83},
        },
    ),
    (
        "train on customers.csv with 2 trials, seed 1, 3 folds repeated 2 times and a budget of 30 seconds",
        {
            "dataset": "customers.csv",
            "target": "is_churned",
            "trials": 2,
            "seed": 1,
            "folds": 3,
            "repeats": 2,
            "search_seconds": 30,
        },
    ),
    (
        "train a linear model on customer and log it to the experiment churn_v3",
        {"dataset": "customer", "target": "is_churned", "model": "linear", "experiment": "churn_v3"},
    ),
    (
        "train on customer without monthly_charges",
        {"dataset": "customer", "target": "is_churned", "exclude": ["monthly_charges"]},
    ),
    ("describe data/customers.csv", {"dataset": "customers", "target": "is_churned"}),
    (
        "save this note for 30 days: the key rotates on friday",
        {
            "namespace": "notes",
            "value": {"text": "the key rotates on friday"},
            "key": "the-key-rotates-on-friday",
            "ttl": 2_592_000.0,
        },
    ),
]


@pytest.mark.parametrize(("sentence", "arguments"), TYPED)
def test_typed_values_reach_their_fields(plan: PlanIt, sentence: str, arguments: dict[str, object]) -> None:
    planned = plan(sentence)
    assert planned.outcome == "run"
    assert [step.arguments for step in planned.steps] == [arguments]


def test_the_model_trained_last_is_known_by_its_folder(plan: PlanIt) -> None:
    step = plan("register the model I just trained as telco-churn 1.0.0", TEAM).steps[0]
    assert step.arguments["model_path"] == "./models/telco-churned"
    assert step.sources["model_path"].source == "world"
    assert plan("register the model I just trained as telco-churn 1.0.0", CHURN_LIVE).outcome == "ask"


def test_a_deployment_named_like_its_model_hides_no_version(plan: PlanIt) -> None:
    assert plan("evaluate fraud-detector 1.3.0", TEAM).steps[0].arguments["model_id"] == "fraud-detector/1.3.0"
    assert plan("is fraud-detector healthy?", TEAM).steps[0].arguments["model_id"] == "fraud-detector"


@pytest.mark.parametrize("sentence", ["delete churn-classifier 1.0.0", "remove version 1.0.0 of churn-classifier"])
def test_what_nothing_does_is_declined_with_what_comes_nearest(plan: PlanIt, sentence: str) -> None:
    planned = plan(sentence)
    assert (planned.outcome, planned.reason) == ("decline", "nearest")
    assert planned.command == "ax registry stage churn-classifier 1.0.0 archived --why WHY"


@pytest.mark.parametrize("sentence", ["delete customers", "remove the dataset orders", "delete everything"])
def test_nothing_comes_near_to_what_names_no_model(plan: PlanIt, sentence: str) -> None:
    assert not plan(sentence).command
