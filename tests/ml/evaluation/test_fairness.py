"""Group fairness: equal to fairlearn, to the published figures, to closed forms; intervals that cover."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fairlearn
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, precision_score
from xgboost import XGBClassifier

from axagents.errors import NotFound, UserError
from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.fairness import (
    Groups,
    analyse_fairness,
    attribute_fairness,
    judge,
    make_rule,
    rows_needed,
    sensitive_groups,
)
from axagents.ml.evaluation.fairness.spread import Family, mean_family, rate_family, spread_interval
from axagents.ml.intervals import Interval

RULE = make_rule("binary")


def answered(rows: int = 4000, *, seed: int = 0) -> tuple[Answers, pd.DataFrame]:
    """Scores that are calibrated but for one region, whose groups are of unequal size and base rate."""
    rng = np.random.default_rng(seed)
    region = rng.choice(["east", "north", "west"], rows, p=[0.5, 0.3, 0.2])
    chance = 1 / (1 + np.exp(-rng.normal((region == "west") - 0.8, 1.2, rows)))
    y = (rng.random(rows) < chance).astype(np.int64)
    scores = np.where(region == "north", chance**1.3, chance)
    frame = pd.DataFrame({"region": region, "age": rng.integers(18, 90, rows), "sex": rng.choice(["f", "m"], rows)})
    return Answers("binary", y, scores, ("no", "yes"), 0.45), frame


def test_equals_fairlearn_to_the_last_digit() -> None:
    answers, frame = answered()
    told = attribute_fairness(answers, sensitive_groups(frame, ["region"])[0], rule=RULE)
    given: Any = {"sensitive_features": frame["region"]}
    both = (answers.y, answers.labels)
    for name in (
        "demographic_parity_difference",
        "demographic_parity_ratio",
        "equalized_odds_difference",
        "equal_opportunity_difference",
    ):
        theirs = getattr(fairlearn, name)(*both, **given)
        assert told.criteria[name].value.value == pytest.approx(theirs, abs=1e-12), name
    measures: Any = {
        "selection_rate": fairlearn.selection_rate,
        "true_positive_rate": fairlearn.true_positive_rate,
        "false_positive_rate": fairlearn.false_positive_rate,
        "precision": precision_score,
        "accuracy": accuracy_score,
    }
    by_group = fairlearn.MetricFrame(metrics=measures, y_true=both[0], y_pred=both[1], **given)
    for group in told.groups:
        for name in measures:
            assert group.figures[name].value == pytest.approx(by_group.by_group.loc[group.name, name], abs=1e-12)
            assert group.figures[name].low <= group.figures[name].value <= group.figures[name].high
    parity = by_group.difference()["precision"]
    assert told.criteria["predictive_parity_difference"].value.value == pytest.approx(parity, abs=1e-12)


def test_a_group_that_is_never_called_has_the_ratio_zero_as_in_fairlearn() -> None:
    answers, frame = answered()
    scores = np.where(frame["region"] == "north", 0.0, answers.scores)
    silent = Answers("binary", answers.y, scores, answers.classes, 0.45)
    told = attribute_fairness(silent, sensitive_groups(frame, ["region"])[0], rule=RULE)
    dates = sensitive_groups(pd.DataFrame({"born": pd.to_datetime([None, None])}), ["born"])
    assert dates[0].names == ("(missing)",)
    theirs = fairlearn.demographic_parity_ratio(silent.y, silent.labels, sensitive_features=frame["region"])
    ratio = told.criteria["demographic_parity_ratio"].value
    assert ratio.value == theirs == 0.0
    assert ratio.low == 0.0
    assert 0.0 < ratio.high < 0.1


def adult(data_dir: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = [
        "age", "workclass", "fnlwgt", "education", "education-num", "marital", "occupation", "relationship", "race",
        "sex", "gain", "loss", "hours", "country", "income",
    ]  # fmt: skip
    read = [
        pd.read_csv(data_dir / "adult" / name, header=None, names=names, skipinitialspace=True, comment="|").dropna()
        for name in ("adult-train.csv", "adult-test.csv")
    ]
    whole = pd.concat(read, ignore_index=True)
    for name in whole.select_dtypes(object).columns.drop("income"):
        whole[name] = whole[name].astype("category")
    whole["income"] = whole["income"].str.startswith(">50K").astype(int)
    return whole.iloc[: len(read[0])], whole.iloc[len(read[0]) :]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("model", "parity", "ratio", "odds"),
    [
        (HistGradientBoostingClassifier(random_state=0, categorical_features="from_dtype"), 0.17288, 0.32488, 0.06542),
        (XGBClassifier(random_state=0, enable_categorical=True, n_jobs=2), 0.17186, 0.33862, 0.06402),
    ],
    ids=["hist-gradient-boosting", "xgboost"],
)
def test_the_figures_of_adult(data_dir: Path, model: Any, parity: float, ratio: float, odds: float) -> None:
    """By sex at threshold .5, FACTS; raw categories, library defaults, seed 0."""
    train, test = adult(data_dir)
    assert (len(train), len(test)) == (32561, 16281)
    model.fit(train.drop(columns="income"), train["income"])
    scores = model.predict_proba(test.drop(columns="income"))[:, 1].astype(np.float64)
    answers = Answers("binary", test["income"].to_numpy(), scores, ("<=50K", ">50K"), 0.5)
    report = analyse_fairness(answers, sensitive_groups(test, ["sex", "race"]))
    sex = report.attributes[0]
    assert sex.criteria["demographic_parity_difference"].value.value == pytest.approx(parity, abs=5e-4)
    assert sex.criteria["demographic_parity_ratio"].value.value == pytest.approx(ratio, abs=2e-3)
    assert sex.criteria["equalized_odds_difference"].value.value == pytest.approx(odds, abs=5e-4)
    assert sex.criteria["equalized_odds_difference"].part in ("true_positive_rate", "false_positive_rate")
    assert any("sex" in note and "cannot all hold" in note for note in report.notes)
    assert {each.name for each in report.pairs} == {"sex x race"}


SHARES = {2: [0.6, 0.4], 5: [0.3, 0.25, 0.2, 0.15, 0.1]}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("found", "accused"),
    [
        ([0.7, 0.7], [0.1, 0.1]),
        ([0.7, 0.73], [0.1, 0.12]),
        ([0.7, 0.8], [0.1, 0.12]),
        ([0.7, 0.72], [0.1, 0.25]),
        ([0.7] * 5, [0.1] * 5),
        ([0.6, 0.65, 0.7, 0.75, 0.8], [0.1] * 5),
        ([0.5, 0.7, 0.7, 0.7, 0.7], [0.1] * 5),
        ([0.7] * 5, [0.05, 0.1, 0.1, 0.1, 0.3]),
    ],
    ids=["2 equal", "2 close", "2 apart", "2 accused", "5 equal", "5 spread", "5 one apart", "5 accused"],
)
def test_the_interval_of_equalized_odds_covers_the_truth(found: list[float], accused: list[float]) -> None:
    """2,000 rows, 30 % positive: 93 to 97 % of the intervals hold the true difference, which simulation knows."""
    rng = np.random.default_rng(5)
    truth, times, covered = max(np.ptp(found), np.ptp(accused)), 1200, 0
    for _ in range(times):
        rows = rng.multinomial(2000, SHARES[len(found)])
        positives = rng.binomial(rows, 0.3)
        covered += holds([sampled(rng, positives, found), sampled(rng, rows - positives, accused)], truth)
    assert 0.93 <= covered / times <= 0.97 + 0.01  # a hundredth for the chance of 1,200 draws


def sampled(rng: np.random.Generator, trials: np.ndarray, rates: list[float]) -> Family:
    tried = trials.astype(np.float64)
    return rate_family(rng.binomial(trials, rates).astype(np.float64), tried, tried)


def holds(families: list[Family], truth: float) -> bool:
    interval = spread_interval(families)
    return interval.low <= truth <= interval.high


def test_two_means_that_stand_apart_have_the_interval_of_a_difference() -> None:
    """The closed form: 2 +- 1.959964 sqrt(.1 ** 2 + .2 ** 2)."""
    found = spread_interval([mean_family(np.array([1.0, 3.0]), np.array([0.1, 0.2]))], seed=3)
    half = 1.959964 * 0.05**0.5
    assert found.high == pytest.approx(2 + half, abs=1e-6)
    assert found.low == pytest.approx(2 - half, abs=0.05)  # by simulation


def test_the_interval_counts_entities() -> None:
    """Every row ten times over, under one entity: the width is that of the rows once, and ten times the rows' not."""
    answers, frame = answered(1500, seed=2)
    groups = sensitive_groups(frame, ["sex"])[0]
    alone = attribute_fairness(answers, groups, rule=RULE)
    tenfold = np.repeat(np.arange(1500), 10)
    copies = Answers("binary", answers.y[tenfold], answers.scores[tenfold], answers.classes, 0.45, entity=tenfold)
    clustered = attribute_fairness(copies, groups.take(tenfold), rule=RULE)
    for name, criterion in clustered.criteria.items():
        assert criterion.value.value == pytest.approx(alone.criteria[name].value.value, abs=1e-12)
        assert criterion.value.width == pytest.approx(alone.criteria[name].value.width, rel=0.05), name
    for one, other in zip(alone.groups, clustered.groups, strict=True):
        for name, figure in one.figures.items():
            assert other.figures[name].width == pytest.approx(figure.width, rel=0.02), name


