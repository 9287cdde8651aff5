"""Make a long conversation fit its model: old results are left out, and can be read again by their receipts."""

from collections.abc import Sequence

from axagents.llm.turn import Message
from axagents.llm.wire import READ_ON, RESULT_MOST, json_text

CHARACTERS_A_TOKEN = 3
"""Characters of JSON that a token stands for at least."""
_SHARE = 0.6
_USUAL_WINDOW = 100_000


def fit(conversation: Sequence[tuple[Message, int]], context_window: int | None) -> list[Message]:
    """Return the messages with old results left out, so that they take no more than a share of the model's window.

    What people and the assistant said stays whole. Where the room is used up, all results before the newest are left
    out at once, so that what a provider's cache holds of the conversation stays the same for many turns.

    Args:
        conversation: messages, each with its size in characters.
    """
    messages = [message for message, _ in conversation]
    room = int((context_window or _USUAL_WINDOW) * _SHARE) * CHARACTERS_A_TOKEN
    if sum(min(size, RESULT_MOST) if message.role == "tool" else size for message, size in conversation) <= room:
        return messages
    left_out, used = 0, 0
    for at, message in enumerate(messages):
        size = _size(message)
        used += size
        if used > room:
            left_out = at
            used = sum(_least(each) for each in messages[:at]) + size
    return [_without_result(message) if at < left_out else message for at, message in enumerate(messages)]


def _size(message: Message) -> int:
    return _least(message) if message.result is None else min(RESULT_MOST, len(json_text(message.result)))


def _least(message: Message) -> int:
    said = len(message.text) + sum(len(json_text(call.arguments)) + len(call.tool) for call in message.calls)
    # A provider's own form is given back to it in place of the rest: its thinking may be longer than all that was said.
    return max(said, len(json_text(message.raw)) if message.raw else 0) + len(message.error or "")


def _without_result(message: Message) -> Message:
    if message.result is None or not message.receipt or len(json_text(message.result)) < 2 * len(_told(message)):
        return message
    return message.model_copy(update={"result": {"left_out": _told(message)}})


def _told(message: Message) -> str:
    return f"{READ_ON} gives it again by its receipt {message.receipt}"
