"""An evaluation belongs to the content it was made of."""

from dataclasses import replace

from axagents.project import Project
from axagents.stores.registry.evaluations import Evaluation, newest_evaluation, record_evaluation

GO = Evaluation(
    evaluation_id="e1",
    sha256="ab" * 32,
    at="2026-11-20T00:00:00.000000Z",
    who="somebody",
    verdict="GO",
    dataset="holdout",
    fingerprint="cd" * 32,
    metrics={"auc_roc": {"mean": 0.9, "low": 0.88, "high": 0.92}},
)


def test_the_newest_evaluation_of_the_same_content_counts(project: Project) -> None:
    record_evaluation(project, GO)
    record_evaluation(project, GO)
    record_evaluation(project, replace(GO, evaluation_id="e0", at="2026-11-19T00:00:00.000000Z", verdict="NO_GO"))
    record_evaluation(project, replace(GO, evaluation_id="e2", sha256="ee" * 32, verdict="NO_GO"))
    assert newest_evaluation(project, GO.sha256) == GO
    assert newest_evaluation(project, "00" * 32) is None