def test_a_slope_of_each_group_like_logistic_regression() -> None:
    """scikit-learn's unpenalised fit of the outcome on the log-odds, one group at a time; ours pools them in bins."""
    answers, frame = answered()
    told = attribute_fairness(answers, sensitive_groups(frame, ["region"])[0], rule=RULE)
    odds = np.log(answers.scores / (1 - answers.scores))
    for group in told.groups:
        own = (frame["region"] == group.name).to_numpy()
        theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(odds[own, None], answers.y[own])
        assert group.figures["calibration_slope"].value == pytest.approx(theirs.coef_[0, 0], abs=1e-3)
        gap = group.figures["calibration_gap"]
        assert gap.value == pytest.approx(answers.scores[own].mean() - answers.y[own].mean(), abs=1e-12)


def test_small_groups_are_shown_and_not_scored() -> None:
    answers, frame = answered()
    few = np.flatnonzero(frame["region"] == "east")[:60]
    frame.loc[few, "region"] = "island"
    told = attribute_fairness(answers, sensitive_groups(frame, ["region"])[0], rule=RULE)
    island = next(group for group in told.groups if group.name == "island")
    assert (island.rows, island.scored, island.why) == (60, False, "60 rows, fewer than 100")
    assert island.figures["accuracy"].width > 0
    assert all("island" not in criterion.between for criterion in told.criteria.values())


