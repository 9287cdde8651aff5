"""What a search finds."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Hit:
    """One record found.

    Attributes:
        score: higher fits better; above 1 the query is the key or its beginning.
    """

    namespace: str
    key: str
    value: dict[str, Any]
    version: int
    score: float
