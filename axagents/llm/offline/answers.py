"""Understand what a user says when they were asked: the name, "the second one", "yes", or something else altogether."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from axagents.llm.offline.arguments.limits import LIMITS
from axagents.llm.offline.arguments.sources import Sheet, Value
from axagents.llm.offline.doubts import WHEN
from axagents.llm.offline.names import parts_of
from axagents.llm.offline.planning import Given, Plan, Planner
from axagents.llm.offline.text import stem, tokenise
from axagents.llm.turn import Message, Need

WHICH_TOOL = "tool"
"""The field of a question that asks which of several tools is meant."""

_YES = frozenset("yes yep yeah yup y sure ok okay right correct exactly indeed ja oui si please do it thanks".split())
_AFFIRMS = _YES - {"please", "do", "it", "thanks", "ok", "okay"} | {"ok", "okay"}
_NO = re.compile(
    r"^\W*(?:no|nope|nah|none|never ?mind|forget (?:it|that|about it)|cancel(?: (?:it|that))?|stop|nothing|leave it"
    r"|don'?t|do not|not now|none of (?:them|these|those)|abort|quit|no thank(?:s| you)|please|thanks|[,.!\s])+\W*$",
    re.IGNORECASE,
)
_FRAME = re.compile(
    r"^(?:(?:no|sorry|oh|oops|ah|well|hm+|ok|okay|yes|yep|sure|please|pls|just|then|so|i\s+mean[t]?|i\s+wanted|i\s+want"
    r"|it\s+is|it'?s|that\s+is|that'?s|let'?s|go\s+(?:for|with)|use|take|choose|pick|with|make\s+it|try|the\s+answer\s+is"
    r"|should\s+be|it\s+should\s+be|on|for|of\s+course)\b[\s,:.-]*)+",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"[\s,.!?]*(?:\b(?:please|pls|plz|thanks|thx|thank\s+you|then|of\s+course)\b[\s,.!?]*)*$", re.IGNORECASE
)
_PLACES = {
    "first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "fifth": 4, "5th": 4,
    "last": -1, "former": 0, "latter": 1, "one": 0, "two": 1, "three": 2, "four": 3,
}  # fmt: skip
_AROUND_PLACE = frozenset("the one option number no # . that a please choice".split())
_CHOOSING = frozenset("use take call make choose pick set go try name let it in on with for predict target".split())
_LEAST, _LEAD = 0.12, 0.03


@dataclass(frozen=True)
class Asked:
    """A request, what was asked about it, and what is known by now."""

    sentence: str
    needs: tuple[Need, ...]
    given: Given


def plan_with_answers(planner: Planner, before: Sequence[Message], sentence: str) -> Plan:
    """Plan a sentence that may answer a question still open; the whole exchange about it is played again."""
    said = _exchange(before)
    if not said:
        return Plan("decline", reason="nothing") if _answers_only(sentence) else planner.plan(sentence)
    asked = Asked(said[0][0], said[0][1], Given())
    for text, needs in [*said[1:], (sentence, ())]:
        answered = _answered(planner, asked, text)
        if isinstance(answered, Plan):
            return answered if text is sentence else planner.plan(sentence)
        asked = replace(answered or Asked(text, (), Given()), needs=needs)
    return planner.plan(asked.sentence, asked.given)


def _exchange(before: Sequence[Message]) -> list[tuple[str, tuple[Need, ...]]]:
    """Return the user's words with the questions they led to, back to the one that began it."""
    said: list[tuple[str, tuple[Need, ...]]] = []
    at = len(before) - 1
    while at > 0 and before[at].needs and before[at - 1].role == "user":
        said.insert(0, (before[at - 1].text, before[at].needs))
        at -= 2
    return said


def _answered(planner: Planner, asked: Asked, text: str) -> Asked | Plan | None:
    """Return the request with the answer in it, a plan where the user will not go on, or None for another request."""
    if _NO.match(text):
        return Plan("decline", reason="negated")
    if not asked.needs or _is_request(planner, asked, text):
        return None
    need = asked.needs[0]
    chosen = _chosen(need, text)
    if need.field == WHICH_TOOL:
        tool = chosen or _tool_meant(planner, need, text)
        return replace(asked, given=replace(asked.given, tool=tool)) if tool else None
    answer = chosen or _bare(text)
    if need.why == "unknown" and need.typed and chosen and chosen != need.typed and need.typed in asked.sentence:
        return replace(asked, sentence=_replaced(asked.sentence, need.typed, chosen))
    if chosen and chosen == need.typed:
        return replace(asked, given=Given(asked.given.tool, {**asked.given.values, need.field: Value(chosen)}))
    if need.field == WHEN:
        now = chosen == "now" or bool(set(_bare(text).lower().split()) & {"now", "once", "immediately"})
        values = {**asked.given.values, WHEN: Value("now")}
        return replace(asked, given=Given(asked.given.tool, values)) if now else None
    if need.field in LIMITS:
        goes_on = chosen == LIMITS[need.field] or bool(set(_bare(text).lower().split()) & {"all", "anyway"})
        values = {**asked.given.values, need.field: Value(need.typed)}
        return replace(asked, given=Given(asked.given.tool, values)) if goes_on else None
    if need.field == "condition":
        return replace(asked, sentence=asked.sentence.replace(need.typed, f"if {answer}")) if need.typed else None
    values = _values(planner, asked, answer)
    if not values and need.why == "unknown" and need.typed in asked.sentence and len(answer.split()) == 1:
        return replace(asked, sentence=_replaced(asked.sentence, need.typed, answer))
    return replace(asked, given=Given(asked.given.tool, {**asked.given.values, **values})) if values else None


