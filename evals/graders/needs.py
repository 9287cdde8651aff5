"""Which fields were asked for at the end, and no others."""

from axagents.evaluation.evidence import Evidence

Expected = list[str]


def judge(expected: Expected, evidence: Evidence) -> list[str]:
    asked = sorted({str(need.get("field")) for need in evidence.last.needs if need.get("kind") == "answer"})
    return [] if asked == sorted(expected) else [f"asked for {asked}, not for {sorted(expected)}"]
