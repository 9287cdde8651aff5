"""Build the example world of a company whose customers leave."""

from axagents.clock import utc_now
from axagents.demo.datasets import Calendar, make_datasets
from axagents.demo.models import MODEL, make_models
from axagents.demo.truth import truth_path, write_truth
from axagents.progress import note
from axagents.project import Project

LIVE = "churn-live"
DATASETS = ("customer", "customer_transactions", "customer_data_2024", "holdout_2024q4", "reference", "current")
DOUBLES = ("customers", "customers.csv", "reference.csv", "current.csv")


def build_world(project: Project, world: str, *, seed: int = 0) -> list[str]:
    """Fill a project with the world `churn` or `churn-live` and return what to tell of it.

    It is finished when its truth is written; broken off before that, the next call goes on.
    """
    place = truth_path(project)
    if place.exists():
        return [f"the example world is here already ({place.relative_to(project.root)}); nothing was changed"]
    note("drawing customers and purchases from the seed")
    truth = make_datasets(project, Calendar.until(utc_now()), seed=seed)
    note("training and registering the versions of the past")
    make_models(project, with_candidate=world == LIVE, seed=seed)
    write_truth(project, truth)
    versions = "1.0.0, 1.9.0, 2.0.0 in production" + (", 2.1.0 staged" if world == LIVE else "")
    return [
        f"datasets: {', '.join(DATASETS)}",
        f"the same files under other names: {', '.join(DOUBLES)}",
        "experiments: churn_v1, churn_v2; model folder: models/churn_classifier_v2",
        f"model {MODEL}: {versions}",
        f"what is true of it all: {place.relative_to(project.root)}",
    ]
