"""What both protocols share on the wire: names, ids, results in words, and arguments read with care."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, takewhile
from typing import Any, NoReturn, cast

from axagents.llm.turn import Call, Message, Offer, Source

_UNSAFE = re.compile(r"[^a-zA-Z0-9_-]")
_SHOWN = 200
RESULT_MOST = 30_000
"""Characters of one result that a model is shown at once."""
READ_ON = "conversation-read"
"""The tool that reads on."""
NOT_CALLED = "not called, since another call of this turn failed or was not approved"


def wire_name(name: str) -> str:
    """Return a tool's name as the providers allow it: as it is, but for dots and the like."""
    return _UNSAFE.sub("_", name)


def own_names(offers: Sequence[Offer]) -> dict[str, str]:
    """Return the tools' own names by those on the wire."""
    return {wire_name(offer.name): offer.name for offer in offers}


def settled(messages: Sequence[Message]) -> list[Message]:
    """Return a conversation in which every call has a result, as the providers demand.

    Of a conversation that was recalled the calls are told in words, since what they gave is not there any more.
    """
    found: list[Message] = []
    for at, message in enumerate(messages):
        if message.role != "assistant" or not message.calls:
            found.append(message)
            continue
        results = takewhile(lambda each: each.role == "tool", messages[at + 1 :])
        answered = {each.call_id for each in results}
        missing = [call for call in message.calls if call.id not in answered]
        if len(missing) == len(message.calls):
            called = "\n".join(
                f"[called {call.tool} {json_text(call.arguments)}{f' -> {call.receipt}' if call.receipt else ''}]"
                for call in missing
            )
            text = f"{called}\n{message.text}".strip()
            found.append(message.model_copy(update={"text": text, "calls": (), "raw": ()}))
            continue
        found.append(message)
        found += [Message(role="tool", call_id=call.id, tool=call.tool, error=NOT_CALLED) for call in missing]
    return found


def spoken(message: Message) -> str:
    """Return what an assistant said or asked, in words."""
    said = [message.text, *(need.question for need in message.needs)]
    return "\n".join(text for text in said if text.strip()) or "(nothing said)"


def result_text(message: Message) -> str:
    """Return what came of a call, as the model reads it: with the receipt that its numbers are referred to by."""
    if message.error is not None:
        return json_text({"error": message.error})
    told = {"receipt": message.receipt} if message.receipt else {}
    text = json_text(message.result)
    if len(text) <= RESULT_MOST:
        return json_text({**told, "result": message.result})
    cut = f"the first {RESULT_MOST} of {len(text)} characters; {READ_ON} gives the rest from offset {RESULT_MOST} on"
    return json_text({**told, "cut": cut, "result": text[:RESULT_MOST]})


def json_text(value: Any) -> str:
    """Write JSON without blanks, its keys in their own order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def read_arguments(text: str) -> tuple[dict[str, Any], str | None]:
    """Return the arguments of a call, and why they could not be read where they could not."""
    if not text.strip():
        return {}, None
    try:
        value: Any = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        return {}, f"the arguments are not JSON ({error}): {text[:_SHOWN]}"
    if not isinstance(value, dict):
        return {}, f"the arguments are no JSON object: {text[:_SHOWN]}"
    return cast("dict[str, Any]", value), None


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def made_call(id_: str, name: str, arguments: Mapping[str, Any], *, unread: str | None = None) -> Call:
    """Return a call as the model wanted it."""
    sources = {key: Source(source="model") for key in arguments}
    return Call(id=id_, tool=name, arguments=dict(arguments), sources=sources, unread=unread)


def distinct(ids: Sequence[str]) -> list[str]:
    """Return the ids, those that are missing or stand there twice replaced by others."""
    found: list[str] = []
    for id_ in ids:
        found.append(next(each for each in _alike(_UNSAFE.sub("_", id_)) if each not in found))
    return found


def _alike(id_: str) -> Iterator[str]:
    if id_:
        yield id_
    yield from (f"{id_ or 'call'}_{number}" for number in count(2))


def wire_ids(messages: Sequence[Message], raw_ids: Callable[[Message], Sequence[str]]) -> dict[str, str]:
    """Return the ids of calls on the wire by our own; no two are the same in one conversation.

    Args:
        raw_ids: gives the ids that stand in a message's own form, none when it has no such form.
    """
    ids: dict[str, str] = {}
    taken: set[str] = set()
    for message in messages:
        given = raw_ids(message)
        for place, call in enumerate(message.calls):
            wanted = given[place] if len(given) == len(message.calls) else f"call_{_UNSAFE.sub('_', call.id)}"
            ids[call.id] = next(each for each in _alike(wanted) if each not in taken)
            taken.add(ids[call.id])
    return ids
