"""The names of experiments, read without MLflow where they lie in the project's own store."""

import sqlite3
from importlib import import_module
from typing import Any

from axagents.project import Project
from axagents.stores.database import open_reading


def experiment_names(project: Project) -> list[str]:
    """Return the names of experiments, newest first; those of a server are asked for, which loads MLflow."""
    if project.settings.tracking.uri:
        experiments: Any = import_module("axagents.stores.tracking.experiments")
        return [each.name for each in experiments.list_experiments(project)]
    if not project.mlflow_path.exists():
        return []
    try:
        with open_reading(project.mlflow_path, wait=5) as connection:
            rows = connection.execute(
                "SELECT name FROM experiments WHERE lifecycle_stage = 'active' AND (name != 'Default' OR EXISTS"
                " (SELECT 1 FROM runs WHERE runs.experiment_id = experiments.experiment_id))"
                " ORDER BY creation_time DESC"
            )
            return [row[0] for row in rows]
    except sqlite3.DatabaseError:
        return []
