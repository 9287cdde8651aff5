"""How many of the user's turns ended in a question; none of them counts as needless."""

from axagents.evaluation.evidence import Evidence

Expected = int


def judge(expected: Expected, evidence: Evidence) -> list[str]:
    asked = sum(any(need.get("kind") == "answer" for need in each.needs) for each in evidence.played)
    return [] if asked == expected else [f"{asked} questions, not {expected}"]
