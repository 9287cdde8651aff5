"""A language model, and where it is to be had."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from axagents.llm.turn import Usage
from axagents.settings import Prices

Kind = Literal["anthropic", "openai"]


@dataclass(frozen=True)
class Endpoint:
    """One model of one provider.

    Attributes:
        key_variable: the variable that holds its key; None where it takes none.
        max_output: tokens of one answer at most, where that is known.
        prices: None where they are not known.
        extra: fields of every request's body.
    """

    name: str
    kind: Kind
    base_url: str
    key_variable: str | None
    model: str
    context_window: int | None = None
    max_output: int | None = None
    prices: Prices | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def key(self) -> str | None:
        """Return the key, read where it is needed and kept nowhere."""
        return (os.environ.get(self.key_variable) or "").strip() or None if self.key_variable else None

    @property
    def is_paid(self) -> bool:
        """Tell whether a turn is known to cost something."""
        return self.prices is not None and any(price for _, price in self.prices)

    def cost(self, usage: Usage) -> float:
        """Return what a turn cost in US dollars; 0 where the price is not known."""
        if self.prices is None:
            return 0.0
        prices = self.prices
        cached = prices.input if prices.cached is None else prices.cached
        written = prices.input if prices.written is None else prices.written
        fresh = usage.input - usage.cached - usage.written
        total = fresh * prices.input + usage.cached * cached + usage.written * written + usage.output * prices.output
        return total / 1e6
