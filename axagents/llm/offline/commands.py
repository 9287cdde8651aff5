"""Name the command that a sentence means where no tool does it, as far as the sentence fills it."""

from axagents.llm.offline.content import CommandContent
from axagents.llm.offline.handing import ASK
from axagents.llm.offline.reading import Reading
from axagents.ways import ways

_KINDS = {"model": ("model", "deployment"), "version": ("version",), "dataset": ("dataset",)}
WHY = "WHY"
"""What only the user can say."""
_STAGES = {"archive": "archived", "archived": "archived", "staging": "staged", "staged": "staged", "canary": "canary",
    "production": "production", "prod": "production"}  # fmt: skip


def spell_command(content: CommandContent, reading: Reading) -> str:
    """Return the command with what the sentence names; what it does not name stands in capitals."""
    words = [_filled(word, reading) for word in content.command.split()]
    return " ".join(word for word in words if word)


def spell_whole(command: str, reading: Reading) -> str:
    """Return a command where the sentence names all that it takes, else nothing."""
    words = [_filled(word, reading) for word in command.split()]
    return "" if any(word.isupper() and word != WHY for word in words) else " ".join(words)


def _filled(word: str, reading: Reading) -> str:
    if word == "STAGE":
        return next((_STAGES[token.word] for token in reading.tokens if token.word in _STAGES), word)
    if not word.startswith("{"):
        return word
    kind = word.strip("{}")
    found = [each for each in reading.mentions if each.kind in _KINDS.get(kind, (kind,))]
    if kind == "dataset" and not found:
        found = [each for each in reading.mentions if each.kind in ("unknown", "quoted")]
    if kind == "path":
        found += [each for each in reading.mentions if each.kind == "unknown" and "." in each.text]
    if kind == "id":
        found = [each for each in reading.mentions if each.kind == "unknown" and each.text[:1].isdigit()]
    return found[0].text if found else kind.upper()


def spell_asking(tool: str, query: str) -> str:
    """Return what asks a persona which may not be asked from here."""
    return ways().to_ask(tool.removeprefix(ASK), query)
