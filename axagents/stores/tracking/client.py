"""The one door to MLflow: a quiet client on the project's own store, or on the server its settings name."""

import logging
import sqlite3
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from axagents.errors import Failed
from axagents.project import Project
from axagents.stores.tracking.location import prepare_store, sqlite_uri

# The level of MLflow's own logger comes from the environment (axagents.stores); these it leaves alone.
for _name in ("alembic", "sqlalchemy", "urllib3"):
    logging.getLogger(_name).setLevel(logging.ERROR)

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

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


def tells_failure(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Turn what MLflow and its database raise (full disk, broken file, lost server) into one clear line."""

    @wraps(function)
    def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except (MlflowException, SQLAlchemyError, sqlite3.Error) as error:
            raise Failed(f"MLflow could not do it: {_first_line(error)}", hint="ax doctor") from error

    return guarded


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200]


def _unopened(project: Project, error: Exception) -> Failed:
    first_line = _first_line(error)
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
