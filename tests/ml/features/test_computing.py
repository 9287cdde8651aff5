"""Features as of each row's own moment: right against pandas, and blind to everything from that moment on."""

from datetime import timedelta
from typing import Any, cast

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from axagents.ml.features.compiling import DAY
from axagents.ml.features.computing import compute_frame, lay_out_spine
from axagents.ml.features.spec import FeatureSpec

TEXTS = frozenset({"kind"})
OF_NUMBERS = "count sum mean min max range std cv median distinct missing_share positive_share first last trend".split()
OF_EVENTS = "count recency tenure active_days mean_gap weekend_share".split()


def every_function() -> FeatureSpec:
    """All operations, over all time and over 30 days."""
    features: list[dict[str, Any]] = []
    for window in (None, "30d"):
        tail = "all" if window is None else window
        features += [
            {"name": f"x_{each}_{tail}", "function": each, "column": "x", "window": window} for each in OF_NUMBERS
        ]
        features += [{"name": f"{each}_{tail}", "function": each, "window": window} for each in OF_EVENTS]
    features += [
        {"name": "change", "function": "change", "column": "x", "window": "30d"},
        {"name": "growth", "function": "growth", "window": "30d"},
        {"name": "kinds", "function": "distinct", "column": "kind"},
        {"name": "last_kind", "function": "last", "column": "kind", "dtype": "string"},
        {"name": "books", "function": "count", "filter": [{"column": "kind", "value": "book"}]},
        {"name": "dear", "function": "sum", "column": "x", "filter": [{"column": "x", "is": ">", "value": 10}]},
        *[
            {"name": name, "function": name, "of": ["x_sum_30d", "x_sum_all"]}
            for name in ("ratio", "difference", "product", "total")
        ],
    ]
    return FeatureSpec.model_validate({"dataset": "d", "entity": "who", "time": "at", "features": features})


SPEC = every_function()


def compute(spine: pd.DataFrame, events: pd.DataFrame, spec: FeatureSpec = SPEC) -> pd.DataFrame:
    """Compute on a connection of its own; `events` has entity, t, known, kind and x."""
    with duckdb.connect() as connection:
        connection.register("given", events)
        connection.execute(
            "CREATE VIEW events AS SELECT CAST(entity AS VARCHAR) AS entity, CAST(t AS BIGINT) AS t,"
            " CAST(known AS BIGINT) AS known, CAST(kind AS VARCHAR) AS v0, CAST(x AS DOUBLE) AS v1 FROM given"
        )
        numbered = spine.assign(row=range(len(spine)))
        lay_out_spine(connection, spec, numbered, entity="string")
        return compute_frame(connection, spec, texts=TEXTS, entity="string")


def draw_events(rng: np.random.Generator, count: int, *, entities: int = 6) -> pd.DataFrame:
    happened = rng.integers(0, 200 * 86_400, count) * 1_000_000
    return pd.DataFrame(
        {
            "entity": rng.choice([f"e{number}" for number in range(entities)], count),
            "t": happened,
            "known": happened + rng.choice([0, 0, 0, 40], count) * DAY,
            "kind": rng.choice(["book", "toy", None], count),
            "x": np.where(rng.random(count) < 0.1, np.nan, np.round(rng.normal(5, 10, count), 2)),
        }
    )


def draw_spine(rng: np.random.Generator) -> pd.DataFrame:
    """Two moments for each of seven entities, the last of which has no event at all."""
    return pd.DataFrame(
        {
            "entity": [f"e{number}" for number in range(7) for _ in range(2)],
            "as_of": [int(day) * DAY for _ in range(7) for day in np.sort(rng.choice(220, 2, replace=False))],
        }
    )


