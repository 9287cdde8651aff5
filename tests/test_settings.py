"""Settings from ax.toml and the environment."""

from pathlib import Path

import pytest

from axagents.errors import UserError
from axagents.project import create_project, find_project, open_project
from axagents.settings import load_settings


def write(folder: Path, text: str) -> Path:
    (folder / "ax.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_table_of_the_file_is_read(tmp_path: Path) -> None:
    assert load_settings(write(tmp_path, "[train]\nfolds = 3\n")).train.folds == 3


def test_the_environment_wins_and_leaves_the_rest_of_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "[train]\nfolds = 3\nsearch_seconds = 7\n")
    monkeypatch.setenv("AX_TRAIN__FOLDS", "4")
    settings = load_settings(tmp_path)
    assert (settings.train.folds, settings.train.search_seconds) == (4, 7)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[trian]\nfolds = 3", ["trian", "train"]),
        ("[train]\nfold = 3", ["train.fold", "folds"]),
        ("[train]\nfolds = 1", ["train.folds", "got 1"]),
        ("[train\n", ["not valid TOML"]),
    ],
)
def test_what_is_wrong_in_the_file_is_named(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        load_settings(write(tmp_path, text))
    assert all(word in caught.value.message for word in [*words, str(tmp_path / "ax.toml")])
    assert caught.value.hint == "correct ax.toml; ax doctor looks at it again"


def test_a_new_project_has_a_private_state_folder_that_git_ignores(tmp_path: Path) -> None:
    project = create_project(tmp_path)
    assert project.state.stat().st_mode & 0o777 == 0o700
    assert (project.state / ".gitignore").read_text() == "*\n"


def test_making_a_project_again_keeps_its_settings(tmp_path: Path) -> None:
    write(tmp_path, "[train]\nfolds = 3\n")
    assert create_project(tmp_path).settings.train.folds == 3


def test_the_nearest_parent_with_a_file_is_the_project(tmp_path: Path) -> None:
    create_project(tmp_path)
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    found = find_project(deep)
    assert found is not None
    assert found.root == tmp_path.resolve()


def test_a_folder_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no ax\.toml"):
        open_project(tmp_path)
