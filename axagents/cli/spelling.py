"""How what a model says is written while it says it: calls in a line, values in place of references."""

import re
from collections.abc import Mapping
from typing import Any

_REFERENCE = re.compile(r"\{\{\s*r\d+[^{}]*\}\}")

Results = Mapping[str, Mapping[str, Any]]
"""Results by their receipts."""


def spell_piece(text: str, results: Results) -> str:
    """Write a piece of a model's text with the values that its references stand for; one to nothing is an ellipsis."""
    return _spell(text, results, None)


def spell_aside(text: str, results: Results, words: str) -> str:
    """Write what a model says beside its calls; numbers that neither a tool gave nor the words hold are marked."""
    return _spell(text, results, words)


def _spell(text: str, results: Results, words: str | None) -> str:
    from axagents.agents.answering import mark_numbers, write_references
    from axagents.agents.claims import check_claims
    from axagents.agents.receipts import Receipts

    receipts = Receipts({name: dict(result) for name, result in results.items()})
    written, _, bare = receipts.settle(_REFERENCE.sub("…", write_references(text, receipts)))
    return written if words is None else mark_numbers(written, check_claims(bare, receipts.results, [words])[1])


def spell_call(call: Mapping[str, Any]) -> str:
    """Write a call in one line."""
    from axagents.agents.wording import spell_call as spelled
    from axagents.llm.turn import Call

    return spelled(Call.model_validate(call))
