"""Conditions on columns, against what pandas selects."""

import numpy as np
import pandas as pd

from axagents.ml.evaluation.conditions import CodedColumn, code_columns

ROWS = 2000


def make_frame(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    amount = rng.exponential(size=ROWS)
    amount[rng.random(ROWS) < 0.1] = np.nan
    amount[rng.random(ROWS) < 0.3] = 0.0
    return pd.DataFrame(
        {
            "amount": amount,
            "tickets": pd.array(np.where(rng.random(ROWS) < 0.1, None, rng.integers(0, 4, ROWS)), dtype="Int64"),
            "city": np.array([f"c{place}" for place in range(40)])[rng.zipf(1.5, ROWS) % 40],
            "member": rng.random(ROWS) < 0.5,
            "since": pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 500, ROWS), unit="D"),
            "constant": 1,
            "empty": np.nan,
        }
    )


def matches(frame: pd.DataFrame, coded: CodedColumn, code: int) -> np.ndarray:
    """The rows that a condition's own words select, by pandas."""
    condition, values = coded.conditions[code], frame[coded.name]
    if condition.kind == "missing":
        return values.isna().to_numpy()
    if condition.kind == "is":
        return (values.astype("object").map(str) == condition.value).to_numpy()
    inside = values.notna()
    if condition.low is not None:
        inside &= values >= (pd.Timestamp(condition.low, tz="UTC") if isinstance(condition.low, str) else condition.low)
    if condition.high is not None:
        inside &= values < (
            pd.Timestamp(condition.high, tz="UTC") if isinstance(condition.high, str) else condition.high
        )
    return inside.to_numpy(dtype=bool)


def test_codes_are_what_their_words_say() -> None:
    frame = make_frame()
    coded = {each.name: each for each in code_columns(frame, bins=5)}
    assert set(coded) == {"amount", "tickets", "city", "member", "since"}
    for each in coded.values():
        for code in range(len(each.conditions)):
            assert np.array_equal(each.codes == code, matches(frame, each, code)), each.conditions[code].text
    assert sum(each.kind == "is" for each in coded["city"].conditions) == 20
    assert {each.value for each in coded["tickets"].conditions if each.kind == "is"} == {"0", "1", "2", "3"}
    # Three in ten amounts are zero, so the five bins are fewer.
    assert coded["amount"].conditions[0].low is None
    assert len(coded["amount"].conditions) < 6


def test_words() -> None:
    frame = make_frame()
    (amount,) = code_columns(frame, names=["amount"], bins=3)
    texts = [each.text for each in amount.conditions]
    assert texts[0].startswith("amount is below 0.")
    assert " is from " in texts[1]
    assert " to below " in texts[1]
    assert texts[-2].endswith("or above")
    assert texts[-1] == "amount is missing"
    (member,) = code_columns(frame, names=["member"])
    assert {"member is True", "member is False"} <= {each.text for each in member.conditions}
    (since,) = code_columns(frame, names=["since"], bins=2)
    assert since.conditions[0].text.startswith("since is below 2024-0")
