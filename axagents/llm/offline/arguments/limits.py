"""Find what a sentence restricts or redirects that its tool cannot: which rows, to whom, without what, which kind."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from axagents.errors import nearest
from axagents.llm.offline.arguments.leftovers import left_places
from axagents.llm.offline.arguments.sources import Missing, Setting, Sheet
from axagents.llm.offline.content import Argument
from axagents.llm.offline.examples import Phrases, stems_of
from axagents.llm.offline.mentions import METRICS, Mention

ROWS, RECIPIENT, WITHOUT = "rows", "recipient", "without"
LIMITS = {ROWS: "all rows", RECIPIENT: "here only", WITHOUT: "do it all the same"}
"""The fields of the questions whether to go on without a restriction, and the answer that says so."""

_FREE = ("searched", "remembered", "handed", "topic")
_ROW = frozenset("row rows record records line lines observation observations entry entries cases".split())
_PEOPLE = frozenset("customers people users clients those ones men women accounts".split())
_WHICH = frozenset("where whose with having older younger newer over under above below in from that".split())
_WHICH_PEOPLE = frozenset("where whose having older younger newer over under above below".split())
_EDGES = frozenset("first last top bottom random".split())
_PARTS = frozenset("sample subset portion fraction part slice excerpt".split())
_SIGNS = frozenset("= == > < >= <= != ≥ ≤ equals over under above below between is".split())
_DATA = frozenset("data dataset rows table file customers records".split())
_ONLY = frozenset("only just solely exclusively filtered filter restricted limited".split())
_ARTICLES = frozenset("the a an my our any all column columns feature features field of to by on for in".split())
_WITHOUT = frozenset(
    "without except excluding exclude minus omitting omit ignoring ignore dropping drop besides".split()
)
_LEAVES = frozenset("leave leaving left".split())
_JOINS = frozenset(", and or & nor".split())
_SENDING = frozenset("send sent mail email e-mail forward share post slack fax cc print export upload attach".split())
_CHANNELS = frozenset("mail email e-mail slack teams fax sms post whatsapp discord".split())
_BY = frozenset("by via per over through on to".split())
_THEM = frozenset("me us him her them anna everybody everyone".split())
_ADDRESS = re.compile(r"^[\w.+-]+@[\w-]+\.\w+")
_FILE = re.compile(r"\.(?:html?|pdf|xlsx?|csv|docx?|md|txt|json|png|parquet)$")
_OTHER_METRICS = (
    "gini kappa mcc specificity lift ndcg youden informedness map rmsle medae hinge gain g-mean balanced_accuracy"
    " f2 f0.5 jaccard dice cohen matthews"
).split()
_OPTIMISE = re.compile(r"^(?:optimi[sz]|maximi[sz]|minimi[sz]|metric)")
_NOUNS = frozenset("model classifier regressor algorithm estimator learner".split())
_IS = frozenset(": = is called type kind".split())


def find_limits(setting: Setting, sheet: Sheet) -> list[Missing]:
    """Return a question for each restriction that no argument took up."""
    if any(each.kind in _FREE for each in setting.tool.arguments.values()):
        return []
    free = left_places(setting, sheet)
    looks = (_unknown_kind, _unknown_metric, _unknown_column, _some_rows, _recipient)
    found = [missing for look in looks if (missing := look(setting, sheet, free)) is not None]
    asked = {each.argument for each in sheet.missing}
    return [each for each in found if each.argument not in asked]


def _arguments(setting: Setting, *kinds: str) -> Mapping[str, Argument]:
    return {name: each for name, each in setting.tool.arguments.items() if each.kind in kinds}


def _unheard(setting: Setting, at: int, free: set[int]) -> bool:
    """Tell whether a token is a plain word that no tool has heard of and nothing took up."""
    token = setting.reading.tokens[at] if at < len(setting.reading.tokens) else None
    if token is None or token.shape not in ("word", "name", "quoted") or not token.word[:1].isalpha():
        return False
    taken = any(each.first <= at <= each.last and each.kind not in ("unknown", "quoted") for each in _sure(setting))
    return not taken and (at in free or not set(stems_of(token.word)) <= setting.common)


def _sure(setting: Setting) -> list[Mention]:
    return [each for each in setting.reading.mentions if each.sure]


def _beyond(setting: Setting, phrases: Sequence[str]) -> str | None:
    found = Phrases.of({phrase: [phrase] for phrase in phrases}).find(setting.stems())
    return found[0][2] if found else None


def _unknown_kind(setting: Setting, sheet: Sheet, free: set[int]) -> Missing | None:
    """Ask where a choice is named that the tool does not have, as in "train a lightgbm model"."""
    for name, argument in _arguments(setting, "choice").items():
        if not argument.beyond:
            continue
        typed = _beyond(setting, argument.beyond)
        if typed is None and name not in sheet.values:
            typed = next((setting.reading.tokens[at].text for at in _kinds(setting, free)), None)
        if typed is not None:
            question = f"{typed} is not among the kinds of {name} that {setting.tool.tool} has; which one is it to be?"
            return Missing(name, question, "unknown", typed, tuple(argument.choices))
    return None


def _kinds(setting: Setting, free: set[int]) -> Iterator[int]:
    verbs = {stems_of(verb)[0] for verb in setting.tool.strong_verbs}
    columns = {each.first for each in setting.reading.columns}
    for at in setting.indexes():
        if at in columns or not _unheard(setting, at, free):
            continue
        before, after = setting.word(at - 1), setting.word(at + 1)
        named = before in _NOUNS or (before in _IS and setting.word(at - 2) in _NOUNS)
        headed = at > 0 and setting.reading.tokens[at - 1].stem in verbs and after in ("on", "to", "from", "with")
        if named or headed or (after in _NOUNS and before in ("a", "an", "some")):
            yield at


def _unknown_metric(setting: Setting, sheet: Sheet, free: set[int]) -> Missing | None:
    """Ask where a metric is named that nothing here computes, as in "on precision and gini"."""
    name = next(iter(_arguments(setting, "metric", "metrics")), None)
    if name is None:
        return None
    metrics = {at for each in _sure(setting) if each.kind == "metric" for at in (each.first, each.last)}
    has_data = bool(_arguments(setting, "dataset"))
    for at in setting.indexes():
        before, word = setting.word(at - 1), setting.word(at)
        joined = before in _JOINS and {at - 2, at - 3} & metrics
        cued = _OPTIMISE.match(before) or (before in ("by", "on") and not has_data and at == setting.indexes()[-1])
        if (word in _OTHER_METRICS and at not in sheet.used) or ((joined or cued) and _unheard(setting, at, free)):
            known = tuple(nearest(word, list(METRICS.values())) or dict.fromkeys(METRICS.values()))
            return Missing(name, f"no metric here is called {word}; by which one?", "unknown", word, known)
    return None


def _unknown_column(setting: Setting, sheet: Sheet, free: set[int]) -> Missing | None:
    """Ask where something is to be left out that is no column, or that the tool cannot leave out."""
    columns = {each.first for each in setting.reading.columns}
    listed = {name: each for name, each in _arguments(setting, "columns").items() if each.listed}
    takes = next((name for name, each in listed.items() if "without" in each.cues), None)
    for cue in _every(setting):
        leaves = setting.word(cue) == "out" and setting.word(cue - 1) in _LEAVES
        if setting.word(cue) not in _WITHOUT and not leaves:
            continue
        at = cue + 1
        while setting.word(at) in _ARTICLES | _JOINS or (takes and at in columns):
            at += 1
        word = setting.word(at)
        if at in columns and not takes:
            return _asked(WITHOUT, f"{setting.tool.tool} cannot leave out a column", f"{setting.word(cue)} {word}")
        if not _unheard(setting, at, free) or _is_doing(word):
            continue
        typed = setting.reading.tokens[at].text
        if takes:
            known = tuple(_columns(setting, sheet))
            near = tuple(nearest(word, known)) or known[:12]
            return Missing(takes, f"no column is called {typed}; what is to be left out?", "unknown", typed, near)
        if _arguments(setting, "dataset"):
            return _asked(WITHOUT, f"{setting.tool.tool} cannot leave anything out", f"{setting.word(cue)} {typed}")
    return None


def _is_doing(word: str) -> bool:
    return word.endswith("ing")


def _columns(setting: Setting, sheet: Sheet) -> list[str]:
    fact = setting.dataset(str(sheet.get("dataset") or ""))
    return list(setting.world.columns(fact.name)) if fact else []


def _every(setting: Setting) -> list[int]:
    """Return the tokens of the own parts, what is negated among them."""
    return [at for part in setting.own for at in range(part.first, part.last + 1) if at not in part.left_out]


def _asked(field: str, cannot: str, typed: str) -> Missing:
    return Missing(field, f"{cannot} ({typed!r}); go on without that?", "ambiguous", typed, (LIMITS[field],))


def _some_rows(setting: Setting, sheet: Sheet, free: set[int]) -> Missing | None:
    """Ask where only some rows are meant, which no tool can take."""
    if not _arguments(setting, "dataset") or all(part.opening.mood == "question" for part in setting.own):
        return None
    for at in setting.indexes():
        last = _rows_at(setting, sheet, at, free=free)
        if last is not None:
            tokens, first = setting.reading.tokens, max(at, setting.own[0].first)
            end = min(last, setting.own[-1].last)
            typed = setting.reading.sentence[tokens[first].start : tokens[end].end]
            return _asked(ROWS, f"{setting.tool.tool} takes all rows of a dataset, and not some of them", typed)
    return None


def _rows_at(setting: Setting, sheet: Sheet, at: int, *, free: set[int]) -> int | None:
    """Return where a restriction of rows ends that begins at a token, or None."""
    word, after = setting.word(at), setting.word(at + 1)
    data = {each.first for each in setting.reading.mentions if each.kind == "dataset"}
    if word in _EDGES and any(setting.word(at + step) in _ROW | _PEOPLE | _PARTS for step in (1, 2)):
        return at + 2
    number = next((each for each in _sure(setting) if each.first == at and each.kind in ("number", "percent")), None)
    if number is not None and at not in sheet.used:
        follows = [setting.word(number.last + step) for step in (1, 2, 3)]
        beside = [step for step in (1, 2, 3) if number.last + step in data or follows[step - 1] in _DATA]
        of = setting.word(number.last) == "of" or follows[0] == "of"
        if follows[0] in _ROW or (number.kind == "percent" and of and beside):
            return number.last + (beside[0] if beside else 1)
    if word in _PARTS and after == "of":
        return at + 2
    if (word in _ROW and after in _WHICH) or (word in _PEOPLE and after in _WHICH_PEOPLE):
        return at + 4
    return _compared(setting, sheet, at, data=data) or _only(setting, at, free)


def _compared(setting: Setting, sheet: Sheet, at: int, *, data: set[int]) -> int | None:
    """Read "customer where age > 40" and "age > 40"."""
    columns = {each.first for each in setting.reading.columns}
    if setting.word(at) == "where" and (at - 1 in data or setting.word(at - 1) in _DATA):
        return at + 3
    told = at in sheet.used or setting.word(at + 1) == "is"
    return at + 2 if at in columns and not told and setting.word(at + 1) in _SIGNS else None


def _only(setting: Setting, at: int, free: set[int]) -> int | None:
    """Read "only women", "women only" and "filtered by north": a word that nothing took up beside such a word."""
    if setting.word(at) not in _ONLY:
        return None
    ahead = at + 1
    while setting.word(ahead) in _ARTICLES | _PEOPLE or any(each.first == ahead for each in setting.reading.columns):
        ahead += 1
    own = set(setting.indexes())
    if ahead in own and _unheard(setting, ahead, free):
        return ahead
    last = setting.word(at) == "only" and setting.word(at + 1) in ("", ".", "!", ",", "please", "and")
    return (
        at if at - 1 in own and (_unheard(setting, at - 1, free) or (last and _is_foreign(setting, at - 1))) else None
    )


def _is_foreign(setting: Setting, at: int) -> bool:
    """Tell whether none of the tool's own sentences has a word, and it is no name: "for women only"."""
    named = any(each.first <= at <= each.last for each in (*setting.reading.mentions, *setting.reading.columns))
    return setting.reading.tokens[at].stem not in _said(setting.tool.sentences) and not named


@lru_cache(maxsize=64)
def _said(sentences: str) -> frozenset[str]:
    return frozenset(stems_of(sentences.replace("{", " ").replace("}", " ")))


def _recipient(setting: Setting, sheet: Sheet, free: set[int]) -> Missing | None:
    """Ask where what comes of it is to go to somebody, or into a file, which no tool does along."""
    if setting.tool.events:
        return None
    verbs = {stems_of(verb)[0] for verb in setting.tool.verbs}
    for at in setting.indexes():
        token = setting.reading.tokens[at]
        address = _ADDRESS.match(token.word)
        channel = token.word in _CHANNELS and setting.word(at - 1) in _BY
        sending = token.word in _SENDING and token.stem not in verbs and _goes_on(setting, at)
        file = at in free and setting.word(at - 1) in ("to", "into", "as", "in") and _FILE.search(token.word)
        if at not in sheet.used and (address or channel or sending or file):
            return _asked(RECIPIENT, "nothing here is sent or written elsewhere; the result is shown", token.text)
    return None


def _goes_on(setting: Setting, at: int) -> bool:
    behind = [setting.word(at + step) for step in range(1, 8)]
    return "to" in behind or bool(set(behind[:1]) & _THEM)
