"""ml-train on the Telco churn data with a minute of search: what it reports, and what others reach on the same folds.

The data is public and not in the checkout: AX_TEST_DATA names the folder that holds `telco/`.
"""

import os
import tempfile
import time
from pathlib import Path

from axagents.project import create_project, use_project
from axagents.stores.datasets.catalog import add_dataset
from axagents.stores.datasets.record import Declarations
from axagents.workflows.engine import run_workflow
from axagents.workflows.train.request import TrainResult
from evals.benchmarks.row import Row, at_least, at_most

LEAK = 0.87  # two minutes of other searches reach .850 to .852 on a holdout; whoever reports .96 leaked


def measure() -> list[Row]:
    """Train once and return the chosen model's and the best candidate's AUC over 3 x 5 folds."""
    path = Path(os.environ.get("AX_TEST_DATA") or "nowhere") / "telco/Telco-Customer-Churn.csv"
    if not path.is_file():
        return [Row("telco: set AX_TEST_DATA to the folder of public data", "", 0.0, None, "", None)]
    with tempfile.TemporaryDirectory() as folder:
        project = create_project(Path(folder))
        with use_project(project):
            add_dataset(project, "telco", str(path), declared=Declarations(target="Churn"))
            began = time.monotonic()
            done = run_workflow(project, "ml-train", {"dataset": "telco"})
            seconds = time.monotonic() - began
    result = TrainResult.model_validate(done.result)
    chosen, best = result.metrics["auc_roc"].mean, max(each.score.mean for each in result.candidates)
    return [
        at_least(f"telco: AUC of the chosen model ({result.chosen})", "", ours=chosen, limit=0.843),
        at_least("telco: AUC of the best candidate", "", ours=best, limit=0.846),
        at_most("telco: AUC, above which something leaks", "", ours=best, limit=LEAK),
        Row("telco: search and assessment", "wall s", seconds, None, "60 s of search", None),
    ]
