"""The guide's commands, word for word, in the example world, in order and again."""

from typing import NamedTuple

import pytest

from tests.demo.conftest import World


class Block(NamedTuple):
    """One block of the guide and the exit code it must have."""

    command: str
    exit_code: int


TRACK = """ax run ml-experiment-tracker --input '{
  "experiment_name": "churn_prediction_v2",
  "description": "Testing new feature set with XGBoost",
  "tags": ["churn", "xgboost", "production-candidate"]
}'"""

FEATURES = """ax run ml-feature-engineering --input '{
  "dataset": "customer_transactions",
  "target": "is_churned",
  "feature_types": ["temporal", "aggregation", "interaction"]
}'"""

STORE = """ax memory store --key "features/churn_v2" --value '{
  "features": ["recency", "frequency", "monetary", "tenure"],
  "version": "2.0.0",
  "created": "2025-01-15"
}' --namespace ml-features"""

EVALUATE = """ax run ml-model-evaluation --input '{
  "model_id": "churn-classifier-v2",
  "evaluation_dataset": "holdout_2024q4",
  "metrics": ["accuracy", "precision", "recall", "f1", "auc_roc"],
  "include_fairness": true
}'"""

REGISTER = """ax run ml-model-registry --input '{
  "model_path": "./models/churn_classifier_v2",
  "model_name": "churn-classifier",
  "version": "2.1.0",
  "metrics": {
    "accuracy": 0.94,
    "f1": 0.87,
    "auc_roc": 0.96
  },
  "training_data": "customer_data_2024",
  "framework": "xgboost"
}'"""

RUNBOOK = """ax agent run writer --input '{
  "query": "Create runbook for model rollback procedure"
}'"""

BLOCKS = (
    Block(TRACK, 0),
    Block(FEATURES, 0),
    Block(STORE, 0),
    Block(EVALUATE, 0),
    Block(REGISTER, 0),
    Block('ax memory retrieve --key "churn-classifier/versions/2.1.0" --namespace ml-model-registry', 0),
    Block('ax memory search --query "churn-classifier" --namespace ml-model-registry', 0),
    Block("""ax run ml-model-registry --input '{"version": "2.1.0", ...}'""", 2),
    Block('ax memory store --key "features/churn/v2" --namespace ml-features', 2),
    Block("""ax run ml-experiment-tracker --input '{"experiment_name": "exp_20250115_001"}'""", 0),
    Block("""ax run ml-experiment-tracker --input '{"experiment_name": "..."}'""", 2),
    Block("""ax run ml-feature-engineering --input '{"dataset": "...", "target": "..."}'""", 2),
    Block("ax run ml-model-evaluation --input '{...}'", 2),
    Block("""ax run ml-model-evaluation --input '{"model_id": "..."}'""", 2),
    Block("""ax run ml-model-registry --input '{"model_path": "..."}'""", 2),
    Block(RUNBOOK, 0),
    Block("""ax agent run data-scientist --input '{"query": "..."}'""", 2),
    Block("""ax agent run ml-engineer --input '{"query": "..."}'""", 2),
    Block("""ax agent run mlops-engineer --input '{"query": "..."}'""", 2),
)


@pytest.mark.timeout(600)
def test_every_block_ends_as_the_table_says_in_order_and_again(world: World) -> None:
    for turn in ("first", "second"):
        for block in BLOCKS:
            done = world.type(block.command)
            assert done.returncode == block.exit_code, f"{turn} time: {block.command}\n{done.stdout}\n{done.stderr}"
            assert "Traceback" not in done.stderr


def test_claimed_metrics_are_kept_apart_and_the_evaluation_decides(world: World) -> None:
    registered = world.type(REGISTER)
    assert "CANARY: It was evaluated GO" in registered.stdout
    assert "claimed" in registered.stdout
    listed = world.type("ax memory search --query churn-classifier --namespace ml-model-registry")
    for version in ("1.0.0", "1.9.0", "2.0.0", "2.1.0"):
        assert f"churn-classifier/versions/{version}" in listed.stdout
