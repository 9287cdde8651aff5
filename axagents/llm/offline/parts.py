"""Split a sentence into the parts that each ask for something, and read their conditions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from axagents.llm.offline.examples import Phrases, stems_of
from axagents.llm.offline.handing import Handed, find_handed
from axagents.llm.offline.mentions import Mention
from axagents.llm.offline.opening import Opening, opening
from axagents.llm.offline.reading import Reading
from axagents.llm.offline.text import COURTESY, Token

Span = tuple[int, int]


@dataclass(frozen=True)
class Condition:
    """Something that must hold before a step is taken.

    Attributes:
        text: in canonical form, such as "f1 > 0.85" or "passed"; None when code cannot check it.
        typed: as the user wrote it.
    """

    text: str | None
    typed: str


@dataclass(frozen=True)
class Part:
    """A stretch of a sentence, its tokens `first` to `last` inclusive, its condition cut out.

    Attributes:
        left_out: the tokens of the condition.
        text_from: where the part is a text that asks for nothing further ("remember that ..."), its first token.
        handed_to: the persona for whom that text is.
        swallowed: the tool whose opening made it a text.
    """

    first: int
    last: int
    opening: Opening
    condition: Condition | None = None
    left_out: frozenset[int] = frozenset()
    text_from: int | None = None
    handed_to: str | None = None
    swallowed: str | None = None

    @property
    def asks_until(self) -> int:
        """Return the last token that says what is asked for; a few of a text's own words show its kind."""
        return self.last if self.text_from is None else min(self.last, self.text_from + 1)


_STOPS = {".", "!", "?", ";", "—", "–"}
_TRIM = _STOPS | {",", ":", "-", "(", ")"}
_LINKS = {"and", ",", "but", "&", "then", "or"}
_IFS = {"if", "unless", "provided", "assuming"}
_WHENS = {"when", "once", "whenever"}
_AFTER_LINK = {"if", "then", "when", "please", "also", "and", "just", "only", "finally", "afterwards", "later", "once"}
_TELLS = {"tell", "show", "give", "which", "what", "how", "is", "are", "has", "did", "does", "who", "where", "why"}


def split_parts(
    reading: Reading,
    verbs: frozenset[str],
    swallows: Phrases,
    *,
    personas: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    reads: frozenset[str] = frozenset(),
) -> list[Part]:
    """Return the parts of a sentence.

    Args:
        verbs: the stems that may begin a part.
        swallows: the openings behind which the rest of the sentence is a text.
        personas: the names of those to whom a part may be handed on.
        reads: the tools whose text is looked up: it ends where another request with a name in it begins.
    """
    tokens = reading.tokens
    handed = {each.begin: each for each in find_handed(reading, personas)}
    covered = {at for each in reading.mentions for at in range(each.first, each.last + 1)}
    begins = {at for at in range(1, len(tokens)) if _begins_part(tokens, at, verbs=verbs, covered=covered)}
    starts = sorted({0} | begins | handed.keys())
    parts: list[Part] = []
    for first, last in zip(starts, [*starts[1:], len(tokens)], strict=True):
        if parts and parts[-1].last >= first:
            continue
        if first in handed:
            parts.append(_handed_part(reading, handed[first]))
            continue
        part = _text_part(reading, first, swallows)
        if part is not None and part.swallowed in reads:
            ends = (at - 1 for at in sorted(begins) if first < at <= part.last and _named_soon(reading, at))
            part = replace(part, last=_before_link(tokens, next(ends, part.last)))
        part = part or _part(reading, (first, last - 1), verbs)
        if part is not None and parts and part.text_from is None and _only_names(reading, parts[-1], covered):
            part = _part(reading, (parts.pop().first, last - 1), verbs)
        if part is not None:
            parts.append(part)
    return _join_conditions(parts, reading)


def _text_part(reading: Reading, first: int, swallows: Phrases) -> Part | None:
    tokens = reading.tokens
    begin = opening(tokens, first, len(tokens) - 1)
    found = [
        each
        for each in swallows.find([token.stem for token in tokens[first : begin.head + 9]])
        if each[0] + first <= begin.head
    ]
    if not found:
        return None
    text_from = first + found[-1][1] + 1
    ends = (at for at in range(text_from, len(tokens)) if tokens[at].word in (".", "!", "?") and at > text_from)
    last = next(ends, len(tokens)) - 1
    return Part(first, last, Opening("request", begin.head), text_from=text_from, swallowed=found[-1][2])


