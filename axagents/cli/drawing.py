"""Draw a run as a tree: turns, calls, steps, approvals, runs of others, with times, tokens and cost."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from axagents.cli.live import duration
from axagents.layout import branches, shorten, table

if TYPE_CHECKING:
    from axagents.stores.traces.tree import Node, Totals

_FOLD_FROM = 4
"""So many parts of one kind in a row are drawn as the first, how many more, and the last."""
_MOST, _FIRST, _LAST = 24, 12, 8
"""Of more parts of one run than that, the first and the last are drawn."""
_NARROWEST = 80
_FINE = {"done", "completed"}
_OWN_WORDS = {"kind", "verdict", "ended_by", "retries", "attempts", "by", "how"}


@dataclass(frozen=True)
class _Line:
    depth: int
    label: str
    start_s: float
    duration_s: float | None
    tokens: int
    cost_usd: float


def draw_tree(tree: "Node", *, whole: bool) -> str:
    """Return a tree as text; with `whole` nothing is folded, and every part tells what else is known of it."""
    lines = _lines(tree, 0, whole=whole)
    spent = any(line.tokens or line.cost_usd for line in lines)
    headers = ["what", "start", "took", *(["tokens", "cost"] if spent else [])]
    rows = [_numbers(line, spent=spent) for line in lines]
    taken = sum(max(map(len, column)) + 2 for column in zip(headers[1:], *rows, strict=True))
    room = (1000 if whole else _width()) - taken
    strokes = branches([line.depth for line in lines])
    labels = [shorten(stroke + line.label, room) for stroke, line in zip(strokes, lines, strict=True)]
    whole_rows = [[label, *row] for label, row in zip(labels, rows, strict=True)]
    return table(headers, whole_rows, right=range(1, len(headers)))


def tell_totals(totals: "Totals") -> str:
    """Return in a few lines what a run took."""
    counts = [(totals.turns, "turn"), (totals.calls, "call"), (totals.retries, "retry"), (totals.runs - 1, "inner run")]
    told = [", ".join(_count(count, word) for count, word in counts if count)]
    apart = f" ({totals.input_tokens:,} in, {totals.output_tokens:,} out)" if totals.input_tokens else ""
    tokens = f"{totals.tokens:,} tokens{apart}" if totals.tokens else ""
    told.append(", ".join(filter(None, [tokens, _dollars(totals.cost_usd) if totals.cost_usd else ""])))
    if totals.approvals:
        told.append(f"{_count(totals.approvals, 'approval')}, waited {duration(totals.waited_s)} for a person")
    return "\n".join(each for each in told if each)


def _lines(node: "Node", depth: int, *, whole: bool) -> list[_Line]:
    label = _label(node, top=depth == 0) + (_more(node) if whole else "")
    lines = [_Line(depth, label, node.start_s, node.duration_s, node.tokens, node.cost_usd)]
    if whole:
        return lines + [line for child in node.children for line in _lines(child, depth + 1, whole=True)]
    blocks = _blocks(node.children, depth + 1)
    if len(blocks) > _MOST:
        middle = [line for block in blocks[_FIRST:-_LAST] for line in block]
        label = f"... {len(blocks) - _FIRST - _LAST} more (--verbose shows all)"
        blocks[_FIRST:-_LAST] = [[_together(label, depth + 1, middle)]]
    return lines + [line for block in blocks for line in block]


def _blocks(nodes: Sequence["Node"], depth: int) -> list[list[_Line]]:
    """Return the lines of each node, many that are alike in a row folded into one line."""
    blocks: list[list[_Line]] = []
    for _, group in groupby(nodes, key=_shape):
        alike = list(group)
        if len(alike) < _FOLD_FROM:
            blocks += [_lines(each, depth, whole=False) for each in alike]
            continue
        first, *middle, last = alike
        blocks += [_lines(first, depth, whole=False), [_folded(middle, depth)], _lines(last, depth, whole=False)]
    return blocks


def _folded(nodes: Sequence["Node"], depth: int) -> _Line:
    name = f"{nodes[0].name} to {nodes[-1].name}" if nodes[0].kind == "turn" else nodes[0].name
    lines = [line for node in nodes for line in _lines(node, depth, whole=True)]
    return _together(f"... {len(nodes)} more like it: {name}", depth, lines)


def _together(label: str, depth: int, lines: Sequence[_Line]) -> _Line:
    """Return one line for many: from the first's start to the last's end, tokens and cost added up."""
    start = min(line.start_s for line in lines)
    took = max(line.start_s + (line.duration_s or 0.0) for line in lines) - start
    tokens, cost = sum(line.tokens for line in lines), sum(line.cost_usd for line in lines)
    return _Line(depth, label, start, took, tokens, cost)


def _shape(node: "Node") -> tuple[Any, ...]:
    """Return what makes two parts look alike: all but numbers and times."""
    name = "" if node.kind in ("turn", "agent", "workflow") else node.name
    return (node.kind, name, node.status, node.told.get("retries"), tuple(_shape(each) for each in node.children))


def _label(node: "Node", *, top: bool) -> str:
    name = node.name
    if node.kind == "approval":
        # The call that it was for stands below it, when it was made.
        how = f" by {node.told['by']}, {node.told['how']}" if node.told.get("how") else ""
        return f"approval: {node.status}{how}" if how else f"approval of {name}: {node.status}"
    if node.kind == "effect":
        return f"effect {name}: {node.status}"
    if node.kind in ("agent", "workflow", "command") and not top:
        name = f"{name} {node.run_id}"
    parts = [name]
    if node.status not in _FINE:
        parts.append(node.status)
    if node.told.get("retries"):
        parts.append(f"asked {node.told['retries'] + 1} times")
    if node.told.get("attempts"):
        parts.append(f"{node.told['attempts']} attempts")
    if node.kind == "turn" and node.told.get("ended_by") not in (None, "calls"):
        parts.append(node.told["ended_by"])
    return ", ".join(parts)


def _more(node: "Node") -> str:
    told = {key: value for key, value in node.told.items() if key not in _OWN_WORDS and value not in (None, 0)}
    return "".join(f"  {key}={value}" for key, value in told.items())


def _numbers(line: _Line, *, spent: bool) -> list[str]:
    start = duration(line.start_s)
    took = "" if line.duration_s is None else _fine(line.duration_s)
    own = [f"{line.tokens:,}" if line.tokens else "", _dollars(line.cost_usd) if line.cost_usd else ""]
    return [start, took, *(own if spent else [])]


def _fine(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 0.1 else duration(seconds)


def _dollars(cost: float) -> str:
    return f"${cost:.4f}" if cost < 1 else f"${cost:.2f}"


def _count(count: int, word: str) -> str:
    plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{count:,} {word if count == 1 else plural}"


def _width() -> int:
    return max(_NARROWEST, shutil.get_terminal_size().columns) if sys.stdout.isatty() else _NARROWEST
