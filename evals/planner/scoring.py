"""Hold what the offline planner makes of a sentence against what must come of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from axagents.agents.opening import CALL, reading_persona
from axagents.agents.persona import load_persona
from axagents.catalog import Catalog
from axagents.llm.offline.provider import OfflinePlanner, read_ranker
from axagents.llm.turn import Message, Offer, Turn
from evals.planner.worlds import STANDS_FOR, WORLDS


@dataclass(frozen=True)
class Scored:
    """One sentence: what came of it and what is wrong with that.

    Attributes:
        kind: right, wrong-effect, wrong-reading (a tool other than meant would be called), wrong-arguments, or
            needless (it asks or declines where it should call, or asks for the wrong thing).
    """

    id: str
    query: str
    turn: Turn
    outcome: str
    wrong: tuple[str, ...]
    kind: str


class Scorer:
    """Plans sentences as the personas would with every tool that has sentences, installed or not."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.ranker = read_ranker(catalog.files("sentences"), catalog.files("personas"))

    def offers(self, agent: str) -> list[Offer]:
        """Return what a persona may call, whether it is installed or not."""
        persona = reading_persona(self.catalog) if agent == CALL else load_persona(self.catalog, agent)
        tools = self.ranker.tools
        offers = [Offer(name, tools[name].touches, tools[name].does) for name in persona.tools if name in tools]
        return [*offers, *(Offer(f"ask-{name}", "compute", f"Ask the {name}.") for name in persona.may_ask)]

    def plan(self, case: Mapping[str, Any]) -> Turn:
        """Return the planner's turn for one sentence, behind the earlier ones of its conversation."""
        planner = OfflinePlanner(self.ranker, WORLDS[case.get("world", "churn-live")])
        messages: list[Message] = []
        offers = self.offers(case["agent"])
        for said in case.get("before", ()):
            messages.append(Message(role="user", text=said))
            turn = planner.take_turn("", messages, offers)
            calls = turn.calls if turn.stop_reason == "calls" else ()
            messages.append(Message(role="assistant", calls=calls, needs=turn.needs))
        return planner.take_turn("", [*messages, Message(role="user", text=case["query"])], offers)

    def score(self, case: Mapping[str, Any]) -> Scored:
        """Plan one sentence and hold it against what is expected."""
        turn = self.plan(case)
        outcome = self.outcome(turn)
        wrong = tuple(_wrong(turn, outcome, case["expect"]))
        return Scored(case["id"], case["query"], turn, outcome, wrong, self._kind(turn, wrong, case["expect"]))

    def outcome(self, turn: Turn) -> str:
        """Return run, confirm, ask or decline."""
        if turn.stop_reason != "calls":
            return turn.stop_reason
        return "confirm" if any(self._is_effect(call.tool) for call in turn.calls) else "run"

    def _is_effect(self, tool: str) -> bool:
        return tool in self.ranker.tools and self.ranker.tools[tool].is_effect

    def _kind(self, turn: Turn, wrong: Sequence[str], expect: Mapping[str, Any]) -> str:
        if not wrong:
            return "right"
        meant = expect.get("plan") or str(expect.get("tool")).split("|")
        if turn.stop_reason != "calls":
            return "needless"
        if all(call.tool in meant for call in turn.calls) and not any(each.startswith("calls") for each in wrong):
            return "wrong-arguments"
        astray = [call.tool for call in turn.calls if call.tool not in meant] or [turn.calls[0].tool]
        effect = any(self._is_effect(tool) for tool in astray)
        return "wrong-effect" if effect else "wrong-reading"


def read_cases(path: Path) -> list[dict[str, Any]]:
    """Read a file of sentences."""
    return yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _wrong(turn: Turn, outcome: str, expect: Mapping[str, Any]) -> list[str]:
    called = [call.tool for call in turn.calls] if turn.stop_reason == "calls" else []
    wrong = [f"calls {tool}, which it must not" for tool in expect.get("must_not_call", []) if tool in called]
    if outcome not in str(expect["outcome"]).split("|"):
        wrong.append(f"outcome {outcome} ({turn.reason}), not {expect['outcome']}")
    if outcome == "decline" and expect.get("command", "") not in turn.text:
        wrong.append(f"names the command {turn.text!r}, not {expect['command']}")
    if "plan" in expect:
        return wrong + _wrong_plan(turn, called, expect)
    if "ask" in expect:
        fields = [need.field for need in turn.needs]
        return wrong + [f"does not ask for {field}, but {fields}" for field in expect["ask"] if field not in fields]
    if not called and not wrong and "|" in str(expect["outcome"]):
        return wrong
    return wrong + _wrong_call(turn, called, expect)


def _wrong_plan(turn: Turn, called: list[str], expect: Mapping[str, Any]) -> list[str]:
    wrong = [] if called == expect["plan"] else [f"calls {called}, not {expect['plan']}"]
    condition = expect.get("condition")
    if condition and condition not in [call.condition for call in turn.calls]:
        wrong.append(f"conditions {[call.condition for call in turn.calls]}, not {condition}")
    return wrong


def _wrong_call(turn: Turn, called: list[str], expect: Mapping[str, Any]) -> list[str]:
    meant = ["" if tool in ("null", "None") else tool for tool in str(expect.get("tool")).split("|")]
    first = called[0] if called else ""
    if first not in meant or len(called) > 1:
        return [f"calls {called}, not {expect.get('tool')}"]
    wrong = [f"offers {turn.candidates}" for each in expect.get("candidates", []) if each not in turn.candidates]
    left = " ".join(word for call in turn.calls for word in getattr(call, "ignored", ())) if first else ""
    wrong += [f"does not tell that {word} is left" for word in expect.get("told", []) if first and word not in left]
    return wrong + (_differences(expect.get("args", {}), turn.calls[0].arguments) if first else [])


def _differences(wanted: Mapping[str, Any], given: Mapping[str, Any], prefix: str = "") -> list[str]:
    wrong: list[str] = []
    for name, value in wanted.items():
        if name.endswith("_contains"):
            text = json.dumps(given.get(name.removesuffix("_contains")), ensure_ascii=False).lower()
            if str(value).lower() not in text:
                wrong.append(f"{prefix}{name}: {value!r} is not in {text}")
        elif isinstance(value, Mapping) and isinstance(given.get(name), Mapping):
            wrong += _differences(value, given[name], f"{prefix}{name}.")
        elif not _same(value, given.get(name)):
            wrong.append(f"{prefix}{name} is {given.get(name)!r}, not {value!r}")
    return wrong


def _same(wanted: Any, given: Any) -> bool:
    if isinstance(wanted, str) and wanted.startswith("@"):
        return given in STANDS_FOR[wanted]
    return given == wanted or str(given) == str(wanted)