def _named_soon(reading: Reading, at: int) -> bool:
    """Tell whether a known name stands close behind a token."""
    kinds = ("dataset", "model", "deployment", "experiment", "test", "version", "model-version")
    return any(each.kind in kinds and at < each.first <= at + 3 for each in reading.mentions)


def _before_link(tokens: Sequence[Token], last: int) -> int:
    while tokens[last].word in _LINKS:
        last -= 1
    return last


def _only_names(reading: Reading, part: Part, covered: set[int]) -> bool:
    """Tell whether a part names something and says nothing of it: "customers.csv: any nulls?"."""
    return part.text_from is None and all(
        at in covered or reading.tokens[at].shape == "mark" for at in range(part.first, part.last + 1)
    )


def _handed_part(reading: Reading, handed: Handed) -> Part:
    condition, left_out = None, frozenset[int]()
    if handed.opener > handed.begin and reading.tokens[handed.begin].word in _IFS | _WHENS:
        condition, left_out = _condition(reading, (handed.begin, handed.opener - 1), frozenset())
    last = max(handed.last, handed.first - 1)
    asks = Opening("request", handed.opener)
    return Part(handed.begin, last, asks, condition, left_out, handed.first, handed.persona)


def _begins_part(tokens: Sequence[Token], at: int, *, verbs: frozenset[str], covered: set[int]) -> bool:
    before = tokens[at - 1]
    if at in covered:
        return False
    if before.shape == "mark" and (before.word in _STOPS or (before.word == ":" and before.end < tokens[at].start)):
        return True
    if before.word == "then":
        return True
    if before.word not in _LINKS or (before.word == "," and tokens[at].word in ("and", "then", "but", "or")):
        return False
    return _opens(tokens, at, verbs=verbs, covered=covered)


def _opens(tokens: Sequence[Token], at: int, *, verbs: frozenset[str], covered: set[int]) -> bool:
    """Tell whether a verb or a question stands at `at`, fillers aside."""
    while at < len(tokens) and tokens[at].word in _AFTER_LINK | {","}:
        if tokens[at].word in _IFS | _WHENS:
            return True
        at += 1
    if at >= len(tokens) or at in covered or tokens[at].shape != "word":
        return False
    token = tokens[at]
    if token.word in _TELLS:
        return True
    return token.stem in verbs and _is_base(token)


def _part(reading: Reading, span: Span, verbs: frozenset[str]) -> Part | None:
    first, last = span
    tokens = reading.tokens
    while last >= first and (tokens[last].word in _TRIM or tokens[last].word in _LINKS):
        last -= 1
    while first <= last and tokens[first].word in _LINKS:
        first += 1
    if last < first:
        return None
    condition, left_out = _condition(reading, (first, last), verbs)
    head = first
    while head in left_out or (head <= last and tokens[head].word in (",", "then")):
        head += 1
    return Part(first, last, opening(tokens, head, last), condition, left_out)


def _condition(reading: Reading, span: Span, verbs: frozenset[str]) -> tuple[Condition | None, frozenset[int]]:
    tokens, (first, last) = reading.tokens, span
    at = next((at for at in range(first, last + 1) if tokens[at].word in _IFS | _WHENS), None)
    if at is None or _asks_whether(tokens, first, at):
        return None, frozenset()
    asked = first + 1 <= last and tokens[first + 1].word in ("did", "was", "is", "will", "were", "do")
    if tokens[at].word in _WHENS and at == first and asked:
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
    return begun and tokens[at].stem in verbs and tokens[at].shape == "word" and not noun and _is_base(tokens[at])


def _is_base(token: Token) -> bool:
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


