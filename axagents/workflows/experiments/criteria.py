"""Success criteria such as "f1 >= 0.85", each judged by the whole interval of its metric."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from axagents.decisions.rules import COMPARISON, COMPARISONS
from axagents.errors import UserError
from axagents.layout import with_interval
from axagents.ml.metrics import standard_name
from axagents.workflows.experiments.request import Criterion

_FORM = re.compile(rf"\s*([A-Za-z][\w .\-/:]*?)\s*{COMPARISON.pattern}\s*")


@dataclass(frozen=True)
class Condition:
    """One criterion, read: `metric` `sign` `bound`."""

    text: str
    metric: str
    sign: str
    bound: float


def read_conditions(texts: Sequence[str]) -> list[Condition]:
    """Read criteria; UserError says how one is written."""
    conditions: list[Condition] = []
    for text in texts:
        found = _FORM.fullmatch(text)
        try:
            if found is None:
                raise ValueError
            metric, sign, bound = found.group(1), found.group(2), float(found.group(3))
        except ValueError:
            raise UserError(
                f"{text!r} is no success criterion; write METRIC >= NUMBER, such as f1 >= 0.85",
                field="success_criteria",
                legal=tuple(COMPARISONS),
            ) from None
        conditions.append(Condition(text, standard_name(metric), sign, bound))
    return conditions


def judge(condition: Condition, metrics: Mapping[str, float], claimed: frozenset[str]) -> Criterion:
    """Say whether a criterion is met by a run's metrics; `auc_roc.low` and `.high` are the ends of `auc_roc`."""
    name = condition.metric
    status: Literal["met", "unclear", "failed"] = "unclear"
    if name not in metrics:
        because = f"the run has no {name}"
    elif name in claimed:
        because = f"{name} {metrics[name]:.4g} was typed, not computed"
    elif f"{name}.low" not in metrics or f"{name}.high" not in metrics:
        because = f"{name} {metrics[name]:.4g} has no interval"
    else:
        low, high = metrics[f"{name}.low"], metrics[f"{name}.high"]
        held = [COMPARISONS[condition.sign](end, condition.bound) for end in (low, high)]
        status = "met" if all(held) else "unclear" if any(held) else "failed"
        because = f"{name} {with_interval(metrics[name], low, high)}"
    return Criterion(text=condition.text, metric=name, status=status, because=because)


def summarise(criteria: Sequence[Criterion]) -> Literal["none", "met", "unclear", "failed"]:
    """Return the worst status, or none without criteria."""
    found = {each.status for each in criteria}
    for status in ("failed", "unclear", "met"):
        if status in found:
            return status
    return "none"
