"""Put spans into the project's own MLflow store, where `mlflow ui` shows them as traces."""

from collections.abc import Sequence

from mlflow.entities.span import Span as MlflowSpan
from mlflow.tracing.client import TracingClient

from axagents.project import Project
from axagents.stores.traces.otlp import encode_span
from axagents.stores.tracking.client import mlflow_client, tells_failure, tracking_uri
from axagents.stores.tracking.experiments import DEFAULT_EXPERIMENT
from axagents.tracing import Span


@tells_failure
def store_spans(project: Project, spans: Sequence[Span]) -> None:
    """Write spans into MLflow's own first experiment.

    Raises:
        Failed: the store cannot be written.
    """
    experiment = mlflow_client(project).get_experiment_by_name(DEFAULT_EXPERIMENT)
    if experiment is not None:
        made = [MlflowSpan.from_otel_proto(encode_span(each)) for each in spans]
        TracingClient(tracking_uri(project)).log_spans(experiment.experiment_id, made)
