"""The offline planner: how often it is right on sentences held out, how it is wrong, and what a sentence costs.

`python -m evals.benchmarks.planner [FILE ...]` also shows each sentence that went wrong; do so for the development
sentences only, or the held-out ones are held out no longer.
"""

import sys
import time
from collections import Counter
from pathlib import Path

from axagents.catalog import open_catalog
from evals.benchmarks.row import Row, at_least, at_most
from evals.planner.scoring import Scored, Scorer, read_cases

HELD_OUT = tuple(
    Path(__file__).parents[1] / "planner" / f"{name}.yaml" for name in ("strangers", "fresh", "visitors", "passers")
)
REPEATS = 5


def measure() -> list[Row]:
    """Plan the held-out sentences as if every tool with sentences were installed."""
    catalog = open_catalog(None)
    began = time.process_time()
    scorer = Scorer(catalog)
    scorer.plan({"query": "warm up", "agent": "mlops-engineer"})
    load = 1000 * (time.process_time() - began)
    cases = [case for path in HELD_OUT for case in read_cases(path)]
    kinds = Counter(each.kind for each in map(scorer.score, cases))
    began = time.process_time()
    for case in cases * REPEATS:
        scorer.plan(case)
    spent = 1000 * (time.process_time() - began) / (REPEATS * len(cases))
    share = 100 / len(cases)
    return [
        at_least(f"planner: right on {len(cases)} held-out sentences", "%", ours=share * kinds["right"], limit=80),
        at_most("planner: wrong effect proposed", "sentences", ours=kinds["wrong-effect"], limit=0),
        at_most("planner: wrong reading tool called", "%", ours=share * kinds["wrong-reading"], limit=3),
        at_most("planner: right tool, wrong argument", "%", ours=share * kinds["wrong-arguments"], limit=3),
        at_most("planner: a sentence", "ms CPU", ours=spent, limit=20),
        at_most("planner: load beyond imports", "ms CPU", ours=load, limit=150),
    ]


def tell(scored: list[Scored]) -> str:
    """List what went wrong."""
    lines = [f"{each.id} [{each.kind}] {each.query!r}: {'; '.join(each.wrong)}" for each in scored if each.wrong]
    return "\n".join([*lines, f"{len(scored) - len(lines)} of {len(scored)} right"])


if __name__ == "__main__":
    scorer = Scorer(open_catalog(None))
    for name in sys.argv[1:]:
        print(tell([scorer.score(case) for case in read_cases(Path(name))]))
