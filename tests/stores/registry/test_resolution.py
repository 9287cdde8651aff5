"""What a name means, in the order of SPEC section 3."""

import pytest

from axagents.errors import NotFound, Unfinished, UserError
from axagents.project import Project
from axagents.stores.database import open_database
from axagents.stores.registry.resolution import resolve
from axagents.stores.tracking.client import mlflow_client
from tests.effects.test_registry import make_folder as make_plain_folder
from tests.effects.test_registry import register as register_plain
from tests.forking import in_a_child
from tests.stores.registry.entries import register

NAMES = {
    "churn": ("2.0.0", "production"),
    "fraud": ("1.0.0", "newest"),
    "churn:1.9.0": ("1.9.0", "version"),
    "churn:v1.9.0": ("1.9.0", "version"),
    "churn/2.1.0": ("2.1.0", "version"),
    "churn:2.1": ("2.1.0", "version"),
    "churn:3.0.0-rc.1": ("3.0.0-rc.1", "version"),
    "churn@production": ("2.0.0", "alias"),
    "churn@canary": ("2.1.0", "alias"),
    "churn@staging": ("3.0.0-rc.1", "alias"),
    "churn-v1": ("1.9.0", "major"),
    "churn-v2": ("2.1.0", "major"),
    "churn-v3": ("3.0.0-rc.1", "major"),
    "churn-v2.0.0": ("2.0.0", "version"),
    "churn-prod": ("2.0.0", "stage"),
    "churn-production": ("2.0.0", "stage"),
    "churn-canary": ("2.1.0", "stage"),
    "churn-staging": ("3.0.0-rc.1", "stage"),
}


def test_every_form_of_name(registry: Project) -> None:
    found = {name: resolve(registry, name) for name in NAMES}
    assert {name: (each.version.version, each.how) for name, each in found.items()} == NAMES
    assert all(len(each.version.sha256) == 64 for each in found.values())


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("chrun", "no model called 'chrun'; did you mean churn?"),
        ("churn:9.9.9", "no version of churn called '9.9.9'"),
        ("churn:latest", "'latest' is not a version"),
        ("churn@champion", "no alias of churn called 'champion'; there is canary, production, staging"),
        ("churn-v7", "no major version of churn called 'churn-v7'; did you mean"),
        ("fraud-prod", "no production version called 'fraud'"),
        ("...", "no model called '...'"),
    ],
)
def test_a_name_that_means_nothing_tells_the_nearest(registry: Project, name: str, told: str) -> None:
    with pytest.raises(UserError) as raised:
        resolve(registry, name)
    assert told in raised.value.message
    assert raised.value.exit_code == 2


def test_an_effect_never_takes_the_newest_by_itself(registry: Project) -> None:
    assert resolve(registry, "churn", for_effect=True).version.version == "2.0.0"
    with pytest.raises(UserError, match="fraud has no version in production") as raised:
        resolve(registry, "fraud", for_effect=True)
    assert raised.value.legal == ("fraud:1.0.0",)


def test_a_model_whose_name_looks_like_a_version_is_found_first(registry: Project) -> None:
    register(registry, "churn-v2", "5.0.0")
    assert resolve(registry, "churn-v2").version.name == "churn-v2:5.0.0"
    assert resolve(registry, "churn-v2-v5").version.name == "churn-v2:5.0.0"


def test_a_deployment_goes_before_everything(registry: Project) -> None:
    with open_database(registry).write() as connection:
        connection.execute("CREATE TABLE deployments (name TEXT, model TEXT, version TEXT, target TEXT)")
        connection.execute("INSERT INTO deployments VALUES ('churn-prod', 'churn', '1.9.0', 'local')")
    found = resolve(registry, "churn-prod")
    assert (found.version.version, found.how) == ("1.9.0", "deployment")


def test_an_alias_that_somebody_set_in_mlflow_is_followed(registry: Project) -> None:
    client = mlflow_client(registry)
    client.set_registered_model_alias("churn", "champion", "2")
    assert resolve(registry, "churn@champion").version.version == "1.9.0"


def test_an_alias_of_a_foreign_version_says_so(registry: Project) -> None:
    client = mlflow_client(registry)
    made = client.create_model_version("churn", str(registry.root / "elsewhere"))
    client.set_registered_model_alias("churn", "theirs", made.version)
    with pytest.raises(UserError, match="made in MLflow and not registered here"):
        resolve(registry, "churn@theirs")


def test_what_is_half_registered_is_resumed_first(tracked: Project) -> None:
    make_plain_folder(tracked)
    assert in_a_child(lambda: register_plain(tracked), fault="registry.register.stored:1:kill") == -9
    for name in ("churn", "churn:1.0.0", "churn:v1.0.0"):
        with pytest.raises(Unfinished, match=r"churn:1\.0\.0 is half-way registered") as raised:
            resolve(tracked, name)
        assert raised.value.hint == "ax runs resume r1.0.0"


def test_in_an_empty_registry_nothing_is_called_so(project: Project) -> None:
    with pytest.raises(NotFound, match="there is no model yet"):
        resolve(project, "churn")
    assert not project.mlflow_path.exists()
