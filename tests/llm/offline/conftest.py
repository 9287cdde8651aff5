"""The shipped sentences, and planners in the worlds of the evals."""

from collections.abc import Callable

import pytest

from axagents.catalog import open_catalog
from axagents.llm.offline.planning import Plan, Planner
from axagents.llm.offline.provider import read_ranker
from axagents.llm.offline.ranking import Ranker
from axagents.llm.offline.world import World
from evals.planner.worlds import CHURN_LIVE

PlanIt = Callable[..., Plan]


@pytest.fixture(scope="session")
def ranker() -> Ranker:
    return read_ranker(open_catalog(None).files("sentences"))


@pytest.fixture(scope="session")
def plan(ranker: Ranker) -> PlanIt:
    """Plan a sentence, in the world churn-live unless another is given."""

    def planned(sentence: str, world: World = CHURN_LIVE, past: tuple[dict[str, object], ...] = ()) -> Plan:
        return Planner(ranker, world, past).plan(sentence)

    return planned
