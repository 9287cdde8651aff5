"""The tape: every exchange with a provider written down, and played again to a run that asks the same."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from axagents.errors import Failed, ProviderError, UserError
from axagents.fields import canonical_json, sha256_text
from axagents.llm.turn import Message, Offer, Provider, Turn
from axagents.progress import Said, emit

_IDS = re.compile(r"(?:^|_)(?:run_id|session|approval_id)$")
"""Names of values that are made anew in every run; wherever they stand, they are taken as the same."""
_TIMES = re.compile(r"(?:_at|_s|_ms)$|^(?:seconds|duration|elapsed)")
_LEAST_ID = 6
_SHOWN, _DIFFERENCES = 80, 3

Request = dict[str, Any]


class Recorder:
    """A provider whose exchanges are written to a file, one JSON object a line, behind what stands there."""

    def __init__(self, provider: Provider, path: Path) -> None:
        self.name = provider.name
        self.context_window = provider.context_window
        self.is_paid = provider.is_paid
        self._provider = provider
        self._path = path
        self._append("")

    def take_turn(self, system: str, messages: Sequence[Message], offers: Sequence[Offer]) -> Turn:
        """Return the provider's turn, written down before it is handed on."""
        turn = self._provider.take_turn(system, messages, offers)
        request = write_down(system, messages, offers)
        line = {
            "provider": self.name,
            "digest": digest(request),
            "request": request,
            "turn": turn.model_dump(mode="json", exclude_defaults=True),
        }
        self._append(json.dumps(line, ensure_ascii=False) + "\n")
        return turn

    def _append(self, line: str) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(line)
        except OSError as error:
            raise Failed(f"cannot write the tape {self._path}: {error.strerror}") from error


class Player:
    """Answers from a tape, in the order in which the same request was recorded; asks nobody."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._exchanges = list(_read(path))
        self._played: set[int] = set()
        self.name = str(self._exchanges[0]["provider"])
        self.context_window: int | None = None
        self.is_paid = False

    def take_turn(self, system: str, messages: Sequence[Message], offers: Sequence[Offer]) -> Turn:
        """Return the turn that was recorded for the same request.

        Raises:
            ProviderError: there is none; the nearest request is named, and what differs.
        """
        request = write_down(system, messages, offers)
        wanted = digest(request)
        same = [at for at, each in enumerate(self._exchanges) if each["digest"] == wanted]
        for at in same:
            if at not in self._played:
                self._played.add(at)
                return _say(Turn.model_validate(self._exchanges[at]["turn"]))
        if same:
            raise ProviderError(f"the tape {self._path} answers this request {len(same)} times, and no more")
        raise self._unknown(request)

    def _unknown(self, request: Request) -> ProviderError:
        asked = masked(request)
        compared = [list(_differences(masked(each["request"]), asked)) for each in self._exchanges]
        nearest = min(range(len(compared)), key=lambda at: sum(size for _, size in compared[at]))
        found = [words for words, _ in compared[nearest]]
        told = "; ".join(found[:_DIFFERENCES])
        more = f"; and {len(found) - _DIFFERENCES} more" if len(found) > _DIFFERENCES else ""
        return ProviderError(
            f"the tape {self._path} has no answer to this request; the nearest, on line {nearest + 1}: {told}{more}",
            field="--replay",
            hint="record it again with --record",
        )


def write_down(system: str, messages: Sequence[Message], offers: Sequence[Offer]) -> Request:
    """Return a request as it stands on a tape."""
    return {
        "system": system,
        "messages": [message.model_dump(mode="json", exclude_defaults=True) for message in messages],
        "offers": [
            {"name": each.name, "description": each.description, "parameters": dict(each.parameters)} for each in offers
        ],
    }


def digest(request: Request) -> str:
    """Return the hash by which a request is found again; see `masked`."""
    return sha256_text(canonical_json(masked(request)))


def masked(request: Request) -> Request:
    """Return a request without what differs from run to run: ids of runs, times and durations in tools' results."""
    ids: dict[str, str] = {}
    hidden = _mask(request, ids)
    text = json.dumps(hidden, ensure_ascii=False)
    for id_, word in sorted(ids.items(), key=lambda each: -len(each[0])):
        text = text.replace(json.dumps(id_, ensure_ascii=False)[1:-1], word)
    return json.loads(text)


def _mask(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _mask_named(key, each, ids) for key, each in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_mask(each, ids) for each in cast("Sequence[Any]", value)]
    return value


def _mask_named(key: str, value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, str) and len(value) >= _LEAST_ID and _IDS.search(key):
        return ids.setdefault(value, f"<{key} {len(ids) + 1}>")
    if isinstance(value, str | int | float) and not isinstance(value, bool) and _TIMES.search(key):
        return f"<{key}>"
    return _mask(value, ids)


def _read(path: Path) -> Iterator[dict[str, Any]]:
    try:
        # Not splitlines(), which also parts texts that hold a line separator of Unicode.
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        told = getattr(error, "strerror", None) or error
        raise UserError(f"cannot read the tape {path}: {told}", field="--replay") from None
    if lines == [""]:
        raise UserError(f"the tape {path} is empty", field="--replay")
    for number, line in enumerate(lines, start=1):
        try:
            each: Any = json.loads(line)
            Turn.model_validate(each["turn"])
            # The hash is made anew, so that a tape whose words were changed by hand is taken by its words.
            yield {"provider": each["provider"], "request": each["request"], "turn": each["turn"]} | {
                "digest": digest(each["request"])
            }
        except (ValueError, KeyError, TypeError) as error:
            first = str(error).splitlines()[0]
            raise UserError(f"{path}, line {number}: no exchange: {first}", field="--replay") from None


def _say(turn: Turn) -> Turn:
    if turn.text:
        emit(Said(turn.text, first=True))
    return turn


def _differences(recorded: Any, asked: Any, place: str = "") -> Iterator[tuple[str, int]]:
    """Yield where two requests differ, in words, and how many values that concerns."""
    if isinstance(recorded, dict) and isinstance(asked, dict):
        one, other = cast("dict[str, Any]", recorded), cast("dict[str, Any]", asked)
        for key in dict.fromkeys([*one, *other]):
            yield from _differences(one.get(key), other.get(key), f"{place}.{key}".lstrip("."))
    elif isinstance(recorded, list) and isinstance(asked, list):
        ones, others = cast("list[Any]", recorded), cast("list[Any]", asked)
        for at in range(max(len(ones), len(others))):
            one, other = (each[at] if at < len(each) else None for each in (ones, others))
            yield from _differences(one, other, f"{place}[{at}]")
    elif recorded != asked:
        size = max(_values(recorded), _values(asked))
        yield f"{place} was {_short(recorded)} and is {_short(asked)}", size


def _values(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_values(each) for each in cast("dict[str, Any]", value).values())
    return sum(_values(each) for each in cast("list[Any]", value)) if isinstance(value, list) else 1


def _short(value: Any) -> str:
    if value is None:
        return "not there"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
