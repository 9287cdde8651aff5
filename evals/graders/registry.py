"""What came into the registry and what changed its stage."""

from axagents.evaluation.evidence import Evidence
from axagents.evaluation.looking import look
from axagents.evaluation.task import Part


class Expected(Part):
    """How many versions of a model came, and its stages afterwards."""

    model: str
    versions_added: int = 0
    stages: dict[str, str] | None = None


observe = look


def judge(expected: Expected, evidence: Evidence) -> list[str]:
    before = evidence.before["registry"]["registry"].get(expected.model, {"stage": {}})["stage"]
    after = evidence.after["registry"]["registry"].get(expected.model, {"stage": {}})["stage"]
    came, went = after.keys() - before.keys(), before.keys() - after.keys()
    wrong: list[str] = []
    if len(came) != expected.versions_added:
        wrong.append(f"{len(came)} versions of {expected.model} came ({sorted(came)}), not {expected.versions_added}")
    if went:
        wrong.append(f"{sorted(went)} of {expected.model} went")
    if expected.stages is not None and after != expected.stages:
        wrong.append(f"the stages of {expected.model} are {after}, not {expected.stages}")
    return wrong
