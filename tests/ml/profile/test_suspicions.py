"""Each rule fires on what it is for, and keeps silent on what looks like it."""

from pathlib import Path

import numpy as np
import pandas as pd

from tests.ml.profile.subjects import profile_of, rules_of

RNG = np.random.default_rng(0)
ROWS = 400
CHURN = np.where(RNG.random(ROWS) < 0.3, "Yes", "No")


def frame_with(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"churn": CHURN, "spend": RNG.normal(50, 10, ROWS), **columns})


def test_clean_data_is_not_suspicious() -> None:
    assert profile_of(frame_with(plan=RNG.choice(["a", "b", "c"], ROWS)), "churn").suspicions == ()


def test_columns_that_tell_nothing() -> None:
    profile = profile_of(frame_with(same="x", nothing=[None] * ROWS, key=[f"k{i}" for i in range(ROWS)]), "churn")
    assert rules_of(profile, "same") == {"constant"}
    assert rules_of(profile, "nothing") == {"all-missing"}
    assert rules_of(profile, "key") == {"identifier"}


def test_a_copy_of_the_target_gives_it_away() -> None:
    gap = np.where(CHURN == "Yes", 10.0, 0.0) + RNG.random(ROWS)
    profile = profile_of(frame_with(churn_reason=np.where(CHURN == "Yes", "price", "none"), gap=gap), "churn")
    assert rules_of(profile, "churn_reason") == {"gives-target-away", "leak-like-name"}
    assert rules_of(profile, "gap") == {"gives-target-away"}
    assert profile.suspicions[0].severity == "problem"


def test_names_that_sound_like_the_outcome() -> None:
    profile = profile_of(frame_with(y_pred=RNG.random(ROWS), churned_at=RNG.random(ROWS)), "churn")
    assert rules_of(profile, "y_pred") == {"leak-like-name"}
    assert rules_of(profile, "churned_at") == {"leak-like-name"}


def test_a_family_of_names_is_no_leak() -> None:
    frame = pd.DataFrame(RNG.normal(size=(ROWS, 6)), columns=[f"sensor_{i}" for i in range(6)])
    assert profile_of(frame, "sensor_0").suspicions == ()


def test_dates_in_the_future_and_marks_for_missing() -> None:
    days = pd.Series(pd.date_range("2025-01-01", periods=ROWS, freq="D"))
    # The profile's now is 2026-06-01: 2025-01-01 and 516 days.
    late = days + pd.Timedelta(days=200)
    income = np.where(RNG.random(ROWS) < 0.05, -999.0, RNG.normal(3000, 300, ROWS))
    profile = profile_of(frame_with(seen=days, due=late, income=income), "churn")
    assert rules_of(profile, "seen") == set()
    assert rules_of(profile, "due") == {"future-dates"}
    assert rules_of(profile, "income") == {"sentinel", "skewed"}
    told = next(each.text for each in profile.suspicions if each.rule == "future-dates")
    assert told.startswith("lies in the future in 83 rows")


def test_mixed_types_spelling_cardinality_and_skew() -> None:
    mixed = [*map(str, range(ROWS - 4)), "abc", "unknown", "", "n/a"]
    profile = profile_of(
        frame_with(
            mixed=mixed,
            city=RNG.choice(["Paris", "paris", "Rome"], ROWS),
            code=[f"c {i % 60}" for i in range(ROWS)],
            wealth=RNG.lognormal(0, 2, ROWS),
            gain=np.where(RNG.random(ROWS) < 0.95, 0, 5.5),
            holes=np.where(RNG.random(ROWS) < 0.6, np.nan, RNG.normal(size=ROWS)),
        ),
        "churn",
    )
    assert profile.column("mixed").unreadable == 1
    assert rules_of(profile, "mixed") == {"mixed-types"}
    assert rules_of(profile, "city") == {"spelling"}
    assert rules_of(profile, "code") == {"high-cardinality"}
    assert rules_of(profile, "wealth") == {"skewed"}
    assert "mostly-zero" in rules_of(profile, "gain")
    assert rules_of(profile, "holes") == {"mostly-missing"}


def test_rows_that_repeat() -> None:
    frame = frame_with()
    doubled = pd.concat([frame, frame.iloc[:7]], ignore_index=True)
    profile = profile_of(doubled, "churn")
    assert profile.duplicates.rows == 7
    assert rules_of(profile) == {"duplicate-rows"}


def test_the_target_itself() -> None:
    rare = np.where(np.arange(ROWS) < 8, "Yes", "No").astype(object)
    rare[-5:] = None
    profile = profile_of(frame_with(churn=rare), "churn")
    assert rules_of(profile, "churn") == {"rare-class", "target-missing"}


def test_declared_unknown_at_prediction() -> None:
    profile = profile_of(frame_with(outcome=RNG.random(ROWS)), "churn", unknown_at_prediction=("outcome",))
    assert rules_of(profile, "outcome") == {"unknown-at-prediction"}


def test_car_loans_predictions_are_seen(data_dir: Path) -> None:
    frame = pd.read_csv(data_dir / "car_loan/synthetic_car_loan_reference.csv")
    profile = profile_of(frame, "repaid")
    # The file holds a model's own probabilities and labels beside the target.
    assert rules_of(profile, "y_pred_proba") == {"leak-like-name"}
    assert rules_of(profile, "y_pred") == {"leak-like-name"}
