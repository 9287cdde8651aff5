"""Error slices: planted ones, statsmodels' intervals, and how often chance is taken for a finding."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import t
from statsmodels.stats.proportion import confint_proportions_2indep

from axagents.errors import UserError
from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.slices import find_slices, loss_difference
from tests.ml.evaluation.samples import draw_binary, draw_values


def make_frame(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    columns: dict[str, np.ndarray] = {f"x{place}": rng.normal(size=rows) for place in range(4)}
    columns |= {f"c{place}": rng.choice(list("abcd"), rows) for place in range(4)}
    frame = pd.DataFrame(columns)
    frame.loc[rng.random(rows) < 0.1, "x3"] = np.nan
    return frame


def answer(wrong: np.ndarray, seed: int = 0) -> Answers:
    """Answers that err where they are told to."""
    y = np.random.default_rng(seed).integers(0, 2, len(wrong))
    return Answers("binary", y, np.where(wrong, 1 - y, y) * 0.8 + 0.1, ("no", "yes"), 0.5)


def plant(rows: int, seed: int) -> tuple[Answers, pd.DataFrame, np.ndarray]:
    """One row in ten is wrong, four in ten where c0 is b and x1 is high, three in ten where x3 is missing."""
    frame = make_frame(rows, seed)
    chance = np.full(rows, 0.1)
    chance[frame["x3"].isna()] = 0.3
    chance[(frame["c0"] == "b") & (frame["x1"] > 0.8416)] = 0.4
    return answer(np.random.default_rng(seed + 1).random(rows) < chance), frame, chance


def test_what_was_planted_is_found() -> None:
    answers, frame, _ = plant(20_000, 0)
    found = find_slices(answers, frame)
    confirmed = {each.text for each in found.slices if each.confirmed}
    assert "x3 is missing" in confirmed
    pairs = [each for each in found.slices if {one.column for one in each.conditions} == {"x1", "c0"}]
    assert len(pairs) == 2
    assert all(each.confirmed and each.difference.low > 0.08 for each in pairs)
    missing = next(each for each in found.slices if each.text == "x3 is missing")
    assert missing.inside == pytest.approx(0.3, abs=0.05)
    assert missing.rows == pytest.approx(1000, rel=0.1)
    assert missing.share == pytest.approx(0.1, abs=0.01)
    assert "Bonferroni" in found.method
    assert found.overall == pytest.approx((answers.labels != answers.y).mean())
    # Nothing that is not about what was planted.
    planted = {"x1", "x3", "c0"}
    assert all({one.column for one in each.conditions} & planted for each in found.slices if each.confirmed)


def test_the_same_seed_finds_the_same() -> None:
    answers, frame, _ = plant(4000, 1)
    assert find_slices(answers, frame, seed=5) == find_slices(answers, frame, seed=5)
    assert find_slices(answers, frame, seed=5) != find_slices(answers, frame, seed=6)


def test_chance_is_rarely_confirmed() -> None:
    """Errors at random: of 200 searches at most 5 % and two standard errors confirm anything."""
    confirmed = 0
    for seed in range(200):
        wrong = np.random.default_rng(seed).random(2000) < 0.2
        found = find_slices(answer(wrong, seed), make_frame(2000, seed + 1000), seed=seed)
        confirmed += any(each.confirmed for each in found.slices)
    assert confirmed / 200 <= 0.081


def test_entities_that_err_together_are_no_slice() -> None:
    """Each entity has its own error rate and its own columns; taken for independent rows it would look like slices."""
    careful = careless = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        units = np.repeat(np.arange(200), 20)
        frame = make_frame(200, seed).iloc[units].reset_index(drop=True)
        answers = answer(rng.random(4000) < rng.beta(0.4, 1.6, 200)[units], seed)
        found = find_slices(replace(answers, entity=units), frame)
        careful += any(each.confirmed for each in found.slices)
        careless += any(each.confirmed for each in find_slices(answers, frame).slices)
    assert careful / 60 <= 0.12
    assert careless / 60 > 0.5


def test_differences_like_statsmodels() -> None:
    rng = np.random.default_rng(0)
    inside = rng.random(500) < 0.2
    wrong = (rng.random(500) < np.where(inside, 0.3, 0.1)).astype(np.float64)
    found = loss_difference(wrong, inside)
    expected = confint_proportions_2indep(
        wrong[inside].sum(), inside.sum(), wrong[~inside].sum(), (~inside).sum(), method="newcomb", compare="diff"
    )
    assert (found.low, found.high) == pytest.approx(expected)
    losses = rng.exponential(size=500)
    units = rng.integers(0, 60, 500)
    line = sm.OLS(losses, sm.add_constant(inside.astype(float)))
    clustered = line.fit(cov_type="cluster", cov_kwds={"groups": units, "use_correction": False}).bse[1]
    found = loss_difference(losses, inside, units=units)
    fewest = len(np.unique(units[inside]))
    assert found.value == pytest.approx(losses[inside].mean() - losses[~inside].mean())
    assert found.width == pytest.approx(2 * t.ppf(0.975, fewest - 1) * clustered * np.sqrt(60 / 59))


def test_values_and_other_measures() -> None:
    rng = np.random.default_rng(77)
    frame = make_frame(6000, 0)
    values = draw_values(6000)
    worse = np.where(frame["c1"] == "c", 3.0, 1.0)
    found = find_slices(replace(values, scores=values.y + worse * rng.normal(size=6000)), frame)
    assert (found.measure, found.slices[0].text) == ("absolute_error", "c1 is c")
    answers, frame, _ = plant(20_000, 0)
    for measure in ("log_loss", "missed", "false_alarm"):
        found = find_slices(answers, frame, measure=measure)
        assert "x3 is missing" in {each.text for each in found.slices if each.confirmed}, measure


def test_bad_input_and_too_little() -> None:
    answers = draw_binary(100)
    few = find_slices(answers, make_frame(100, 0))
    assert few.slices == ()
    assert "too few" in few.notes[0]
    with pytest.raises(UserError, match="do not belong together"):
        find_slices(answers, make_frame(99, 0))
    with pytest.raises(UserError, match="does not fit a binary task"):
        find_slices(answers, make_frame(100, 0), measure="squared_error")
    wide = pd.DataFrame({f"x{place}": np.random.default_rng(place).normal(size=1000) for place in range(40)})
    found = find_slices(draw_binary(1000), wide)
    assert "30 of 40 columns" in found.notes[0]
    same = find_slices(draw_binary(1000), pd.DataFrame({"constant": np.ones(1000)}))
    assert same.slices == ()