def _join_conditions(parts: list[Part], reading: Reading) -> list[Part]:
    """Hand a part that is nothing but a condition on to the part behind it."""
    joined: list[Part] = []
    waiting: Part | None = None
    for part in parts:
        if part.condition is not None and set(range(part.first, part.last + 1)) <= part.left_out:
            waiting = part
        elif waiting is not None:
            left_out = part.left_out | waiting.left_out
            joined.append(replace(part, first=waiting.first, condition=waiting.condition, left_out=left_out))
            waiting = None
        else:
            joined.append(part)
    if waiting is not None and joined:
        left_out = joined[-1].left_out | waiting.left_out
        joined[-1] = replace(joined[-1], last=waiting.last, condition=waiting.condition, left_out=left_out)
    elif waiting is not None:
        joined.append(Part(waiting.first, waiting.last, opening(reading.tokens, waiting.first, waiting.last)))
    return joined


_KIND_PLACES = {
    "model": "{model}", "model-version": "{model}", "deployment": "{model}", "dataset": "{dataset}", "test": "{test}",
    "experiment": "{experiment}", "version": "{version}", "percent": "{percent}", "ratio": "{ratio}", "path": "{path}",
    "url": "{path}", "number": "{number}", "metric": "{metric}", "quoted": "{newname}", "unknown": "{newname}",
}  # fmt: skip
_BEFORE_COLUMN = {"predict", "predicts", "predicting", "target"}
_UNKNOWN_KINDS = {"dataset": "{dataset}", "table": "{dataset}", "data": "{dataset}", "experiment": "{experiment}",
    "experiments": "{experiment}", "model": "{model}", "test": "{test}"}  # fmt: skip


def stems_in(reading: Reading, part: Part, vocabulary: frozenset[str]) -> list[str]:
    """Return a part's stems for ranking: names and values by their kind, negated and conditional tokens left out."""
    by_first = {each.first: each for each in reading.mentions if each.sure}
    columns = {each.first for each in reading.columns}
    framed = range(part.first, part.opening.head) if part.opening.mood == "request" and not part.left_out else ()
    stems: list[str] = []
    at = part.first
    while at <= part.asks_until:
        mention = by_first.get(at)
        ignored = at in framed or reading.tokens[at].stem in COURTESY
        if (at in reading.negated and part.text_from is None) or at in part.left_out or ignored:
            at += 1
        elif mention is not None and mention.kind == "unknown" and at in columns:
            stems.append("{column}")
            at += 1
        elif mention is not None:
            stems += _places(mention, reading.tokens)
            at = mention.last + 1
        else:
            token = reading.tokens[at]
            unheard = token.shape == "word" and token.stem not in vocabulary
            if unheard and (at in columns or reading.word(at - 1) in _BEFORE_COLUMN):
                stems.append("{column}")
            elif unheard and reading.word(at + 1) in _UNKNOWN_KINDS:
                stems.append(_UNKNOWN_KINDS[reading.word(at + 1)])
            elif token.shape == "name":
                stems += stems_of(token.word)
            elif token.shape != "mark":
                stems.append(token.stem)
            at += 1
    return stems


def _places(mention: Mention, tokens: Sequence[Token]) -> list[str]:
    if mention.kind == "duration":
        small = mention.value < 1 or (mention.value < 10 and re.search(r"ms|milli", mention.text) is not None)
        return ["{ms}" if small else "{duration}"]
    if mention.kind == "points":
        return ["{number}", "point"]
    if mention.kind == "unknown":
        return [_unknown_place(mention, tokens)]
    return [_KIND_PLACES.get(mention.kind, "{newname}")]


def _unknown_place(mention: Mention, tokens: Sequence[Token]) -> str:
    before = tokens[mention.first - 1].word if mention.first else ""
    after = tokens[mention.last + 1] if mention.last + 1 < len(tokens) else None
    if before in _UNKNOWN_KINDS:
        return _UNKNOWN_KINDS[before]
    if after is not None and after.word in _UNKNOWN_KINDS:
        return _UNKNOWN_KINDS[after.word]
    if re.search(r"\.(csv|parquet|tsv)$", mention.text.lower()):
        return "{dataset}"
    if after is not None and (after.shape == "version" or re.fullmatch(r"v?\d+(\.\d+)*", after.word)):
        return "{model}"
    return "{newname}"
