"""Rows made worse on purpose: noise, gaps, values out of range, categories nobody has seen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from axagents.ml.problem import column_of

Kind = Literal["noise", "missing", "out_of_range", "unseen_category"]
UNSEEN = "never seen before"
# A normal distribution's quartiles lie this many standard deviations apart.
_QUARTILES = 1.349
_BEYOND = 3.0


@dataclass(frozen=True)
class Disturbance:
    """What is done to the rows: noise of `strength` spreads, or a share `strength` of the cells replaced."""

    kind: Kind
    strength: float

    @property
    def text(self) -> str:
        """The disturbance in words."""
        share = f"{self.strength:.0%}"
        return {
            "noise": f"noise of {self.strength:g} spreads on every number",
            "missing": f"{share} of the values missing",
            "out_of_range": f"{share} of the numbers far out of range",
            "unseen_category": f"{share} of the categories never seen",
        }[self.kind]


DISTURBANCES = (
    Disturbance("noise", 0.1),
    Disturbance("noise", 0.5),
    Disturbance("missing", 0.1),
    Disturbance("missing", 0.3),
    Disturbance("out_of_range", 0.05),
    Disturbance("unseen_category", 0.1),
)


def disturb(frame: pd.DataFrame, disturbance: Disturbance, *, seed: int) -> tuple[pd.DataFrame, int]:
    """Return the rows disturbed and how many columns that concerned; no column may be of the kind it needs."""
    change = _CHANGES[disturbance.kind]
    rng = np.random.default_rng(seed)
    columns: dict[str, pd.Series] = {}
    concerned = 0
    for name in frame.columns:
        values = column_of(frame, str(name))
        changed = change(values, disturbance.strength, rng)
        concerned += changed is not None
        columns[str(name)] = values if changed is None else changed
    return pd.DataFrame(columns, index=frame.index), concerned


def spread_of(numbers: np.ndarray) -> float:
    """Return the spread of numbers (n,): their quartiles' distance over 1.349; without one the standard deviation."""
    known = numbers[np.isfinite(numbers)]
    if len(known) == 0:
        return 0.0
    quarters = float(np.subtract(*np.quantile(known, [0.75, 0.25]))) / _QUARTILES
    return quarters if quarters > 0 else float(known.std())


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)


def _numbers(values: pd.Series) -> np.ndarray:
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def _add_noise(values: pd.Series, strength: float, rng: np.random.Generator) -> pd.Series | None:
    if not _is_number(values):
        return None
    numbers = _numbers(values)
    spread = spread_of(numbers)
    if spread == 0:
        return None
    return pd.Series(numbers + strength * spread * rng.normal(size=len(numbers)), index=values.index, name=values.name)


def _remove(values: pd.Series, share: float, rng: np.random.Generator) -> pd.Series | None:
    gone = rng.random(len(values)) < share
    loose = values.astype("object") if pd.api.types.is_bool_dtype(values.dtype) else values
    return loose.mask(gone)


def _throw_out(values: pd.Series, share: float, rng: np.random.Generator) -> pd.Series | None:
    if not _is_number(values):
        return None
    numbers = _numbers(values)
    known = numbers[np.isfinite(numbers)]
    if len(known) == 0:
        return None
    low, high = float(known.min()), float(known.max())
    far = _BEYOND * ((high - low) or max(abs(high), 1.0))
    thrown = rng.random(len(numbers)) < share
    side = rng.random(len(numbers)) < 0.5
    moved = np.where(thrown, np.where(side, high + far, low - far), numbers)
    return pd.Series(moved, index=values.index, name=values.name)


def _rename(values: pd.Series, share: float, rng: np.random.Generator) -> pd.Series | None:
    if _is_number(values) or pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_datetime64_any_dtype(values):
        return None
    return values.astype("object").mask(rng.random(len(values)) < share, UNSEEN)


_CHANGES: dict[Kind, Callable[[pd.Series, float, np.random.Generator], pd.Series | None]] = {
    "noise": _add_noise,
    "missing": _remove,
    "out_of_range": _throw_out,
    "unseen_category": _rename,
}
