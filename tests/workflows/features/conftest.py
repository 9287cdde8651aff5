"""The shop's events in a catalog."""

import pytest

from tests.workflows.conftest import AddFrame
from tests.workflows.features.shop import DECLARED, draw_events


@pytest.fixture
def buys(add_frame: AddFrame) -> str:
    """Unsorted events whose owner declares entity, time, cutoff and label window."""
    return add_frame("buys", draw_events(), **DECLARED)
