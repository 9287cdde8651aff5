"""What is true of the example world, written down so that anybody can check our answers."""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from axagents.ml.population import EFFECTS, Population, churn_rate, oracle_auc
from axagents.project import Project, make_folder


class Truth(BaseModel):
    """The truth about the world.

    Attributes:
        log_odds: the coefficients of leaving, on the log-odds.
        oracle_auc: for each dataset, the AUC of the true probabilities against the drawn labels.
        churn_rate: for each dataset, the share that left.
        fair: sensitive columns without an effect of their own; `unfair`: those with one.
        unknown_at_prediction: columns that are only filled in after somebody has left.
        drifted: columns of `current` that were moved away from `reference`, and how.
    """

    model_config = ConfigDict(frozen=True)

    log_odds: dict[str, float]
    oracle_auc: dict[str, float]
    churn_rate: dict[str, float]
    fair: tuple[str, ...]
    unfair: tuple[str, ...]
    unknown_at_prediction: tuple[str, ...]
    drifted: dict[str, str]
    calendar: dict[str, str]

    @classmethod
    def of(cls, populations: dict[str, Population], *, drifted: dict[str, str], calendar: dict[str, str]) -> "Truth":
        return cls(
            log_odds=EFFECTS,
            oracle_auc={name: oracle_auc(each) for name, each in populations.items()},
            churn_rate={name: churn_rate(each) for name, each in populations.items()},
            fair=("gender",),
            unfair=("region",),
            unknown_at_prediction=("closed_reason",),
            drifted=drifted,
            calendar=calendar,
        )


def truth_path(project: Project) -> Path:
    """Return where the truth of a project's example world lies."""
    return project.state / "demo" / "truth.json"


def write_truth(project: Project, truth: Truth) -> None:
    """Write the truth down."""
    path = truth_path(project)
    make_folder(path.parent)
    path.write_text(json.dumps(truth.model_dump(mode="json"), indent=2) + "\n", encoding="utf-8")
