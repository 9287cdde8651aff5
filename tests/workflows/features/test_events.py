"""Which events count for which row: by hand, in pandas, from the file that was added to the stored table."""

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from axagents.project import Project
from axagents.stores.features.lookup import values_at
from axagents.stores.features.store import find_set
from axagents.workflows.engine import run_workflow
from tests.workflows.conftest import AddFrame
from tests.workflows.features.shop import CUTOFF, DECLARED, OWN, draw_events, engineer, table_of

HORIZON = timedelta(days=60)


def with_times(events: pd.DataFrame) -> pd.DataFrame:
    return events.assign(at=pd.to_datetime(events["at"], utc=True, format="ISO8601"))


def counted(events: pd.DataFrame, who: str, until: pd.Timestamp) -> int:
    return int(((events["who"] == who) & (events["at"] < until)).sum())


def test_the_target_is_what_happens_within_the_horizon(tracked: Project, add_frame: AddFrame) -> None:
    edges = pd.DataFrame(
        {
            "who": ["at cutoff", "at cutoff", "at end", "at end", "before end", "before end"],
            "at": ["2025-06-01", "2025-07-01", "2025-06-01", "2025-08-30", "2025-06-01", "2025-08-29 23:59:59"],
            "amount": 1.0,
            "channel": "web",
        }
    )
    add_frame("buys", pd.concat([draw_events(entities=60), edges]), **DECLARED)
    table = table_of(tracked, engineer(tracked, features=OWN)).set_index("who")
    events = with_times(pd.concat([draw_events(entities=60), edges]))
    window = events[(events["at"] >= CUTOFF) & (events["at"] < CUTOFF + HORIZON)]
    for who, row in table.iterrows():
        assert row["left"] == (0 if (window["who"] == who).any() else 1), who
        assert row["n"] == counted(events, str(who), pd.Timestamp(CUTOFF)), who
    assert table.loc[["at cutoff", "at end", "before end"], "left"].tolist() == [0, 1, 0]
    assert table.loc["at cutoff", "n"] == 1


@pytest.mark.parametrize("horizon", ["60d", None])
def test_events_that_repeat_their_target(tracked: Project, add_frame: AddFrame, horizon: str | None) -> None:
    events = draw_events(entities=120)
    number = events["who"].str.extract(r"(\d+)")[0].fillna("0").astype(int)
    add_frame("buys", events.assign(left=np.where(number % 2 == 0, "no", "yes")), entity="who", time="at")
    request: dict[str, Any] = {"cutoff": "2025-07-01", "features": OWN} | ({"horizon": horizon} if horizon else {})
    done = engineer(tracked, **request)
    rules = {each["rule"] for each in done.result["leakage"]["findings"]}
    if horizon is None:
        assert done.verdict == "DANGEROUS"
        assert "label_window_overlaps" in rules or any("overlap" in each for each in rules)
        return
    table = table_of(tracked, done).set_index("who")
    assert "late" not in table.index
    seen = with_times(events)
    for who, row in table.iterrows():
        assert row["left"] == ("no" if int(str(who)[1:]) % 2 == 0 else "yes")
        assert row["n"] == counted(seen, str(who), pd.Timestamp(CUTOFF))


def test_times_with_zones_count_as_the_moments_they_are(tracked: Project, add_frame: AddFrame) -> None:
    """2025-07-01 01:00 at +02:00 is the day before in UTC; 2025-06-30 22:00 at -05:00 is the day after."""
    events = draw_events(entities=60)
    zoned = pd.DataFrame(
        {
            "who": ["east", "west", "west"],
            "at": ["2025-07-01T01:00:00+02:00", "2025-06-30T22:00:00-05:00", "2025-06-01T00:00:00-05:00"],
            "amount": 1.0,
            "channel": "web",
        }
    )
    events["at"] = events["at"].str.replace(" ", "T") + "Z"
    add_frame("buys", pd.concat([zoned, events]), **DECLARED)
    table = table_of(tracked, engineer(tracked, features=OWN)).set_index("who")
    assert table.loc["east", ["n", "left"]].tolist() == [1, 1]
    assert table.loc["east", "last_seen"] == pytest.approx(1 / 24)
    assert table.loc["west", ["n", "left"]].tolist() == [1, 0]


