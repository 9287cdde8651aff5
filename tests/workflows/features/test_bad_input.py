"""What cannot be right is told in one clear line, exit 2, and nothing is stored."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from axagents.errors import UserError
from axagents.project import Project
from axagents.stores.datasets.catalog import add_dataset
from axagents.stores.datasets.record import Declarations
from tests.workflows.conftest import AddFrame
from tests.workflows.features.shop import DECLARED, OWN, draw_events, engineer, stored


def refuse(project: Project, told: str, *, given: int = 1, **request: Any) -> UserError:
    """Run it, check that it is refused so and that nothing was stored."""
    with pytest.raises(UserError, match=told) as caught:
        engineer(project, **request)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert caught.value.field
    assert stored(project, given=given) == []
    return caught.value


def write_wide(project: Project, columns: int) -> str:
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(30, columns)), columns=[f"x{number}" for number in range(columns)])
    place = project.root / "data/wide.csv"
    place.parent.mkdir()
    wide.assign(who=[f"w{number}" for number in range(30)], left=rng.integers(0, 2, 30)).to_csv(place, index=False)
    return str(place)


def test_ten_thousand_columns(tracked: Project) -> None:
    write_wide(tracked, 10_000)
    refuse(tracked, "wide.csv has 10,002 columns; a dataset has at most 5,000", given=0, dataset="wide")


def test_more_columns_than_features_are_made_of(tracked: Project) -> None:
    add_dataset(tracked, "buys", write_wide(tracked, 1_200), declared=Declarations(target="left", entity="who"))
    error = refuse(tracked, "has 1,202 columns; features are made of tables of at most 1,000")
    assert "features" in str(error.hint)


def test_ten_thousand_features(tracked: Project, buys: str) -> None:
    many = [{"name": f"n{number}", "function": "count", "window": f"{number + 1}d"} for number in range(10_000)]
    refuse(tracked, "5000", features=many)


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"cutoff": "2024-06-01"}, "the cutoff 2024-06-01 lies before all events; the first is of 2025-01-0"),
        ({"cutoff": "2026-06-30", "horizon": "3650d"}, "has not passed yet"),
        (
            {"features": [{"name": "a", "function": "last", "column": "at"}]},
            "holds times; of those only the event",
        ),
        ({"features": [{"name": "left", "function": "count"}]}, "a feature is called as the target, 'left'"),
        ({"features": [{"name": "as_of", "function": "count"}]}, "a name of the table itself"),
        ({"features": [{"name": "a", "function": "count"}, {"name": "A", "function": "recency"}]}, "stands 2 times"),
        ({"available": "amount"}, "holds number values, not times"),
        ({"entity": "amount", "time": "at"}, "one class only|twice|nothing to learn"),
    ],
)
def test_requests_that_cannot_be(tracked: Project, buys: str, request_: dict[str, Any], told: str) -> None:
    refuse(tracked, told, **{"features": OWN, **request_})


def labelled(*, per_entity: bool = True) -> pd.DataFrame:
    """Events that repeat their entity's target in each row."""
    events = draw_events(entities=60)
    number = events["who"].str.extract(r"(\d+)")[0].fillna("0").astype(int)
    return events.assign(left=np.where(number % 2 == 0, "no", "yes") if per_entity else np.arange(len(events)) % 2)


def test_the_target_inside_the_features(tracked: Project, add_frame: AddFrame) -> None:
    add_frame("buys", labelled(), entity="who", time="at")
    own = [*OWN, {"name": "hint", "function": "last", "column": "left", "dtype": "string"}]
    refuse(tracked, "the feature 'hint' is made of the target 'left'", features=own, cutoff="2025-07-01", horizon="60d")
    own[-1] = {"name": "hint", "function": "count", "filter": [{"column": "left", "value": "yes"}]}
    refuse(tracked, "the feature 'hint' is made of the target 'left'", features=own, cutoff="2025-07-01", horizon="60d")


@pytest.mark.parametrize(
    ("cutoff", "told"),
    [("2024-01-01", "lies before all events"), ("2199-01-01", "the cutoff 2199-01-01 has not come yet")],
)
def test_a_cutoff_of_labelled_events_that_cannot_be(
    tracked: Project, add_frame: AddFrame, cutoff: str, told: str
) -> None:
    add_frame("buys", labelled(), entity="who", time="at")
    refuse(tracked, told, cutoff=cutoff, horizon="60d")


def test_events_that_contradict_each_other_on_the_target(tracked: Project, add_frame: AddFrame) -> None:
    add_frame("buys", labelled(per_entity=False), entity="who", time="at")
    error = refuse(tracked, "has more than one value for .* entities", cutoff="2025-07-01", horizon="60d")
    assert "spine" in str(error.hint)


def spine(moments: list[str], **more: Any) -> pd.DataFrame:
    names = [f"c{number:03}" for number in range(60)]
    rows = [(name, moment, (place + at) % 2) for place, name in enumerate(names) for at, moment in enumerate(moments)]
    return pd.DataFrame(rows, columns=["who", "as_of", "left"]).assign(**more)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (spine(["2025-05-01", "2025-05-01"]), "holds 60 rows twice, such as 'c000' as of 2025-05-01"),
        (spine(["2024-01-01", "2024-02-01"]), "last moment of the spine 2024-02-01 lies before all events"),
        (
            spine(["2025-05-01", "2199-01-01"]),
            "60 of 120 rows of the spine lie in the future, the last as of 2199",
        ),
        (spine(["2025-05-01", ""]), "60 of 120 rows of the spine have no as_of"),
        (spine(["2025-05-01"], left=1), "one class only|has no two values|constant"),
        (spine(["2025-05-01", "2025-06-01"]).rename(columns={"left": "lft"}), "did you mean lft"),
    ],
)
def test_spines_that_cannot_be(tracked: Project, buys: str, add_frame: AddFrame, rows: pd.DataFrame, told: str) -> None:
    add_frame("moments", rows, entity="who", time="as_of")
    refuse(tracked, told, given=2, spine="moments", features=OWN)


def test_entities_twice_where_rows_stand_for_themselves(tracked: Project, add_frame: AddFrame) -> None:
    frame = pd.DataFrame({"who": ["a", "b"] * 20, "x": np.arange(40.0), "left": [0, 0, 1, 1] * 10})
    add_frame("buys", frame, target="left", entity="who")
    refuse(tracked, "holds 38 rows twice, such as 'a'")


def test_what_lies_in_the_future_is_told_and_changes_nothing(tracked: Project, add_frame: AddFrame) -> None:
    later = datetime.now(UTC) + timedelta(days=400)
    events = draw_events(entities=60)
    planned = pd.DataFrame({"who": ["c001"], "at": [f"{later:%Y-%m-%d %H:%M:%S}"], "amount": [9.0], "channel": ["web"]})
    add_frame("buys", pd.concat([events, planned]), **DECLARED)
    done = engineer(tracked, features=OWN)
    table = pd.read_parquet(tracked.root / done.result["table"]).set_index("who")
    assert table.loc["c001", "n"] == (events[events["at"] < "2025-07-01"]["who"] == "c001").sum()
    assert any("lie in the future" in each for each in done.result["warnings"])
