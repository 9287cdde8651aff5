"""How the last turn ended: 0 done, 1 declined or failed, 2 wrong input, 3 waits for an answer or an approval."""

from axagents.evaluation.evidence import Evidence

Expected = int


def judge(expected: Expected, evidence: Evidence) -> list[str]:
    found = evidence.last.exit_code
    why = f" ({evidence.last.error['message']})" if evidence.last.error else ""
    return [] if found == expected else [f"exit {found}{why}, not {expected}"]
