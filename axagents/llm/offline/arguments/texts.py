"""Fill texts: what is to be remembered or looked for, topics, tags, lists, and choices by their words."""

import re
from collections.abc import Sequence

from axagents.llm.offline.arguments.numbers import is_frequency
from axagents.llm.offline.arguments.sources import Found, Missing, Setting, Slot, Value
from axagents.llm.offline.examples import Phrases

_REMEMBER = re.compile(
    r"""^(?:(?:please|pls|ok|okay|hey|also|and|can\s+you|could\s+you|would\s+you|will\s+you|i\s+want\s+you\s+to|let'?s|let\s+us|just)[,\s]+)*
    (?:do\s+not\s+forget|don'?t\s+forget|remember|note\s+down|note|memori[sz]e|keep\s+in\s+mind|bear\s+in\s+mind
      |make\s+a\s+note|keep\s+a\s+note|save\s+a\s+note|add\s+(?:a\s+note|to\s+my\s+notes)|take\s+(?:a\s+)?note|(?:write|put|enter|add)\s+(?:it\s+)?(?:in|into|to)\s+(?:my|the|our)\s+notes|write\s+down|write\s+this\s+down
      |jot\s+down|save|store\s+the\s+note|store|record|for\s+the\s+record|for\s+future\s+reference|put\s+it\s+on\s+record|fyi|remind\s+us|notice)
    (?:\s+(?:(?:under|with)\s+(?:the\s+)?key\s+[\w-]+(?=\s*[:,])|for\s+(?:\d+|a|one|two|three|the\s+next)\s+(?:hours?|days?|weeks?|months?|years?)(?=\s*[:,])|note(?=\s+for\b)|that|this|the\s+following|down|of\s+this|of\s+the\s+fact|for\s+later|for\s+me|to\s+memory|in\s+memory|a\s+note|in\s+the\s+notes|to\s+notes|as\s+a\s+note|my\s+preference\s+that|the\s+fact))*
    \s*[:,;-]?\s*(?:that\s+)?""",
    re.VERBOSE | re.IGNORECASE,
)
_TRAILING = re.compile(
    r"[,;.]?\s*(?:please\s+)?(?:remember|note|keep|save)\s+(?:it|this|that)(?:\s+please)?\s*[.!]?$", re.IGNORECASE
)


def fill_remembered(name: str, setting: Setting) -> Found:
    """Return what follows "remember that", word for word."""
    tokens = setting.reading.tokens
    first, last = setting.own[0].first, setting.own[-1].last
    typed = setting.reading.sentence[tokens[first].start : tokens[last].end]
    text = _REMEMBER.sub("", typed, count=1)
    text = (_TRAILING.sub("", text) if text == typed else text).strip(" \t\n.,;:!\"'")
    if _POINTS_BACK.match(text):
        return Missing(name, f"what exactly is {text}? It is remembered word for word", "ambiguous", text)
    return Value(text, "query", "as typed") if len(text) > 2 else None


_POINTS_BACK = re.compile(
    r"""^(?:(?:the|its|their|your|all|both|these|those|this|that|which|what|whichever)\s+)*
    (?:it|this|that|something|them|(?:better|best|winning|worse|stronger|other|first|second|last|same)?\s*
      (?:one|ones|winner|best|better|loser|result|results|outcome|answer|finding|findings|numbers?|figures?|metrics?|scores?
        |conclusion|verdict|output))
    (?:\s+(?:of|from)\s+(?:it|this|that|them|the\s+\w+|both)|\s+(?:is|was|performs|wins|won|did|does)(?:\s+\w+)?)?$""",
    re.VERBOSE | re.IGNORECASE,
)


