"""A model that plays a script: for tests, for evals, and for trying an agent without one that thinks."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from axagents.errors import ProviderError, UserError
from axagents.llm.turn import Message, Offer, Turn


class ScriptedModel:
    """Gives its turns one after the other, and keeps what it was shown.

    Attributes:
        seen: for every turn taken, the system text, the messages and the names of the offered tools.
    """

    name = "scripted"
    context_window: int | None = None
    is_paid = False

    def __init__(self, turns: Iterable[Turn]) -> None:
        self._turns = list(turns)
        self.seen: list[tuple[str, tuple[Message, ...], tuple[str, ...]]] = []

    def take_turn(self, system: str, messages: Sequence[Message], offers: Sequence[Offer]) -> Turn:
        """Return the script's next turn; one that an earlier process took for the same request is passed over.

        A script that ends with an answer stands by it: asked further, it says the same again.

        Raises:
            ProviderError: the script is at its end, and that is no answer.
        """
        asked = max((at for at, message in enumerate(messages) if message.role == "user"), default=0)
        at = max(len(self.seen), sum(message.role == "assistant" for message in messages[asked:]))
        self.seen.append((system, tuple(messages), tuple(offer.name for offer in offers)))
        if at >= len(self._turns) and self._turns and self._turns[-1].stop_reason == "answer":
            return self._turns[-1]
        if at >= len(self._turns):
            raise ProviderError(f"the script has {len(self._turns)} turns, and turn {at + 1} was asked for")
        return self._turns[at]


def read_script(path: Path) -> ScriptedModel:
    """Read a script: one turn a line, as JSON.

    Raises:
        UserError: the file cannot be read, or a line is no turn.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the script {path}: {error}", field="--provider") from None
    turns: list[Turn] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            turns.append(Turn.model_validate(json.loads(line)))
        except (ValueError, ValidationError) as error:
            first = str(error).splitlines()[0]
            raise UserError(f"{path}, line {number}: no turn: {first}", field="--provider") from None
    return ScriptedModel(turns)
