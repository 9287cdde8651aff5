"""What the journal of a run adds up to, kept up with it entry by entry, so that a long run's steps cost no more."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from axagents.agents.receipts import receipt_of
from axagents.fields import canonical_json
from axagents.llm.turn import Call, Message, Turn
from axagents.project import Project
from axagents.stores.agents.journal import AgentJournal, Entry


class Ledger:
    """The sums and the conversation of one run.

    Attributes:
        base: how many results the conversation had when this run began.
        turns: those taken so far.
        spent: what the run has used up.
        wanted, begun, ended: the calls that turns held, entries of calls and of their results, by the call's id.
        made: how often each call was made, by tool and arguments.
    """

    def __init__(self, journal: AgentJournal) -> None:
        self.journal = journal
        self._position = 0
        self._at: list[int] = []
        self._messages: list[tuple[Message, int]] = []
        self.base = self.turns = 0
        self.spent = Spent()
        self.wanted: dict[str, Call] = {}
        self.begun: dict[str, Entry] = {}
        self.ended: dict[str, Entry] = {}
        self.made: Counter[str] = Counter()

    def read(self) -> "Ledger":
        """Take in what the journal holds by now."""
        for entry in self.journal.entries(after=self._position):
            self._take(entry)
            self._position = entry.position
        return self

    def _take(self, entry: Entry) -> None:
        body = entry.body
        self.base = body.get("base", self.base)
        if "turn" in body:
            self.turns += 1
            self.wanted |= {each["id"]: Call.model_validate(each) for each in body["turn"]["calls"]}
        self.spent += _spent(entry)
        if entry.kind == "call":
            self.begun[body["call"]["id"]] = entry
            self.made[same_call(body["call"]["tool"], body["call"]["arguments"])] += 1
        elif entry.kind == "result":
            self.ended[body["call_id"]] = entry
        for message in _messages(entry):
            self._at.append(entry.position)
            self._messages.append((message, entry.size))

    def messages(self, until: int) -> Sequence[tuple[Message, int]]:
        """Return the conversation up to a position of the journal, each message with its size in characters."""
        return self.read()._messages[: bisect_right(self._at, until)]


@dataclass(frozen=True)
class Spent:
    """What a run has used up, the personas that it asked included: turns and calls, tokens, US dollars."""

    steps: int = 0
    tokens: int = 0
    cost_usd: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.steps + other.steps, self.tokens + other.tokens, self.cost_usd + other.cost_usd)


def add_up(entries: Iterable[Entry]) -> Spent:
    """Return what entries of a journal tell of."""
    return sum((_spent(entry) for entry in entries), Spent())


def spent_by(project: Project, run_id: str | None) -> Spent:
    """Return what a run has used up by now; nothing where none was begun."""
    return add_up(AgentJournal(project, run_id).entries()) if run_id else Spent()


def _spent(entry: Entry) -> Spent:
    turn, asked = entry.body.get("turn", {}), entry.body.get("asked", {})
    return Spent(
        steps=("turn" in entry.body) + (entry.kind == "result") + asked.get("steps", 0),
        tokens=turn.get("tokens", 0) + asked.get("tokens", 0),
        cost_usd=turn.get("cost_usd", 0.0) + asked.get("cost_usd", 0.0),
    )


def kept_turn(turn: Turn) -> dict[str, Any]:
    """Return what the journal keeps of a turn: all but what was weighed for it, and what it has not."""
    return {"text": "", "calls": [], **turn.model_dump(mode="json", exclude={"ranking"}, exclude_defaults=True)}


def same_call(tool: str, arguments: dict[str, Any]) -> str:
    """Return a text that two calls share when they are the same."""
    return canonical_json([tool, arguments])


def _messages(entry: Entry) -> list[Message]:
    body = entry.body
    if "earlier" in body:
        return [Message.model_validate(each) for each in body["earlier"]]
    if "turn" in body:
        turn = Turn.model_validate(body["turn"])
        calls = turn.calls if turn.stop_reason == "calls" else ()
        return [Message(role="assistant", text=turn.text, calls=calls, needs=turn.needs, raw=turn.raw)]
    if entry.kind == "message":
        return [Message.model_validate(body["message"])]
    if entry.kind == "result":
        error = body["error"]["message"] if body.get("error") else body.get("why")
        return [
            Message(
                role="tool",
                call_id=body["call_id"],
                tool=body["tool"],
                result=body.get("result"),
                error=error,
                receipt=receipt_of(body),
            )
        ]
    return []
