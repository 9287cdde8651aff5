"""The worlds in which the planner's sentences are meant: names and facts as `ax init --demo` makes them."""

from dataclasses import replace

from axagents.llm.offline.world import DatasetFact, DeploymentFact, FixedWorld, ModelFact, VersionFact

_COLUMNS = (
    "customer_id", "signup_date", "gender", "region", "age", "plan", "tenure_months", "monthly_charges", "is_churned",
)  # fmt: skip
_EVENTS = ("customer_id", "amount", "occurred_at", "is_churned")
MODEL = "churn-classifier"
DEPLOYMENT = "churn-classifier-prod"


_ROWS = frozenset({"entity", "time"})
_SPAN = frozenset({"entity", "time", "cutoff", "label_window"})


def _data(
    name: str, target: str | None = None, *, declared: frozenset[str] = _ROWS, ending: str = "csv"
) -> DatasetFact:
    return DatasetFact(name, (f"{name}.{ending}",), target, declared=declared)


def _model(**stages: str) -> ModelFact:
    return ModelFact(MODEL, tuple(VersionFact(name[1:].replace("_", "."), stage) for name, stage in stages.items()))


CHURN = FixedWorld(
    known_models=(_model(v1_0_0="archived", v1_9_0="archived", v2_0_0="production"),),
    known_datasets=(
        _data("customer", "is_churned"),
        _data("customers", "is_churned"),
        DatasetFact("customer_transactions", ("customer_transactions.csv",), "is_churned", True, _SPAN),
        _data("customer_data_2024", "is_churned"),
        _data("holdout_2024q4", "is_churned"),
        _data("reference", "is_churned"),
        _data("current"),
    ),
    known_columns={
        "customer": _COLUMNS,
        "customers": _COLUMNS,
        "customer_transactions": _EVENTS,
        "customer_data_2024": _COLUMNS,
        "holdout_2024q4": _COLUMNS,
        "reference": _COLUMNS,
        "current": _COLUMNS[:-1],
    },
    known_experiments=("churn_v1", "churn_v2"),
    known_tests=("churn_model_comparison",),
    known_deployments=(DeploymentFact(DEPLOYMENT, MODEL, "2.0.0", "1.9.0"),),
    known_namespaces=("notes", "ml-features", "ml-model-registry", "ml-experiments", "conversations"),
)
CHURN_LIVE = replace(
    CHURN, known_models=(_model(v1_0_0="archived", v1_9_0="archived", v2_0_0="production", v2_1_0="staged"),)
)
CHURN_CANARY = replace(
    CHURN,
    known_models=(_model(v1_0_0="archived", v1_9_0="archived", v2_0_0="production", v2_1_0="canary"),),
    known_deployments=(DeploymentFact(DEPLOYMENT, MODEL, "2.0.0", "1.9.0", rollout="2.1.0"),),
)
_TELCO = ("customerid", "gender", "tenure", "contract", "monthly_charges", "churned")
_PAYMENTS = ("account_id", "amount", "country", "merchant", "paid_at", "is_fraud")
_ORDERS = ("order_id", "customer_id", "amount", "ordered_at", "returned")
TEAM = FixedWorld(
    known_models=(
        _model(v1_0_0="archived", v2_0_0="production", v2_1_0="staged"),
        ModelFact(
            "fraud-detector",
            (VersionFact("0.9.0", "archived"), VersionFact("1.2.0", "production"), VersionFact("1.3.0", "staged")),
        ),
        ModelFact("ltv-model", (VersionFact("1.0.0", "staged"),)),
    ),
    known_datasets=(
        _data("customers", "is_churned"),
        _data("telco", "churned"),
        _data("orders", declared=frozenset()),
        _data("payments", "is_fraud", ending="parquet"),
        _data("holdout_q1", "is_churned"),
    ),
    known_columns={
        "customers": _COLUMNS,
        "telco": _TELCO,
        "orders": _ORDERS,
        "payments": _PAYMENTS,
        "holdout_q1": _COLUMNS,
    },
    known_experiments=("churn_v1", "churn_v2", "fraud_baseline", "pricing_test"),
    known_tests=("checkout_button", "price_page"),
    known_deployments=(
        DeploymentFact(DEPLOYMENT, MODEL, "2.0.0", "1.0.0"),
        DeploymentFact("fraud-detector", "fraud-detector", "1.2.0", "0.9.0"),
    ),
    known_trained="./models/telco-churned",
)
"""Several models, one with a deployment of its own name; plain words as names of datasets."""
WORLDS = {"team": TEAM, "churn": CHURN, "churn-live": CHURN_LIVE, "churn-canary": CHURN_CANARY}
STANDS_FOR = {
    "@only_live_endpoint": (DEPLOYMENT,),
    "@previous_live_version": ("1.9.0",),
    "@customers": ("customer", "customers", "customer.csv", "customers.csv"),
}
