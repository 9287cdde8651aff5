"""The tool by which a model reads again what its context holds no longer, or holds only the beginning of."""

from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from axagents.agents.context import AgentContext
from axagents.agents.conversation import earlier_results, exchanges
from axagents.agents.tools import Inner
from axagents.catalog import ToolFacts
from axagents.errors import NotFound
from axagents.llm.wire import READ_ON, RESULT_MOST, json_text
from axagents.toolkit import Touch

_MOST_FOUND = 10


class Reading(BaseModel):
    """What is to be read again: a result by its receipt, or what was said about something."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    receipt: Annotated[str | None, Field(pattern=r"^r\d+$", description="the receipt of a result, such as r3")] = None
    path: Annotated[str, Field(description="a part of that result, such as metrics.auc_roc")] = ""
    offset: Annotated[int, Field(ge=0, description="the character to begin at")] = 0
    about: Annotated[str | None, Field(description="words that were said earlier in this conversation")] = None

    @model_validator(mode="after")
    def _is_one(self) -> "Reading":
        if (self.receipt is None) == (self.about is None):
            raise ValueError("give a receipt, or words in `about`, and not both")
        return self


def rereading() -> Inner:
    """Return the tool."""
    facts = ToolFacts(
        name=READ_ON,
        touches=Touch.READ,
        description="Read a result of this conversation again, whole or in part, by its receipt; or find what was said"
        " earlier by words. Its figures keep their receipt: refer to them by that.",
        parameters=Reading.model_json_schema(),
    )
    return Inner(facts, Reading, read_again)


def read_again(context: AgentContext, reading: Reading) -> dict[str, Any]:
    """Return the body of the call for the journal."""
    found = _result(context, reading) if reading.receipt else _said(context, reading.about or "")
    return {"status": "done", "result": found}


def _result(context: AgentContext, reading: Reading) -> dict[str, Any]:
    results = {**earlier_results(context), **context.receipts().results}
    receipt = reading.receipt or ""
    if receipt not in results:
        raise NotFound("result of this conversation", receipt, list(results), field="receipt")
    value: Any = results[receipt]
    for key in filter(None, reading.path.split(".")):
        parts = _parts(value)
        if key not in parts:
            raise NotFound(f"part of {receipt}", reading.path, list(parts), field="path")
        value = parts[key]
    text = json_text(value)
    end = reading.offset + RESULT_MOST
    return {
        "of": receipt,
        "path": reading.path,
        "characters": len(text),
        "text": text[reading.offset : end],
        "next_offset": end if end < len(text) else None,
    }


def _parts(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    return {str(at): each for at, each in enumerate(cast("list[Any]", value))} if isinstance(value, list) else {}


def _said(context: AgentContext, about: str) -> dict[str, Any]:
    words = about.lower().split()
    told = [
        {
            "user": each["query"],
            "answered": each["answer"],
            "receipts": {call["receipt"]: call["tool"] for call in each["calls"] if call.get("receipt")},
        }
        for each in exchanges(context)
    ]
    ranked = sorted(told, key=lambda each: -sum(word in f"{each['user']} {each['answered']}".lower() for word in words))
    return {"about": about, "exchanges": len(told), "nearest": ranked[:_MOST_FOUND]}
