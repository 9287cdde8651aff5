"""Trust is a record of hashes outside the project; links that lead out are refused."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from axagents.errors import Refused, UserError
from axagents.trust import read_holding, record_trust, revoke_trust, state_folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "tools").mkdir(parents=True)
    (folder / "tools/mine.py").write_text("x = 1\n")
    (folder / "prompts").mkdir()
    (folder / "prompts/.hidden.j2").write_text("hello")
    return folder


def test_no_content_needs_no_trust(tmp_path: Path) -> None:
    assert read_holding(tmp_path).state == "none"


def test_every_file_is_hashed(root: Path) -> None:
    """The expected digest is hashlib's own, of the bytes written."""
    holding = read_holding(root)
    assert holding.hashes["tools/mine.py"] == hashlib.sha256(b"x = 1\n").hexdigest()
    assert [file.path for file in holding.files] == ["prompts/.hidden.j2", "tools/mine.py"]


def test_trust_is_recorded_outside_the_project(root: Path) -> None:
    assert read_holding(root).state == "untrusted"
    path = record_trust(read_holding(root))
    assert read_holding(root).state == "trusted"
    assert path.is_relative_to(state_folder())
    assert not path.is_relative_to(root)
    assert json.loads(path.read_text())["root"] == str(root)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda root: (root / "tools/mine.py").write_text("x = 2\n"), ("tools/mine.py", "changed")),
        (lambda root: (root / "tools/other.py").write_text(""), ("tools/other.py", "new")),
        (lambda root: (root / "tools/mine.py").unlink(), ("tools/mine.py", "removed")),
    ],
)
def test_any_change_asks_again(root: Path, change: object, told: tuple[str, str]) -> None:
    record_trust(read_holding(root))
    change(root)  # type: ignore[operator]
    holding = read_holding(root)
    assert holding.state == "changed"
    assert holding.changes() == [told]


def test_a_moved_project_is_not_trusted(root: Path) -> None:
    record_trust(read_holding(root))
    moved = root.rename(root.with_name("moved"))
    assert read_holding(moved).state == "untrusted"


def test_trust_can_be_withdrawn(root: Path) -> None:
    record_trust(read_holding(root))
    assert revoke_trust(root)
    assert not revoke_trust(root)
    assert read_holding(root).state == "untrusted"


def test_a_damaged_record_trusts_nothing(root: Path) -> None:
    record_trust(read_holding(root)).write_text("{")
    assert read_holding(root).state == "changed"


def test_links_that_lead_out_are_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text("")
    (root / "tools/link.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(Refused, match="leads out of tools/"):
        read_holding(root)


def test_a_linked_folder_is_refused(root: Path, tmp_path: Path) -> None:
    (root / "memory").symlink_to(tmp_path)
    with pytest.raises(Refused, match="memory is a link"):
        read_holding(root)


def test_a_pipe_is_refused_not_read(root: Path) -> None:
    os.mkfifo(root / "tools/pipe.py")
    with pytest.raises(Refused, match="no regular file"):
        read_holding(root)


def test_a_huge_file_is_refused(root: Path) -> None:
    (root / "tools/huge.py").write_bytes(b" " * 1_000_001)
    with pytest.raises(Refused, match="too large"):
        read_holding(root)


def test_a_project_cannot_keep_its_own_record(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AX_STATE_DIR", str(root / "state"))
    with pytest.raises(UserError, match=r"AX_STATE_DIR puts your state .* inside the project"):
        read_holding(root)
    monkeypatch.delenv("AX_STATE_DIR")
    monkeypatch.setenv("XDG_STATE_HOME", str(root / "state"))
    with pytest.raises(UserError, match=r"XDG_STATE_HOME puts your state .* inside the project") as told:
        read_holding(root)
    assert told.value.hint == "set AX_STATE_DIR to a folder outside the project, or unset XDG_STATE_HOME"