_FRAMES = re.compile(
    r"""^(?:please\s+)?(?:
      (?:what|which|who|when|where|how|why)\b.*?\b(?:decide[d]?|sa(?:y|id)|agree[d]?|note[d]?|remember|know|decision|told\s+you|write|wrote|written\s+down|notes?)\b
        (?:\s+(?:down|upon|on|about|regarding|concerning|with|in|was|is|that)\b)*
      |(?:do|did|have|has)\s+(?:you|we|i)\b.*?\b(?:remember|notes?|agree[d]?|written(?:\s+anything)?(?:\s+down)?|anything\s+written\s+down|decide[d]?|know|noted|say|said)\b
        (?:\s+(?:anything|something|on|about|regarding|down|what|whether|why|which|who|that|concerning)\b)*
      |(?:search|look\s+up|look|find|recall|check|browse|query|show|get|give\s+me|remind\s+me)\b
        (?:\s+(?:me|us|in|through|up|the|my|our|memory|memories|notes?|note|saved|stored|what|that|of|for|about|on|regarding|we|i|you|decided|decision|said|told|agreed|have|noted|know)\b)*
      |(?:is|are)\s+there\s+(?:anything|something|a\s+note|any\s+notes?)(?:\s+(?:in\s+memory|in\s+(?:my|our|the)\s+notes|noted|saved|stored))?
        (?:\s+(?:about|on|regarding|for)\b)*
      |(?:any|my|our)\s+notes?(?:\s+(?:on|about|regarding|for)\b)*
      |(?:any|some)thing\s+(?:noted|written(?:\s+down)?|saved|stored|known|in\s+(?:the|my|our)\s+notes|in\s+memory)(?:\s+(?:on|about|regarding|for)\b)*
    )\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_AT_MOST = re.compile(
    r"[,;]?\s*\b(?:top|at most|no more than|limit)\s+\d+(?:\s+(?:notes|results|records|hits))?\s*$", re.IGNORECASE
)
_ASKED_BEHIND = re.compile(
    r"[,;.?]\s*(?:do|did|have|has|is|was|can|could)\s+(?:we|you|i|there|it|that|somebody|anybody|anyone)\b"
    r".*\b(?:notes?|noted|remember|recall|written|write|wrote|down|memory|sa(?:y|id)|decided?|agreed?)\b.*$",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"^(?:the|a|an|our|my|on|about|regarding|for|of|that|what|when|who|is|was|are|were|in|down|:)\s+", re.IGNORECASE
)


def fill_searched(setting: Setting) -> Found:
    """Return what is asked after, the frame of the question taken off."""
    tokens = setting.reading.tokens
    first, last = setting.own[0].first, setting.own[-1].last
    typed = setting.reading.sentence[tokens[first].start : tokens[last].end].strip(" ?!.")
    typed = _ASKED_BEHIND.sub("", typed).strip(" ?!.,")
    text = _AT_MOST.sub("", _FRAMES.sub("", typed, count=1)).strip(" ?!.:,\"'")
    if len(text) < 3:
        text = re.split(r"\b(?:about|on|regarding|for)\b", typed, maxsplit=1)[-1].strip()
    while _LEADING.match(text):
        text = _LEADING.sub("", text, count=1)
    return Value(text, "query", "as typed") if len(text) >= 3 else None


def fill_text(slot: Slot, setting: Setting) -> Found:
    """Return the text behind one of the phrases, to the end of the sentence."""
    text = behind(setting, slot.argument.after, stop=(".", "?", "!", ";"))
    return Value(text, "query", "as typed") if text else None


def behind(setting: Setting, phrases: Sequence[str], *, stop: Sequence[str]) -> str | None:
    """Return the sentence's own text behind the first of the phrases that stands in it."""
    tokens = setting.reading.tokens
    first, last = setting.own[0].first, len(tokens) - 1
    for phrase in phrases:
        words = phrase.lower().split()
        for at in range(first, last + 1):
            if [token.word for token in tokens[at : at + len(words)]] != words:
                continue
            start = at + len(words)
            while start <= last and tokens[start].word in (":", "-", "="):
                start += 1
            end = next((i for i in range(start, last + 1) if tokens[i].word in stop), last + 1)
            text = setting.reading.sentence[tokens[start].start : tokens[end - 1].end] if start < end else ""
            if text.strip():
                return text.strip()
    return None


def fill_topic(slot: Slot, setting: Setting) -> Found:
    """Return a document's topic: one of the known ones, else what stands behind "for" or "about"."""
    found = Phrases.of(slot.argument.choices).find(setting.stems())
    if found:
        return Value(found[0][2], "query", found[0][2])
    text = behind(setting, slot.argument.after, stop=(".", "?", "!", ";", ","))
    return Value(text, "query", "as typed") if text else None


def fill_words(slot: Slot, setting: Setting) -> Found:
    """Return the words listed behind a cue, such as tags."""
    text = behind(setting, slot.argument.after, stop=(".", "?", "!", ";"))
    if text is None:
        return None
    words: list[str] = []
    for word in re.split(r"[\s,]+", re.split(r"\b(?:for|to|with|on|using|in|testing|because|since)\b", text)[0]):
        if word.lower() not in ("and", "&", "", "as"):
            words.append(word.strip("\"'"))
    return Value(words, "query", text) if words else None


def fill_listing(slot: Slot, setting: Setting) -> Found:
    """Return the phrases listed behind a cue, parted by commas and "and"."""
    text = behind(setting, slot.argument.after, stop=(".", "?", "!", ";"))
    items = [item.strip() for item in re.split(r",|\band\b|&", text or "") if item.strip()]
    return Value(items, "query", text or "") if items else None


def fill_choice(slot: Slot, setting: Setting) -> Found:
    """Return the value whose words stand in the own parts, the longest phrase first."""
    phrases = Phrases.of(slot.argument.choices)
    # Names and values may stand between the words of a phrase: "bring 1.9.0 back".
    found = phrases.find(setting.stems()) or phrases.find(setting.stems(named=False))
    if not found:
        return None
    _, _, value = max(found, key=lambda each: (each[1] - each[0], -each[0]))
    return Value(value, "query", value)


def fill_choices(slot: Slot, setting: Setting) -> Found:
    """Return every value whose words stand in the own parts."""
    values = list(dict.fromkeys(value for _, _, value in Phrases.of(slot.argument.choices).find(setting.stems())))
    return Value(values, "query", ", ".join(values)) if values else None


def fill_flag(slot: Slot, setting: Setting) -> Found:
    """Return true when one of the phrases stands in the own parts and is not negated."""
    return Value(True, "query", "asked for") if setting.says(slot.argument.phrases) else None


def fill_trigger(slot: Slot, setting: Setting) -> Found:
    """Return what starts something again and again: a schedule, or one of the events by their words."""
    durations = setting.mentions("duration", sheet=slot.sheet, near_only=True)
    if any(is_frequency(each, setting) for each in durations):
        return Value("schedule", "query", durations[0].text)
    return fill_choice(slot, setting)


def fill_word(slot: Slot, setting: Setting) -> Found:
    """Return the one word behind a cue, as typed."""
    tokens = setting.reading.tokens
    for at in setting.indexes():
        for cue in slot.argument.cues:
            words = cue.lower().split()
            if [setting.word(at - len(words) + 1 + step) for step in range(len(words))] != words:
                continue
            value = at + 1
            while setting.word(value) in ("is", ":", "=", "called", "named", "the"):
                value += 1
            if value < len(tokens) and tokens[value].shape != "mark":
                slot.sheet.used.add(value)
                return Value(tokens[value].text, "query", tokens[value].text)
    return None


def fill_identifier(slot: Slot, setting: Setting) -> Found:
    """Return the id of a run: a long number in hexadecimal, or one of ours."""
    for at in setting.indexes():
        token = setting.reading.tokens[at]
        if _IDENTIFIER.match(token.word) and setting.says(slot.argument.cues):
            slot.sheet.used.add(at)
            return Value(token.text, "query", token.text)
    return None


_IDENTIFIER = re.compile(r"^(?:[0-9a-f]{12,64}|\d{8}-\d{6}-[0-9a-f]{4,8})$")


def fill_paths(slot: Slot, setting: Setting) -> Found:
    """Return every path in the own parts."""
    found = setting.mentions("path", sheet=slot.sheet, near_only=True)
    slot.sheet.used.update(each.first for each in found)
    return Value([each.text for each in found], "query", ", ".join(each.text for each in found)) if found else None


_LIFETIME = re.compile(
    r"\bfor\s+([^:,]+)\s*[:,]\s|\b(?:keep|save|remember) (?:it|this) for\s+([^.!]+)[.!]?$", re.IGNORECASE
)


def fill_lifetime(setting: Setting) -> Found:
    """Return for how many seconds a note is to be kept: "save this for 30 days: ...", "..., keep it for a week"."""
    part = setting.own[0]
    tokens = setting.reading.tokens
    found = _LIFETIME.search(setting.reading.sentence, tokens[part.first].start)
    durations = [each for each in setting.reading.mentions if each.kind == "duration"]
    for each in durations if found else []:
        inside = found is not None and any(
            found.start(group) <= tokens[each.first].start < found.end(group) for group in (1, 2)
        )
        if inside:
            return Value(float(each.value), "query", each.text)
    return None


def fill_handed(setting: Setting) -> Found:
    """Return what is handed on to a persona, word for word."""
    tokens, part = setting.reading.tokens, setting.own[0]
    first = part.first if part.text_from is None else part.text_from
    if first > part.last:
        return None
    begin = tokens[first].start - (tokens[first].shape == "quoted")
    end = tokens[part.last].end + (tokens[part.last].shape == "quoted")
    text = setting.reading.sentence[begin:end].strip()
    return Value(text, "query", "as typed") if text else None


def fill_constant(slot: Slot) -> Found:
    """Return the value that the content fixes."""
    return Value(slot.argument.value, "default", "")


def fill_slug(slot: Slot, setting: Setting) -> Found:
    """Return the key behind a cue, else one made of the first words of another argument."""
    named = fill_word(slot, setting)
    if named is not None:
        return named
    text = str(slot.sheet.get(slot.argument.of or "") or "")
    words = re.findall(r"[^\W_]+", text.lower())[:8]
    return Value("-".join(words), "default", "made from the text") if words else None
