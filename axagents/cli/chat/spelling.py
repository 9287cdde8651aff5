"""How a chat writes what agents say: values in place of references, and commands as they are typed in a chat."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from axagents.agents.run import AgentRun

_REFERENCE = re.compile(r"\{\{\s*r\d+[^{}]*\}\}")
_ANSWERING = re.compile(r"^next: ax agent run \S+ --session .*\n?", re.MULTILINE)
_ELSEWHERE = re.compile(r"^next: ax agent run (\S+) --input .*$", re.MULTILINE)


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

    receipts = Receipts()
    receipts.results = {name: dict(result) for name, result in results.items()}
    written, _, bare = receipts.settle(_REFERENCE.sub("…", write_references(text, receipts)))
    return written if words is None else mark_numbers(written, check_claims(bare, receipts.results, [words])[1])


def spell_call(call: Mapping[str, Any]) -> str:
    """Write a call in one line."""
    from axagents.agents.wording import spell_call as spelled
    from axagents.llm.turn import Call

    return spelled(Call.model_validate(call))


def spell_answer(done: "AgentRun") -> str:
    """Write how a turn ended: the answer, or the plan that waits for a person's word."""
    approvals = [need for need in done.needs if need.get("kind") == "approval"]
    if approvals:
        plan = [str(need["text"]) for need in approvals]
        said = [f"{done.agent} asks to apply this plan, and waits for a person's word:", *plan]
        return "\n".join([*said, f"next: ax approve {approvals[0]['approval_id']} in another terminal, then /continue"])
    return _ELSEWHERE.sub(r"next: /agent \1", _ANSWERING.sub("", done.answer)).rstrip()