def test_a_missing_value_is_a_group_and_a_number_is_binned_at_its_quartiles() -> None:
    answers, frame = answered()
    frame["age"] = frame["age"].where(np.arange(len(frame)) % 10 > 0)
    (age,) = sensitive_groups(frame, ["age"])
    cuts = np.quantile(frame["age"].dropna(), [0.25, 0.5, 0.75], method="higher")
    assert age.binning == "at its quartiles: " + ", ".join(f"{each:g}" for each in cuts)
    assert age.names[0] == f"under {cuts[0]:g}"
    assert age.names[-1] == "(missing)"
    assert np.bincount(age.codes)[-1] == 400
    own = age.codes == 1
    assert (frame.loc[own, "age"].min(), frame.loc[own, "age"].max() + 1) == (cuts[0], cuts[1])
    (given,) = sensitive_groups(frame, ["age"], edges={"age": [40]})
    assert given.names == ("under 40", "40 and over", "(missing)")
    assert attribute_fairness(answers, age, rule=RULE).groups[-1].name == "(missing)"


@pytest.mark.parametrize(
    ("low", "high", "at_least", "verdict"),
    [
        (0.02, 0.09, False, "PASS"),
        (0.02, 0.1, False, "PASS"),
        (0.05, 0.15, False, "INSUFFICIENT"),
        (0.11, 0.2, False, "FAIL"),
        (0.85, 0.9, True, "PASS"),
        (0.7, 0.9, True, "INSUFFICIENT"),
        (0.5, 0.7, True, "FAIL"),
    ],
)
def test_the_verdict_is_that_of_the_whole_interval(low: float, high: float, at_least: bool, verdict: str) -> None:
    limit = 0.8 if at_least else 0.1
    assert judge(Interval((low + high) / 2, low, high), limit, at_least=at_least) == verdict


def test_how_many_more_rows_are_needed() -> None:
    """Half a width of .08 has to become .04: four times the rows, three times as many more."""
    assert rows_needed(Interval(0.06, 0.0, 0.14), 0.1, 1000) == 3000
    assert rows_needed(Interval(0.1, 0.0, 0.2), 0.1, 1000) is None


