"""Options against unfairness: what they give on rows they were not chosen on, and what they cost."""

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score

from axagents.errors import UserError
from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.fairness import make_rule, sensitive_groups
from axagents.ml.evaluation.mitigation import reweighing_option, reweighing_weights, threshold_options

RULE = make_rule("binary")


def biased(rows: int = 12_000, *, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Two groups of one base rate; the scores of group b are marked down, which one threshold for all makes unfair."""
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b"], rows, p=[0.6, 0.4])
    y = rng.integers(0, 2, rows)
    scores = 1 / (1 + np.exp(-(rng.normal(2.4 * y - 1.2, 1.0, rows) - 1.2 * (group == "b"))))
    return pd.DataFrame({"group": group}), y, scores


def test_a_threshold_for_each_group_is_fair_on_the_other_half() -> None:
    """Group b is marked down by 1.2 in log-odds, so a fair pair of thresholds is 1.2 apart, by construction."""
    frame, y, scores = biased()
    answers = Answers("binary", y, scores, ("no", "yes"), 0.5)
    groups = sensitive_groups(frame, ["group"])[0]
    options = {option.target: option for option in threshold_options(answers, groups, rule=RULE)}
    odds = options["equalized_odds_difference"]
    assert odds.before["equalized_odds_difference"].value.low > 0.15
    assert odds.after["equalized_odds_difference"].value.high < 0.1
    assert odds.verdict == "PASS"
    apart = np.diff([np.log(odds.thresholds[name] / (1 - odds.thresholds[name])) for name in "ba"])[0]
    assert apart == pytest.approx(1.2, abs=0.25)
    assert odds.accuracy.low > 0  # undoing a bias without a reason costs nothing
    parity = options["demographic_parity_difference"].after["demographic_parity_difference"].value
    assert parity.high < 0.1
    assert odds.after["calibration_difference"] == odds.before["calibration_difference"]
    assert "2000e-2(l)" in odds.catch
    assert "Hardt" in odds.source


def test_what_is_reported_is_of_the_half_not_chosen_on() -> None:
    """Fairlearn and scikit-learn, on the rows that the reported half must be: the counts and values agree."""
    frame, y, scores = biased(4000, seed=3)
    answers = Answers("binary", y, scores, ("no", "yes"), 0.5)
    groups = sensitive_groups(frame, ["group"])[0]
    option = threshold_options(answers, groups, rule=RULE, seed=7)[0]
    half = np.random.default_rng(7).permutation(4000) >= 2000
    assert option.rows == half.sum() == 2000
    own = frame.loc[half, "group"].to_numpy()
    new = scores[half] >= np.array([option.thresholds[name] for name in own])
    old = scores[half] >= 0.5
    theirs = equalized_odds_difference(y[half], new, sensitive_features=own)
    assert option.after["equalized_odds_difference"].value.value == pytest.approx(theirs, abs=1e-12)
    gain = accuracy_score(y[half], new) - accuracy_score(y[half], old)
    assert option.accuracy.value == pytest.approx(gain, abs=1e-12)
    assert option.f1.value == pytest.approx(f1_score(y[half], new) - f1_score(y[half], old), abs=1e-12)


def test_entities_are_not_split_between_the_halves() -> None:
    frame, y, scores = biased(4000)
    entity = np.repeat(np.arange(1000), 4)
    answers = Answers("binary", y, scores, ("no", "yes"), 0.5, entity=entity)
    option = threshold_options(answers, sensitive_groups(frame, ["group"])[0], rule=RULE)[0]
    assert option.rows == 2000
    assert "clustered by entity" in option.accuracy.method


def test_a_group_too_small_to_choose_on_keeps_the_models_threshold() -> None:
    frame, y, scores = biased(4000)
    frame.loc[:39, "group"] = "c"
    answers = Answers("binary", y, scores, ("no", "yes"), 0.42)
    groups = sensitive_groups(frame, ["group"])[0]
    assert threshold_options(answers, groups, rule=RULE)[0].thresholds["c"] == 0.42
    few = np.arange(80)
    assert threshold_options(answers.take(few), groups.take(few), rule=RULE) == []


def test_the_weights_of_kamiran_and_calders() -> None:
    """Their worked example (2012) of ten people, by sex and class: weights .75, .67, 2 and 1.5."""
    sex = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])  # 0 male, 1 female
    label = np.array([1, 1, 1, 1, 0, 0, 0, 1, 0, 1])
    weights = reweighing_weights(sex, label)
    assert weights[0] == pytest.approx(0.5 * 0.6 / 0.4)  # .75, male and hired
    assert weights[5] == pytest.approx(0.5 * 0.4 / 0.3)  # .67, female and not hired
    assert weights[4] == pytest.approx(0.5 * 0.4 / 0.1)  # 2, male and not hired
    assert weights[7] == pytest.approx(0.5 * 0.6 / 0.2)  # 1.5, female and hired
    share = [np.average(label[sex == code], weights=weights[sex == code]) for code in (0, 1)]
    assert share[0] == pytest.approx(share[1])


def test_reweighing_narrows_the_gap_in_selection() -> None:
    rng = np.random.default_rng(1)
    group = rng.integers(0, 2, 8000)
    x = rng.normal(group * 1.0, 1, 8000)
    y = (x + rng.normal(0, 1, 8000) + 0.8 * group > 0.9).astype(np.int64)
    features = np.column_stack([x, group])
    train, test = np.arange(4000), np.arange(4000, 8000)

    def refit(weights: np.ndarray | None) -> Answers:
        model = LogisticRegression().fit(features[train], y[train], sample_weight=weights)
        return Answers("binary", y[test], model.predict_proba(features[test])[:, 1], ("no", "yes"), 0.5)

    frame = pd.DataFrame({"group": group})
    groups = sensitive_groups(frame, ["group"])[0].take(test)
    answers = refit(None)
    option = reweighing_option(answers, groups, taught=(group[train], y[train]), refit=refit, rule=RULE)
    before, after = (side["demographic_parity_difference"].value for side in (option.before, option.after))
    theirs = demographic_parity_difference(y[test], answers.labels, sensitive_features=group[test])
    assert before.value == pytest.approx(theirs, abs=1e-12)
    assert after.high < before.low
    assert option.accuracy.high < 0  # the cost: what was true of the groups is no longer used
    assert option.thresholds == {}


def test_what_does_not_fit_is_said() -> None:
    groups = sensitive_groups(pd.DataFrame({"g": ["a", "b"] * 10}), ["g"])[0]
    numbers = Answers("regression", np.arange(20.0), np.arange(20.0))
    with pytest.raises(UserError, match="binary task, not a regression one"):
        threshold_options(numbers, groups, rule=make_rule("regression"))
    with pytest.raises(UserError, match="a regression task has none"):
        reweighing_option(
            numbers, groups, taught=(groups.codes, groups.codes), refit=lambda _: numbers, rule=make_rule("regression")
        )