def _replaced(sentence: str, typed: str, meant: str) -> str:
    """Put one name in another's place where it stands by itself, and not inside a path or a longer name."""
    whole = rf"(?<![\w./-]){re.escape(typed)}(?![\w/-]|\.\w)"
    changed = re.sub(whole, lambda _: meant, sentence)
    return changed if changed != sentence else sentence.replace(typed, meant)


def _is_request(planner: Planner, asked: Asked, text: str) -> bool:
    """Tell whether the words ask for something of their own."""
    words = [token.word for token in tokenise(_bare(text))]
    if not words or _chosen(asked.needs[0], text) is not None:
        return False
    fresh = planner.plan(text)
    complete = fresh.outcome in ("run", "confirm") or fresh.reason in ("command", "nearest")
    questions = ("what", "which", "who", "how", "why", "where", "when", "is", "are", "does", "do", "can")
    if words[0] in questions and text.strip().endswith("?"):
        return True
    if not complete or len(words) < 2 or words[0] in _CHOOSING:
        return False
    verb = stem(words[0]) in planner.ranker.verbs or words[0] in questions or words[0] in ("ask", "remember", "note")
    return verb and (not fresh.steps or fresh.steps[0].tool != asked.needs[0].tool)


def _bare(text: str) -> str:
    """Return an answer without what is said around it."""
    bare = _TAIL.sub("", _FRAME.sub("", text.strip(), count=1))
    return bare or text.strip()


def _chosen(need: Need, text: str) -> str | None:
    """Return which of the known names an answer means: by its place, by its name, or by yes where there is one."""
    words = [token.word for token in tokenise(text)]
    if words and set(words) <= _YES | {".", "!", ","} and set(words) & _AFFIRMS:
        return need.known[0] if len(need.known) == 1 else None
    at = _place(words)
    if at is not None and need.known and -len(need.known) <= at < len(need.known):
        return need.known[at]
    bare = _bare(text)
    if bare == need.typed:
        return need.typed
    same = [name for name in need.known if parts_of(name) == parts_of(bare)]
    if same:
        return same[0]
    wanted = {stem(part) for part in parts_of(bare) if part not in _AROUND_PLACE}
    like = {name for name in need.known if wanted and wanted <= {stem(part) for part in parts_of(name)}}
    return like.pop() if len(like) == 1 else None


def _answers_only(text: str) -> bool:
    """Tell whether the words are an answer and nothing else: "yes", "the second one"."""
    words = {token.word for token in tokenise(text) if token.shape != "mark"}
    agrees = bool(words & _AFFIRMS) and words <= _YES
    return agrees or (bool(words & _PLACES.keys()) and words <= _PLACES.keys() | _AROUND_PLACE)


def _place(words: Sequence[str]) -> int | None:
    left = [word for word in words if word not in _AROUND_PLACE] or [word for word in words if word in _PLACES]
    if len(left) != 1:
        return None
    if left[0].isdigit():
        return int(left[0]) - 1 if 0 < int(left[0]) < 20 else None
    return _PLACES.get(left[0])


def _tool_meant(planner: Planner, need: Need, text: str) -> str | None:
    """Return the one of the candidates that the words are nearest to."""
    stems = [token.stem for token in tokenise(_bare(text)) if token.shape != "mark"]
    likeness = planner.ranker.examples.likeness(stems)
    named = {tool: len(set(stems) & {stem(word) for word in tool.split("-")}) for tool in need.known}
    scores = sorted(((likeness.get(tool, 0.0) + 0.3 * named[tool], tool) for tool in need.known), reverse=True)
    if not scores or scores[0][0] < _LEAST or (len(scores) > 1 and scores[0][0] - scores[1][0] < _LEAD):
        return None
    return scores[0][1]


def _values(planner: Planner, asked: Asked, answer: str) -> Mapping[str, Value]:
    """Return the arguments that an answer holds: as it stands, else behind the name of what was asked for."""
    need = asked.needs[0]
    tool = asked.given.tool or need.tool
    if tool is None or planner.ranker.content(tool) is None:
        return {}
    wanted = {each.field for each in asked.needs}
    spelled = [each.field.rpartition(".")[2].replace("_", " ") for each in asked.needs]
    for text in (answer, *(f"{words}{link}{answer}" for words in spelled for link in (" ", " is "))):
        found = _typed(planner.fill(tool, text))
        if need.field in found:
            return found
        if wanted & found.keys() and len(asked.needs) > 1:
            return found
    return {}


def _typed(sheet: Sheet) -> dict[str, Value]:
    return {name: value for name, value in sheet.values.items() if value.source == "query"}
