"""The one door to MLflow: a quiet client on the project's own store, or on the server its settings name."""

import logging
import sqlite3
from pathlib import Path

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from axagents.errors import Failed
from axagents.project import Project
from axagents.stores.tracking.location import prepare_store, sqlite_uri

# The level of MLflow's own logger comes from the environment (axagents.stores); these it leaves alone.
for _name in ("alembic", "sqlalchemy", "urllib3"):
    logging.getLogger(_name).setLevel(logging.ERROR)

_clients: dict[tuple[str, Path], MlflowClient] = {}


def tracking_uri(project: Project) -> str:
    """Return the address of the project's MLflow store."""
    return project.settings.tracking.uri or sqlite_uri(project.mlflow_path)


def has_store(project: Project) -> bool:
    """Say whether there is a store to look into: looking does not make one."""
    return project.settings.tracking.uri is not None or project.mlflow_path.exists()


def mlflow_client(project: Project) -> MlflowClient:
    """Return a client of the project's MLflow store and model registry, both made when missing.

    Raises:
        Failed: the store cannot be opened, made or reached.
    """
    uri = tracking_uri(project)
    key = (uri, project.root)
    own = project.settings.tracking.uri is None
    if key in _clients and (not own or project.mlflow_path.exists()):
        return _clients[key]
    try:
        if own:
            prepare_store(project)
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise _unopened(project, error) from error
    _clients[key] = client
    return client


def _unopened(project: Project, error: Exception) -> Failed:
    first_line = str(error).strip().splitlines()[0][:200]
    if project.settings.tracking.uri is None:
        return Failed(
            f"cannot open the MLflow store {project.mlflow_path}: {first_line}",
            hint="ax doctor",
        )
    return Failed(
        f"cannot reach the MLflow server {project.settings.tracking.uri}: {first_line}",
        field="tracking.uri",
        hint="ax config get tracking.uri",
    )
