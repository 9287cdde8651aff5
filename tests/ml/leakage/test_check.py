"""The rules of leakage, in their order, on data made to leak and on honest data."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from axagents.ml.leakage import LeakageContext, LeakageReport, check_leakage
from axagents.ml.splits import Fold, SplitPlan, plan_splits
from tests.ml.problems import bundled, churn_frame, make_problem


def rules(report: LeakageReport) -> list[str]:
    return [finding.rule for finding in report.findings]


def bank(rows: int = 4000, *, seed: int = 0) -> pd.DataFrame:
    """Like bank marketing: the length of the call, unknown before it, has an AUC of about .82 (FACTS) and rules."""
    rng = np.random.default_rng(seed)
    age, balance = rng.integers(18, 80, rows), rng.normal(1400, 3000, rows).round()
    contacted = rng.random(rows) < 0.2
    wants = rng.random(rows) < 1 / (1 + np.exp(-(-2.6 + 1.2 * contacted + 0.0001 * balance)))
    duration = rng.lognormal(np.where(wants, 6.1, 5.15), 0.75).round()
    return pd.DataFrame(
        {
            "age": age,
            "balance": balance,
            "contacted": np.where(contacted, "yes", "no"),
            "job": rng.choice(["admin", "services", "retired", "student"], rows),
            "duration": duration,
            "subscribed": np.where(wants, "yes", "no"),
        }
    )


def test_honest_data_is_safe() -> None:
    report = check_leakage(make_problem(churn_frame(1500), "churned"))
    assert (report.verdict, report.findings, report.removed) == ("SAFE", (), ())
    assert report.kept == ("tenure", "contract", "charge", "calls", "discount", "region")


def test_bank_marketing_asks_for_duration() -> None:
    report = check_leakage(make_problem(bank(), "subscribed"))
    assert report.verdict == "WARNING"
    (finding,) = report.findings
    assert (finding.rule, finding.columns, finding.removed) == ("costly_to_remove", ("duration",), ())
    assert finding.question == "is `duration` known when you predict?"
    assert finding.evidence["cost"] > 0.05
    assert report.kept == ("age", "balance", "contacted", "job", "duration")


def test_two_twins_of_a_leak_are_looked_at_together() -> None:
    frame = bank()
    frame["duration_minutes"] = frame["duration"] / 60
    report = check_leakage(make_problem(frame, "subscribed"))
    assert ("duration", "duration_minutes") in [finding.columns for finding in report.findings]


def test_iris_trains() -> None:
    report = check_leakage(bundled(datasets.load_iris, classes=("setosa", "versicolor", "virginica")))
    assert report.verdict == "WARNING"
    assert report.removed == ()
    assert "too_good_together" in rules(report)
    assert "row_order" in rules(report)  # the file is sorted by species


@pytest.mark.parametrize("load", [datasets.load_breast_cancer, datasets.load_diabetes, datasets.load_wine])
def test_bundled_data_keep_every_column(load: object) -> None:
    classes = {"load_breast_cancer": ("malignant", "benign"), "load_wine": ("a", "b", "c")}
    report = check_leakage(bundled(load, classes=classes.get(getattr(load, "__name__", ""), ())))
    assert report.verdict in ("SAFE", "WARNING")
    assert report.removed == ()


def test_declared_columns_go_first() -> None:
    report = check_leakage(
        make_problem(bank(), "subscribed"), context=LeakageContext(unknown_at_prediction=("duration", "nothing"))
    )
    assert report.verdict == "DANGEROUS"
    assert rules(report)[0] == "declared_unknown"
    assert report.removed == ("duration",)
    assert "duration" not in [name for finding in report.findings[1:] for name in finding.columns]


def test_an_exact_formula_is_left_out_and_the_rest_is_judged() -> None:
    frame = churn_frame(800)
    frame["end_reason"] = np.where(frame["churned"] == "Yes", np.resize(["moved", "price"], 800), "active")
    report = check_leakage(make_problem(frame, "churned"))
    assert report.verdict == "DANGEROUS"
    assert rules(report) == ["exact_formula"]
    assert report.removed == ("end_reason",)
    assert "moved -> Yes" in report.findings[0].evidence["written"]


def test_nothing_left() -> None:
    frame = churn_frame(300)[["churned"]].assign(status=lambda f: np.where(f["churned"] == "Yes", "gone", "here"))
    report = check_leakage(make_problem(frame, "churned"))
    assert (report.verdict, report.kept) == ("DANGEROUS", ())


START = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("label", "window", "overlaps"),
    [
        ((START, None), (None, datetime(2024, 5, 31, tzinfo=UTC)), False),
        ((START, None), (None, START), False),
        ((START, None), (None, datetime(2024, 6, 2, tzinfo=UTC)), True),
        ((START, None), (None, None), True),
        ((None, None), (None, datetime(2024, 1, 1, tzinfo=UTC)), True),
        (None, (None, datetime(2024, 1, 1, tzinfo=UTC)), True),
    ],
)
def test_windows_overlap(label: object, window: object, overlaps: bool) -> None:
    context = LeakageContext.model_validate({"label_window": label, "feature_windows": {"tenure": window}})
    report = check_leakage(make_problem(churn_frame(600), "churned"), context=context)
    assert (report.verdict == "DANGEROUS") is overlaps
    assert ("tenure" in report.removed) is overlaps


def test_dates_after_the_cutoff() -> None:
    frame = churn_frame(600)
    frame["last_call"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(600) % 200, unit="D")
    context = LeakageContext(has_events=True, cutoff_enforced=True, cutoff=START)
    report = check_leakage(make_problem(frame, "churned"), context=context)
    assert report.removed == ("last_call",)
    # 2024-01-01 is day 0, so 2024-06-01 is day 152 (leap year): 48 of every 200 days, three times.
    assert report.findings[0].evidence["rows"] == 3 * 48


def too_good(rows: int = 1500) -> pd.DataFrame:
    frame = churn_frame(rows)
    gone = frame["churned"] == "Yes"
    rng = np.random.default_rng(5)
    return frame.assign(silence=np.where(gone, 60, 10) + rng.normal(0, 11, rows))


def test_too_good_alone_is_asked_or_left_out() -> None:
    problem = make_problem(too_good(), "churned")
    plain = check_leakage(problem)
    assert rules(plain)[0] == "too_good_alone"
    assert (plain.verdict, plain.removed) == ("WARNING", ())
    # Nobody knows up to when the others were computed either.
    events = check_leakage(problem, context=LeakageContext(has_events=True, available=("tenure", "contract")))
    assert rules(events)[:2] == ["too_good_alone", "too_good_together"]
    assert (events.verdict, events.kept) == ("DANGEROUS", ("tenure", "contract"))
    guarded = check_leakage(problem, context=LeakageContext(has_events=True, cutoff_enforced=True))
    assert guarded.verdict == "WARNING"


def test_too_good_together_removes_what_is_not_known_to_be_available() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{i}": rng.normal(size=2000) for i in range(3)})
    total = frame.sum(axis=1) + rng.normal(0, 0.05, 2000)
    frame["bought"] = np.where(total > 0, "yes", "no")
    problem = make_problem(frame, "bought")
    context = LeakageContext(has_events=True, available=("x1",))
    report = check_leakage(problem, context=context)
    assert rules(report) == ["too_good_together"]
    assert (report.verdict, report.kept) == ("DANGEROUS", ("x1",))
    assert check_leakage(problem).removed == ()


def test_entities_on_both_sides() -> None:
    frame = churn_frame(600).assign(customer_id=np.arange(600) // 3)
    problem = make_problem(frame, "churned", entity="customer_id")
    assert "entity_on_both_sides" not in rules(check_leakage(problem, plan=plan_splits(problem)))
    rows = np.arange(600)
    careless = SplitPlan(
        kind="stratified",
        assessment="nested",
        repeats=1,
        folds=(Fold(0, 0, rows[::2], rows[1::2]),),
        development=rows,
        holdout=None,
        text="careless",
    )
    report = check_leakage(problem, plan=careless)
    assert report.findings[0].rule == "entity_on_both_sides"
    assert report.findings[0].evidence["entities"] == 200
    undeclared = check_leakage(make_problem(frame, "churned"))
    assert undeclared.findings[0].question.startswith("do rows with the same `customer_id`")


def test_copied_rows() -> None:
    frame = churn_frame(500, seed=3)
    frame["charge"] = frame["charge"].fillna(50) + np.arange(500) / 1000
    copied = pd.concat([frame, frame.head(200)], ignore_index=True)
    report = check_leakage(make_problem(copied, "churned"))
    assert "repeated_rows" in rules(report)
    assert "repeated_rows" not in rules(check_leakage(make_problem(frame, "churned")))


def test_sorted_files_and_telling_gaps() -> None:
    frame = churn_frame(1000).sort_values("churned", ignore_index=True)
    report = check_leakage(make_problem(frame, "churned"))
    assert rules(report) == ["row_order"]
    rng = np.random.default_rng(1)
    gone = (churn_frame(1000)["churned"] == "Yes").to_numpy()
    frame = churn_frame(1000).assign(survey=rng.normal(size=1000))
    frame.loc[rng.random(1000) < np.where(gone, 0.7, 0.3), "survey"] = np.nan
    report = check_leakage(make_problem(frame, "churned"))
    assert "missingness" in rules(report)
    assert report.verdict == "WARNING"


def test_regression() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"price": rng.uniform(1, 50, 800).round(2), "units": rng.integers(1, 9, 800)})
    frame["note"] = rng.normal(size=800)
    frame["revenue"] = (frame["price"] * frame["units"]).round(2)
    report = check_leakage(make_problem(frame, "revenue"))
    assert (report.verdict, report.removed) == ("DANGEROUS", ("price", "units"))
    nearly = frame.assign(revenue=frame["revenue"] * rng.normal(1, 0.02, 800))
    report = check_leakage(make_problem(nearly, "revenue"))
    assert report.verdict == "WARNING"
    assert "too_good_together" in rules(report)


def test_public_data_raise_no_false_alarm(data_dir) -> None:  # type: ignore[no-untyped-def]
    telco = pd.read_csv(data_dir / "telco" / "Telco-Customer-Churn.csv")
    report = check_leakage(make_problem(telco, "Churn"))
    assert report.verdict == "SAFE"
    assert len(report.kept) == 19


def test_cdnow_without_a_cutoff(data_dir) -> None:  # type: ignore[no-untyped-def]
    """FACTS: last date .955, count .934, total .883 alone; together .997: only the joint rule can find it."""
    names = ["customer", "date", "units", "amount"]
    log = pd.read_csv(data_dir / "cdnow" / "CDNOW_master.txt", sep=r"\s+", header=0, names=names)
    log["date"] = pd.to_datetime(log["date"], format="%Y%m%d")
    cutoff = pd.Timestamp("1997-10-01")
    known = log[log["date"] < cutoff]["customer"].unique()
    window = log[(log["date"] >= cutoff) & (log["date"] < cutoff + pd.Timedelta(days=180))]
    customers = log[log["customer"].isin(known)].groupby("customer")
    frame = pd.DataFrame(
        {
            "last": (customers["date"].max() - pd.Timestamp("1997-01-01")).dt.days,
            "count": customers.size(),
            "total": customers["amount"].sum(),
        }
    )
    frame["churned"] = np.where(frame.index.isin(window["customer"].unique()), "no", "yes")
    problem = make_problem(frame.reset_index(drop=True), "churned")
    report = check_leakage(problem, context=LeakageContext(has_events=True))
    assert report.verdict == "DANGEROUS"
    joint = next(finding for finding in report.findings if finding.rule == "too_good_together")
    assert joint.evidence["score"] == pytest.approx(0.997, abs=0.003)
    assert report.kept == ()