def test_too_few_rows_are_insufficient_and_more_of_them_decide() -> None:
    answers, frame = answered(800, seed=4)
    sex = sensitive_groups(frame, ["sex"])[0]
    told = attribute_fairness(answers, sex, rule=RULE)
    assert told.verdict == "INSUFFICIENT"
    assert told.rows_needed is not None
    assert f"{told.rows_needed:,} more rows" in told.why
    more, frame = answered(60_000, seed=4)
    decided = attribute_fairness(more, sensitive_groups(frame, ["sex"])[0], rule=RULE)
    assert decided.verdict == "PASS"
    alone = attribute_fairness(answers, Groups(("sex",), ("f",), np.zeros(800, dtype=np.int64)), rule=RULE)
    assert (alone.verdict, alone.rows_needed) == ("INSUFFICIENT", None)
    assert "nothing to compare" in alone.why


def test_classes_one_against_the_others() -> None:
    """Fairlearn on each class in turn; the criterion is the worst class's."""
    rng = np.random.default_rng(1)
    group = rng.choice(["a", "b"], 3000)
    scores = rng.dirichlet([2, 2, 1], 3000)
    scores[:, 0] += 0.1 * (group == "a")
    y = np.array([rng.choice(3, p=each / each.sum()) for each in scores])
    answers = Answers("multiclass", y, scores, ("low", "middle", "high"))
    told = attribute_fairness(answers, sensitive_groups(pd.DataFrame({"g": group}), ["g"])[0], rule=RULE)
    labels = answers.labels
    odds = [
        fairlearn.equalized_odds_difference(y == code, labels == code, sensitive_features=group) for code in range(3)
    ]
    criterion = told.criteria["equalized_odds_difference"]
    assert criterion.value.value == pytest.approx(max(odds), abs=1e-12)
    assert criterion.part.endswith(f"[{answers.classes[int(np.argmax(odds))]}]")
    assert set(told.groups[0].positives) == {"low", "middle", "high"}


def test_values_are_compared_by_their_mean_residual() -> None:
    """The mean of each group by pandas; in standard deviations of the target."""
    rng = np.random.default_rng(6)
    group = rng.choice(["a", "b", "c"], 6000)
    y = rng.normal(10, 5, 6000)
    guess = y + rng.normal(0, 2, 6000) - 1.5 * (group == "c")
    answers = Answers("regression", y, guess)
    report = analyse_fairness(answers, sensitive_groups(pd.DataFrame({"g": group}), ["g"]))
    means = pd.Series(y - guess).groupby(group).mean()
    criterion = report.attributes[0].criteria["mean_residual_difference"]
    assert criterion.value.value == pytest.approx((means.max() - means.min()) / y.std(), abs=1e-12)
    assert criterion.between[0] == "c"
    assert report.verdict == "FAIL"
    assert report.rule.criterion == "mean_residual_difference"


def test_pairs_inform_and_do_not_gate() -> None:
    """Each sex and each shift is treated alike, and women of the night shift are not: only the pair shows it."""
    rng = np.random.default_rng(8)
    sex, shift = rng.integers(0, 2, 40_000), rng.integers(0, 2, 40_000)
    y = rng.integers(0, 2, 40_000)
    found = np.where(sex == shift, 0.9, 0.6)
    scores = np.where(rng.random(40_000) < np.where(y == 1, found, 0.2), 0.9, 0.1)
    frame = pd.DataFrame({"sex": sex, "shift": shift})
    report = analyse_fairness(Answers("binary", y, scores, ("no", "yes"), 0.5), sensitive_groups(frame, list(frame)))
    assert report.verdict == "PASS"
    assert [(each.verdict, each.gates) for each in report.pairs] == [("FAIL", False)]


def test_what_cannot_be_asked() -> None:
    answers, frame = answered(200)
    with pytest.raises(NotFound, match="no column called 'regoin'; did you mean region"):
        sensitive_groups(frame, ["regoin"])
    with pytest.raises(UserError, match="1,000 values; groups are compared up to 200"):
        sensitive_groups(pd.DataFrame({"id": [f"c{each}" for each in range(1000)]}), ["id"])
    with pytest.raises(UserError, match="did you mean equalized_odds_difference") as told:
        make_rule("binary", "equalised_odds_diference")
    assert "demographic_parity_ratio" in told.value.legal
    with pytest.raises(UserError, match="for a regression task"):
        make_rule("regression", "equalized_odds_difference")
    with pytest.raises(UserError, match="200 rows"):
        analyse_fairness(answers, [Groups(("sex",), ("f",), np.zeros(3, dtype=np.int64))])
