"""Robustness, with models whose answer to each disturbance is known, and against scikit-learn's weights."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn import metrics as reference

from axagents.errors import UserError
from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.disturbances import DISTURBANCES, UNSEEN, Disturbance, disturb, spread_of
from axagents.ml.evaluation.label_shift import measure_shift
from axagents.ml.evaluation.robustness import check_robustness
from tests.ml.evaluation.samples import draw_binary, draw_classes, draw_values


def make_frame(rows: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": rng.normal(3.0, 2.0, rows),
            "count": pd.array(rng.integers(0, 9, rows), dtype="Int64"),
            "city": rng.choice(["a", "b"], rows),
            "member": rng.random(rows) < 0.5,
            "since": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 99, rows), unit="D"),
        }
    )


def predict(frame: pd.DataFrame) -> np.ndarray:
    """The probability that is true of `answers_on`; a gap counts as the mean, an unseen city as the other one."""
    x = frame["x"].to_numpy(dtype=float)
    return norm.cdf(np.where(np.isnan(x), 3.0, x) - 3 + np.where(frame["city"] == "a", 0.5, -0.5))


def answers_on(frame: pd.DataFrame, seed: int = 1) -> Answers:
    scores = predict(frame)
    y = (np.random.default_rng(seed).random(len(frame)) < scores).astype(np.int64)
    return Answers("binary", y, scores, ("no", "yes"), 0.5)


def test_each_disturbance_is_what_it_says() -> None:
    frame = make_frame(20_000)
    noisy, columns = disturb(frame, Disturbance("noise", 0.5), seed=0)
    assert columns == 2
    # The spread of a normal distribution is its standard deviation, 2.
    assert spread_of(frame["x"].to_numpy()) == pytest.approx(2.0, rel=0.03)
    assert (noisy["x"] - frame["x"]).std() == pytest.approx(1.0, rel=0.03)
    holes, columns = disturb(frame, Disturbance("missing", 0.3), seed=0)
    assert columns == 5
    assert holes.isna().mean().to_numpy() == pytest.approx(np.full(5, 0.3), abs=0.02)
    far, columns = disturb(frame, Disturbance("out_of_range", 0.05), seed=0)
    outside = (far["x"] > frame["x"].max()) | (far["x"] < frame["x"].min())
    assert (columns, outside.mean()) == (2, pytest.approx(0.05, abs=0.01))
    assert far["x"][~outside].equals(frame["x"][~outside])
    strange, columns = disturb(frame, Disturbance("unseen_category", 0.1), seed=0)
    assert (columns, (strange["city"] == UNSEEN).mean()) == (1, pytest.approx(0.1, abs=0.01))
    again, _ = disturb(frame, Disturbance("missing", 0.3), seed=0)
    assert again.equals(holes)


def test_what_is_known_to_hurt_does() -> None:
    frame = make_frame(6000)
    answers = answers_on(frame)
    found = check_robustness(predict, frame, answers)
    effects = {(each.disturbance.kind, each.disturbance.strength): each for each in found.effects}
    assert (found.metric, found.rows, found.notes[:-1]) == ("auc_roc", 6000, ())
    strong = effects["noise", 0.5]
    disturbed, _ = disturb(frame, strong.disturbance, seed=1)
    scores = predict(disturbed)
    assert strong.change is not None
    assert strong.flipped is not None
    assert strong.value == pytest.approx(reference.roc_auc_score(answers.y, scores))
    assert strong.change.value == pytest.approx(strong.value - reference.roc_auc_score(answers.y, answers.scores))
    assert strong.flips == int(((scores >= 0.5) != (answers.scores >= 0.5)).sum())
    assert strong.flipped.value == pytest.approx(strong.flips / 6000)
    assert strong.worse
    assert effects["missing", 0.3].worse
    weak = effects["noise", 0.1].change
    assert weak is not None
    assert strong.change.value < weak.value
    # Six disturbances and two shifts hold together.
    assert weak.level == pytest.approx(1 - 0.05 / 8)


def test_a_model_that_looks_at_nothing_disturbed_is_steady() -> None:
    frame = make_frame(500)
    since = frame["since"]

    def by_date(rows: pd.DataFrame) -> np.ndarray:
        return ((since - since.min()).dt.days / 100).to_numpy()

    y = (np.random.default_rng(0).random(500) < by_date(frame)).astype(np.int64)
    found = check_robustness(by_date, frame, Answers("binary", y, by_date(frame), ("no", "yes")))
    for each in found.effects:
        assert each.change is not None
        assert (each.change.value, each.flips, each.worse) == (0.0, 0, False)


def test_a_model_that_refuses_is_told() -> None:
    frame = make_frame(300)

    def strict(rows: pd.DataFrame) -> np.ndarray:
        if rows["city"].isna().any() or (rows["city"] == UNSEEN).any():
            raise ValueError("found unknown\ncategories")
        x = rows["x"].to_numpy(dtype=float)
        return np.where(np.abs(x) > 20, np.nan, norm.cdf(x - 3))

    found = check_robustness(strict, frame, replace(answers_on(frame), scores=strict(frame)))
    refused = {each.disturbance.kind: each.refused for each in found.effects if each.refused}
    assert refused["unseen_category"] == "ValueError: found unknown categories"
    assert "missing or infinite" in str(refused["out_of_range"])
    assert set(refused) == {"missing", "unseen_category", "out_of_range"}
    numbers = check_robustness(lambda rows: norm.cdf(rows["x"] - 3), frame[["x"]], answers_on(frame))
    assert [each.columns for each in numbers.effects if each.disturbance.kind == "unseen_category"] == [0]


@pytest.mark.parametrize("name", ["precision", "f1", "log_loss", "brier", "accuracy"])
@pytest.mark.parametrize("draw", [draw_binary, draw_classes])
def test_label_shift_like_sample_weights(name: str, draw: object) -> None:
    assert callable(draw)
    answers = draw(1500)
    shifts, _ = measure_shift(answers, name)
    code = 1 if answers.task == "binary" else int(np.bincount(answers.y).argmin())
    inside = answers.y == code
    many = {"zero_division": 0, "average": "binary" if answers.task == "binary" else "macro"}
    for shift in shifts:
        assert shift.new_share == pytest.approx(shift.factor * inside.mean())
        weights = np.where(inside, shift.factor, (1 - shift.new_share) / (1 - inside.mean()))
        expected = {
            "precision": lambda w: reference.precision_score(answers.y, answers.labels, sample_weight=w, **many),
            "f1": lambda w: reference.f1_score(answers.y, answers.labels, sample_weight=w, **many),
            "accuracy": lambda w: reference.accuracy_score(answers.y, answers.labels, sample_weight=w),
            "log_loss": lambda w: reference.log_loss(answers.y, answers.scores, sample_weight=w),
            "brier": lambda w: reference.brier_score_loss(
                answers.y, answers.scores, sample_weight=w, scale_by_half=answers.task == "binary"
            ),
        }[name]
        assert shift.value == pytest.approx(expected(weights))
        assert shift.change.value == pytest.approx(expected(weights) - expected(None))
        assert shift.change.low < shift.change.value < shift.change.high


def test_the_interval_of_a_shift_like_resampling_the_rows() -> None:
    answers = draw_binary(800)
    (half, _), _ = measure_shift(answers, "precision")
    inside = answers.y == 1
    weights = np.where(inside, 0.5, (1 - half.new_share) / (1 - inside.mean()))
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(1000):
        rows = rng.integers(0, 800, 800)
        y, called = answers.y[rows], answers.labels[rows]
        weighed = reference.precision_score(y, called, sample_weight=weights[rows])
        drawn.append(weighed - reference.precision_score(y, called))
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert half.change.low == pytest.approx(low, abs=0.15 * (high - low))
    assert half.change.high == pytest.approx(high, abs=0.15 * (high - low))


def test_rankings_and_values() -> None:
    shifts, notes = measure_shift(draw_binary(200), "auc_roc")
    assert (shifts[0].metric, len(notes)) == ("f1", 1)
    values = draw_values(600)
    frame = pd.DataFrame({"x": values.scores})
    found = check_robustness(lambda rows: rows["x"].fillna(10.0).to_numpy(), frame, values)
    assert found.metric == "rmse"
    assert all(each.worse for each in found.effects if each.columns and each.disturbance.strength >= 0.1)
    assert "values above" in found.shifts[0].text
    # Half of the values lie above their median; they cannot become twice as frequent, but 95 % of all.
    for shift, share, often in zip(found.shifts, (0.25, 0.95), ("half", "1.9 times"), strict=True):
        assert shift.new_share == share
        assert shift.text.endswith(f" {often} as frequent")


def test_samples_entities_and_bad_input() -> None:
    frame = make_frame(3000)
    answers = replace(answers_on(frame), entity=np.repeat(np.arange(300), 10))
    found = check_robustness(predict, frame, answers, most_rows=1000, disturbances=DISTURBANCES[:1])
    assert (found.rows, found.notes[0]) == (1000, "Measured on 1,000 rows drawn from 3,000.")
    assert found.effects[0].change is not None
    assert "clustered" in found.effects[0].change.method
    other = check_robustness(lambda rows: predict(rows) ** 2, frame, answers, disturbances=DISTURBANCES[:1])
    assert "otherwise than in the answers" in other.notes[0]
    with pytest.raises(UserError, match="do not belong together"):
        check_robustness(predict, frame[:10], answers)
    with pytest.raises(UserError, match="does not fit"):
        check_robustness(predict, frame, answers, metric="rmse")
