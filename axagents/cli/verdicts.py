"""The verdicts that `--fail-on` may name."""

from axagents.errors import UserError, nearest

_OTHERS = (
    *("COMPLETED", "FAILED", "WAITING", "DECLINED"),  # of an agent's run
    *("RUN", "CONFIRM", "ASK", "DECLINE"),  # of a dry run
    *("APPROVED", "DENIED"),
    *("WRITTEN", "INCOMPLETE", "PUBLISHED", "UNCHANGED"),  # of documents
    *("ROLLING", "DEPLOYED", "ABORTED", "ROLLED_BACK"),  # of deployments
)


def read_verdicts(text: str | None) -> frozenset[str]:
    """Return the verdicts of a list with commas, in capitals.

    Raises:
        UserError: one is no verdict of any table, nor of an agent's run.
    """
    wanted = [each.strip().upper() for each in (text or "").split(",") if each.strip()]
    if not wanted:
        return frozenset()
    from axagents.decisions.table import find_table, shipped_names
    from axagents.project import project_here

    project = project_here()
    known = sorted({each for name in shipped_names() for each in find_table(project, name).verdicts} | {*_OTHERS})
    for each in wanted:
        if each not in known:
            near = nearest(each, known)
            told = f"did you mean {' or '.join(near)}?" if near else f"there is {', '.join(known)}"
            raise UserError(f"--fail-on: there is no verdict {each}; {told}", field="--fail-on", legal=known)
    return frozenset(wanted)
