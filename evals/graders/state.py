"""What the project holds afterwards, by dotted paths.

registry.MODEL.versions | .stage.VERSION | .production, memory.NAMESPACE.KEY, datasets.NAME, files.PATH hold a value, a
part of a mapping, {contains: TEXT} or null for nothing there; mlflow.EXPERIMENT.runs, memory.NAMESPACE.added and
registry.MODEL.added hold how many came.
"""

from collections.abc import Mapping
from typing import Any

from axagents.evaluation.evidence import Evidence
from axagents.evaluation.looking import look

Expected = dict[str, Any]
observe = look


def judge(expected: Expected, evidence: Evidence) -> list[str]:
    before, after = evidence.before["state"], evidence.after["state"]
    wrong: list[str] = []
    for path, value in expected.items():
        found = added(path, before, after) if counts(path) else find(after, path.split("."))
        if not fits(value, found):
            wrong.append(f"{path} is {str(found)[:120]}, not {value}")
    return wrong


def counts(path: str) -> bool:
    return (path.startswith("mlflow.") and path.endswith(".runs")) or path.endswith(".added")


def added(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    area, rest = path.split(".", 1)
    name = rest.rsplit(".", 1)[0]
    if area == "mlflow":
        return size(after, name) - size(before, name)
    new = after[area].get(name, {})
    old = before[area].get(name, {})
    if area == "registry":
        return len(set(new.get("versions", [])) - set(old.get("versions", [])))
    return len(new.keys() - old.keys())


def size(state: Mapping[str, Any], experiment: str) -> int:
    """Count the runs of an experiment, `*` for all."""
    among = state["mlflow"]
    return sum(each["runs"] for name, each in among.items() if experiment in ("*", name))


def find(place: Any, path: list[str]) -> Any:
    """Follow a path; names may hold dots themselves, so the longest name that is there goes first."""
    if not path:
        return place
    if not isinstance(place, Mapping):
        return None
    for length in range(len(path), 0, -1):
        name = ".".join(path[:length])
        if name in place:
            return find(place[name], path[length:])
    return None


def fits(expected: Any, found: Any) -> bool:
    if isinstance(expected, Mapping):
        if expected.keys() == {"contains"}:
            return str(expected["contains"]).lower() in str(found).lower()
        return isinstance(found, Mapping) and all(fits(each, found.get(key)) for key, each in expected.items())
    return bool(found == expected)
