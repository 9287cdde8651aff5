"""What all who walk the loop are asked, and what a walk is."""

from collections.abc import Callable

PROMPT = "count the letters until you are done"

Walk = Callable[[int], None]
"""Walks so many steps and checks that the answer came."""
