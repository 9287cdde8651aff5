"""Read what must hold before something is done, and bring it to a form that code can check."""

from collections.abc import Sequence
from dataclasses import dataclass

from axagents.llm.offline.reading import Reading
from axagents.llm.offline.text import Token

Span = tuple[int, int]
IFS = {"if", "unless", "provided", "assuming"}
WHENS = {"when", "once", "whenever"}


@dataclass(frozen=True)
class Condition:
    """Something that must hold before a step is taken.

    Attributes:
        text: in canonical form, such as "f1 > 0.85" or "passed"; None when code cannot check it.
        typed: as the user wrote it.
    """

    text: str | None
    typed: str


def find_condition(reading: Reading, span: Span, verbs: frozenset[str]) -> tuple[Condition | None, frozenset[int]]:
    """Return the condition in a stretch of tokens, and the tokens that it takes up."""
    tokens, (first, last) = reading.tokens, span
    at = next((at for at in range(first, last + 1) if tokens[at].word in IFS | WHENS), None)
    if at is None or _asks_whether(tokens, first, at):
        return None, frozenset()
    asked = first + 1 <= last and tokens[first + 1].word in ("did", "was", "is", "will", "were", "do")
    if tokens[at].word in WHENS and at == first and asked:
        return None, frozenset()
    end = next(
        (index for index in range(at + 1, last + 1) if _ends_condition(tokens, at, index, verbs=verbs)), last + 1
    )
    left_out = frozenset(range(at, end))
    typed = reading.sentence[tokens[at].start : tokens[end - 1].end]
    unless = tokens[at].word == "unless"
    return Condition(None if unless else _canonical(reading, at + 1, end - 1), typed), left_out


def _ends_condition(tokens: Sequence[Token], begin: int, at: int, *, verbs: frozenset[str]) -> bool:
    """Tell whether a condition ends before `at`: at a comma, at "then", or where a verb begins a request."""
    if tokens[at].word in (",", "then", ":"):
        return True
    begun = at > begin + 2 or (at == begin + 2 and tokens[begin + 1].word in _PASSES)
    noun = tokens[at - 1].word in ("the", "a", "an", "its", "our", "my", "of", "to", "is", "are")
    return begun and tokens[at].stem in verbs and tokens[at].shape == "word" and not noun and is_base(tokens[at])


def is_base(token: Token) -> bool:
    """Tell whether a verb stands as it does in a request."""
    return not token.word.endswith(("ing", "ed", "ment", "ion", "s"))


def _asks_whether(tokens: Sequence[Token], first: int, at: int) -> bool:
    """Tell "check if it is ready", where `if` means whether, from a condition."""
    asking = frozenset(
        "check see tell verify know knows confirm wonder wonders wondering ask asks asked me us test out what even sure"
        " say find question unclear unsure interested".split()
    )
    return at > first and tokens[at - 1].word in asking and tokens[at].word == "if"


_ABOVE = (
    ("at", "least"),
    ("no", "less", "than"),
    ("not", "below"),
    ("minimum",),
    (">=",),
    ("≥",),
    ("not", "less", "than"),
)
_OVER = ((">",), ("above",), ("over",), ("greater", "than"), ("more", "than"), ("higher", "than"), ("exceeds",),
    ("better", "than"), ("exceed",), ("beats",), ("larger", "than"), ("bigger", "than"))  # fmt: skip
_AT_MOST = (("<=",), ("at", "most"), ("no", "more", "than"), ("not", "above"), ("≤",), ("not", "more", "than"))
_UNDER = (("<",), ("below",), ("under",), ("less", "than"), ("lower", "than"), ("smaller", "than"))
_SIGNS = ((_ABOVE, ">="), (_AT_MOST, "<="), (_OVER, ">"), (_UNDER, "<"))
_PASSES = {"pass", "passes", "passed", "ready", "good", "fine", "ok", "okay", "go", "green", "succeeds", "successful",
    "works", "well", "clean", "satisfied", "done"}  # fmt: skip
_FAILS = {"not", "fails", "failed", "fail", "bad", "wrong", "worse", "no", "never", "red"}


def _canonical(reading: Reading, first: int, last: int) -> str | None:
    mentions = reading.within(first, last)
    metric = next((each for each in mentions if each.kind == "metric"), None)
    bound = next((each for each in mentions if each.kind in ("number", "percent")), None)
    words = [token.word for token in reading.tokens[first : last + 1]]
    if metric is not None and bound is not None:
        sign = _sign(words)
        value = bound.value / 100 if bound.kind == "percent" else bound.value
        return f"{metric.value} {sign} {value:g}" if sign else None
    if len(words) <= 8 and not mentions and _PASSES & set(words) and not _FAILS & set(words):
        return "passed"
    return None


_NOT = {"not", "no", "never", "without"}
_OPPOSITE = {">": "<=", "<": ">=", ">=": "<", "<=": ">"}


def _sign(words: Sequence[str]) -> str | None:
    """Return the comparison that the words make; None where there is none, or a negation stands apart from it."""
    for phrases, sign in _SIGNS:
        for phrase in phrases:
            places = [at for at in range(len(words)) if tuple(words[at : at + len(phrase)]) == phrase]
            if not places:
                continue
            before = list(words[: places[0]])
            negated = [at for at, word in enumerate(before) if word in _NOT]
            if not negated:
                return sign
            return _OPPOSITE[sign] if negated == [len(before) - 1] else None
    return None
