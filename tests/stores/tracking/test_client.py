"""The MLflow store is made whole, follows its project, and fails in one line."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from axagents.errors import Failed
from axagents.project import Project, create_project, open_project
from axagents.settings import Settings, TrackingSettings
from axagents.stores.tracking.client import mlflow_client
from axagents.stores.tracking.entries import log_files, log_params
from axagents.stores.tracking.experiments import open_experiment
from axagents.stores.tracking.runs import open_run

OPEN = """
import sys
from pathlib import Path
from axagents.project import create_project
from axagents.stores.tracking.client import mlflow_client
mlflow_client(create_project(Path(sys.argv[1]))).search_registered_models()
"""


def test_two_processes_make_one_store_and_say_nothing(tmp_path: Path) -> None:
    here = tmp_path / "elsewhere"
    here.mkdir()
    command = [sys.executable, "-c", OPEN, str(tmp_path / "project")]
    both = [subprocess.Popen(command, stdout=-1, stderr=-1, text=True, cwd=here) for _ in range(2)]
    assert [(*each.communicate(), each.returncode) for each in both] == [("", "", 0), ("", "", 0)]
    assert list(here.iterdir()) == []
    assert not list((tmp_path / "project" / ".ax").glob("mlflow-new-*"))


def test_a_half_made_store_is_made_anew(project: Project) -> None:
    (project.state / "mlflow-new-dead.db").write_bytes(b"half")
    assert [each.name for each in mlflow_client(project).search_experiments()] == ["Default"]
    assert not list(project.state.glob("mlflow-new-*"))


def test_a_moved_project_keeps_its_artifacts(tracked: Project, tmp_path: Path) -> None:
    experiment = open_experiment(tracked, "churn")
    run = open_run(tracked, experiment, name="first", owner="one")
    (tracked.root / "note.txt").write_text("kept")
    log_files(tracked, run.run_id, [tracked.root / "note.txt"])
    moved = tmp_path / "moved % here"
    shutil.copytree(tracked.root, moved)
    shutil.rmtree(tracked.artifacts_path)
    client = mlflow_client(open_project(moved))
    assert Path(client.download_artifacts(run.run_id, "note.txt")).read_text() == "kept"
    assert client.get_run(run.run_id).info.artifact_uri.startswith(str(moved))


def test_a_file_that_is_no_database_is_one_line(project: Project) -> None:
    project.mlflow_path.write_text("junk, and more junk than a header holds" * 9)
    with pytest.raises(Failed, match=r"cannot open the MLflow store .*: file is not a database"):
        mlflow_client(project)


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    settings = Settings(tracking=TrackingSettings(uri="http://127.0.0.1:9"))
    project = Project(create_project(tmp_path).root, settings)
    with pytest.raises(Failed, match=r"cannot reach the MLflow server http://127\.0\.0\.1:9") as told:
        mlflow_client(project)
    assert told.value.field == "tracking.uri"


def test_telemetry_is_off() -> None:
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_a_store_that_breaks_later_is_one_line(tracked: Project) -> None:
    run = open_run(tracked, open_experiment(tracked, "churn"), name="first", owner="one")
    for path in (tracked.mlflow_path, Path(f"{tracked.mlflow_path}-wal")):
        if path.exists():
            path.write_bytes(b"broken" * 20_000)
    with pytest.raises(Failed, match="MLflow could not do it: ") as told:
        log_params(tracked, run.run_id, {"depth": 3})
    assert "\n" not in told.value.message