def test_the_order_of_the_rows_says_nothing(tracked: Project, add_frame: AddFrame) -> None:
    events = draw_events(entities=60)
    own = [*OWN, {"name": "last", "function": "last", "column": "channel", "dtype": "string"}]
    tables: list[pd.DataFrame] = []
    for place, order in enumerate((events, events.sort_values("at"), events.sort_values("amount"))):
        add_frame("buys", order, **DECLARED)
        tables.append(table_of(tracked, engineer(tracked, features=own, feature_set=f"order{place}")))
    pd.testing.assert_frame_equal(tables[0], tables[1], check_exact=True)
    pd.testing.assert_frame_equal(tables[0], tables[2], check_exact=True)


def test_events_that_arrive_late_count_from_when_they_are_known(tracked: Project, add_frame: AddFrame) -> None:
    events = with_times(draw_events(entities=60))
    rng = np.random.default_rng(1)
    events["known"] = events["at"] + pd.to_timedelta(rng.choice([0, 5, 45], len(events)), unit="D")
    shown = events.assign(
        at=events["at"].dt.strftime("%Y-%m-%d %H:%M:%S"), known=events["known"].dt.strftime("%Y-%m-%d %H:%M:%S")
    )
    shown.loc[shown.index[:3], "known"] = ""
    add_frame("buys", shown, **DECLARED)
    done = engineer(tracked, available="known", features=OWN)
    table = table_of(tracked, done).set_index("who")
    events.loc[events.index[:3], "known"] = pd.NaT
    found = find_set(tracked, "buys-left")
    for moment in (CUTOFF, CUTOFF + timedelta(days=30)):
        before = events[(events["at"] < moment) & (events["known"] < moment)]
        for who in ("c000", "c001", "c002", "c033"):
            count = int((before["who"] == who).sum())
            assert values_at(tracked, found, who, at=moment)["n"] == count
            if moment == CUTOFF:
                assert (table["n"].get(who, 0)) == count
    # What was not known yet still happened: the target goes by when it happened.
    window = events[(events["at"] >= CUTOFF) & (events["at"] < CUTOFF + HORIZON)]
    assert (table["left"] == [0 if who in set(window["who"]) else 1 for who in table.index]).all()


def test_several_moments_of_an_entity(tracked: Project, buys: str, add_frame: AddFrame) -> None:
    moments = ["2025-03-01", "2025-05-01T12:00:00+02:00", "2025-06-30 23:59:59"]
    names = [f"c{number:03}" for number in range(80)]
    rng = np.random.default_rng(0)
    rows = pd.DataFrame([(who, moment) for who in names for moment in moments], columns=["who", "as_of"])
    rows["left"] = rng.choice(["stays", "goes"], len(rows))
    add_frame("moments", rows.sample(frac=1, random_state=1), target="left", entity="who", time="as_of")
    table = table_of(tracked, engineer(tracked, spine="moments", features=OWN))
    assert len(table) == len(rows)
    events = with_times(draw_events())
    # One by one: among those with a zone pandas takes one without it for the zone before.
    utc = [pd.to_datetime(each, utc=True) for each in rows["as_of"]]
    asked = dict(zip(zip(rows["who"], utc, strict=True), rows["left"], strict=True))
    for row in table.to_dict("records"):
        moment = row["as_of"].tz_localize("UTC")
        assert row["n"] == counted(events, row["who"], moment)
        assert row["left"] == asked[row["who"], moment]


def test_a_spine_of_one_moment_and_a_model_of_its_rows(tracked: Project, buys: str, add_frame: AddFrame) -> None:
    names = [f"c{number:03}" for number in range(120)]
    rows = pd.DataFrame({"who": names, "as_of": "2025-06-01", "left": np.arange(120) % 2})
    add_frame("moments", rows, target="left", entity="who", time="as_of")
    table = table_of(tracked, engineer(tracked, spine="moments", features=OWN)).set_index("who")
    events = with_times(draw_events())
    assert all(table.loc[who, "n"] == counted(events, who, pd.Timestamp("2025-06-01", tz="UTC")) for who in names)
    # Rows of one moment have no order in time: they are split as if they had none.
    add_frame("plain", rows.assign(x=np.random.default_rng(0).normal(size=120)), target="left", time="as_of")
    trained = run_workflow(tracked, "ml-train", {"dataset": "plain", "trials": 1, "repeats": 1, "model": "linear"})
    assert trained.result["features"] == ["x"]