def by_pandas(events: pd.DataFrame, as_of: int) -> dict[str, Any]:
    """What pandas and numpy say of one row's own events."""
    seen = events[(events["t"] < as_of) & (events["known"] < as_of)].sort_values("t")
    told: dict[str, Any] = {}
    for tail, own in (("all", seen), ("30d", seen[seen["t"] >= as_of - 30 * DAY])):
        x, days = own["x"].dropna(), own["t"] // DAY
        when = pd.to_datetime(own["t"], unit="us")
        at = (own["t"] - as_of)[own["x"].notna()] / DAY
        told |= {
            f"count_{tail}": float(len(own)),
            f"recency_{tail}": (as_of - own["t"].max()) / DAY if len(own) else None,
            f"tenure_{tail}": (as_of - own["t"].min()) / DAY if len(own) else None,
            f"active_days_{tail}": float(days.nunique()),
            f"mean_gap_{tail}": own["t"].diff().mean() / DAY if len(own) > 1 else None,
            f"weekend_share_{tail}": (when.dt.dayofweek >= 5).mean() if len(own) else None,
            f"x_count_{tail}": float(len(x)),
            f"x_sum_{tail}": x.sum(),
            f"x_mean_{tail}": x.mean() if len(x) else None,
            f"x_min_{tail}": x.min() if len(x) else None,
            f"x_max_{tail}": x.max() if len(x) else None,
            f"x_range_{tail}": x.max() - x.min() if len(x) else None,
            f"x_std_{tail}": x.std() if len(x) > 1 else None,
            f"x_cv_{tail}": x.std() / x.mean() if len(x) > 1 and x.mean() else None,
            f"x_median_{tail}": x.median() if len(x) else None,
            f"x_distinct_{tail}": float(x.nunique()),
            f"x_missing_share_{tail}": own["x"].isna().mean() if len(own) else None,
            f"x_positive_share_{tail}": (x > 0).mean() if len(x) else None,
            f"x_first_{tail}": x.iloc[0] if len(x) else None,
            f"x_last_{tail}": x.iloc[-1] if len(x) else None,
            f"x_trend_{tail}": np.polyfit(at, x, 1)[0] if len(x) > 1 else None,
        }
    before = seen[(seen["t"] < as_of - 30 * DAY) & (seen["t"] >= as_of - 60 * DAY)]
    told["change"] = told["x_sum_30d"] - before["x"].sum()
    told["growth"] = told["count_30d"] / len(before) if len(before) else None
    told["kinds"] = float(seen["kind"].nunique())
    told["books"] = float((seen["kind"] == "book").sum())
    told["dear"] = seen["x"][seen["x"] > 10].sum()
    kinds = seen["kind"].dropna()
    told["last_kind"] = kinds.iloc[-1] if len(kinds) else None
    now, ever = told["x_sum_30d"], told["x_sum_all"]
    told |= {"ratio": now / ever if ever else None, "difference": now - ever, "product": now * ever}
    return told | {"total": now + ever}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_function_against_pandas(seed: int) -> None:
    rng = np.random.default_rng(seed)
    events, spine = draw_events(rng, 150), draw_spine(rng)
    found = compute(spine, events)
    for place, (entity, as_of) in enumerate(zip(spine["entity"], spine["as_of"], strict=True)):
        told = by_pandas(cast("pd.DataFrame", events[events["entity"] == entity]), int(as_of))
        assert told.keys() == set(SPEC.names)
        for name, value in told.items():
            ours: Any = found.loc[place, name]
            if value is None:
                assert pd.isna(ours), (entity, name, ours)
            elif isinstance(value, str):
                assert ours == value
            else:
                assert ours == pytest.approx(value, rel=1e-7, abs=1e-7), (entity, name)


def test_all_numbers_are_doubles() -> None:
    # DuckDB sums integers into decimals; a stated empty-window value is written as an integer here, too.
    found = compute(draw_spine(np.random.default_rng(0)), draw_events(np.random.default_rng(0), 50))
    assert {str(found[name].dtype) for name in SPEC.names if name != "last_kind"} == {"float64"}


def test_an_entity_without_events_has_the_stated_values() -> None:
    spec = FeatureSpec.model_validate(
        {
            "dataset": "d",
            "entity": "who",
            "time": "at",
            "features": [
                {"name": "n", "function": "count"},
                {"name": "since", "function": "recency", "empty": 999},
                {"name": "m", "function": "mean", "column": "x"},
                {"name": "k", "function": "distinct", "column": "kind", "empty": None},
            ],
        }
    )
    spine = pd.DataFrame({"entity": ["nobody"], "as_of": [DAY]})
    found = compute(spine, draw_events(np.random.default_rng(0), 5), spec)
    assert found.loc[0, ["n", "since"]].tolist() == [0.0, 999.0]
    assert found.loc[0, ["m", "k"]].isna().all()


def test_strictly_before_and_not_at_the_moment() -> None:
    events = pd.DataFrame(
        {"entity": ["a"] * 3, "t": [DAY - 1, DAY, DAY - 1], "known": [DAY - 1, DAY, DAY], "kind": "book", "x": 1.0}
    )
    found = compute(pd.DataFrame({"entity": ["a", "a"], "as_of": [DAY, DAY + 1]}), events)
    assert found["count_all"].tolist() == [1.0, 3.0]


def late(events: pd.DataFrame, moments: dict[str, int]) -> pd.Series:
    """Which events lie, or became known, at or after their own entity's moment."""
    as_of = events["entity"].map(moments).fillna(0)
    return (events["t"] >= as_of) | (events["known"] >= as_of)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), mutate=st.sampled_from(["drop", "value", "kind", "later", "repeat"]))
def test_nothing_moves_when_events_from_the_moment_on_change(seed: int, mutate: str) -> None:
    rng = np.random.default_rng(seed)
    events = draw_events(rng, 120)
    spine = draw_spine(rng).iloc[::2].reset_index(drop=True)
    moments = dict(zip(spine["entity"], spine["as_of"], strict=True))
    changed = late(events, moments)
    moved = events.copy()
    if mutate == "drop":
        moved = moved[~changed]
    elif mutate == "value":
        moved.loc[changed, "x"] = rng.normal(0, 1e6, int(changed.sum()))
    elif mutate == "kind":
        moved.loc[changed, "kind"] = "other"
    elif mutate == "later":
        moved.loc[changed, "known"] = moved.loc[changed, ["t", "known"]].max(axis=1) + timedelta(9).days * DAY
    else:
        moved = pd.concat([moved, moved[changed]])
    first, second = compute(spine, events), compute(spine, moved)
    # Equal up to the order in which doubles are added.
    pd.testing.assert_frame_equal(first, second, rtol=1e-9, atol=1e-9)


def test_one_entity_alone_has_the_values_it_has_among_all() -> None:
    rng = np.random.default_rng(5)
    events, spine = draw_events(rng, 200), draw_spine(rng)
    among = compute(spine, events)
    for place in range(len(spine)):
        alone = compute(spine.iloc[[place]].reset_index(drop=True), events)
        pd.testing.assert_frame_equal(
            alone.drop(columns="row"),
            among.iloc[[place]].drop(columns="row").reset_index(drop=True),
            rtol=1e-9,
            atol=1e-9,
        )
