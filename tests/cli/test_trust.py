"""`ax trust` asks a person; an agent cannot answer; what is not trusted is run by no command."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest

from axagents.project import Project

Ax = Callable[..., Any]


@pytest.fixture
def planted(project: Project) -> Path:
    """A project whose own tool leaves a trace when anything imports it; return the trace's path."""
    trace = project.root / "imported"
    (project.root / "ax.toml").write_text("content = true\n")
    (project.root / "tools").mkdir()
    for name in ("data_profile", "planted", "__init__", "sitecustomize"):
        (project.root / "tools" / f"{name}.py").write_text(f"open({str(trace)!r}, 'w').close()\n")
    return trace


@pytest.mark.parametrize(
    "command",
    [("--help",), ("list",), ("doctor",), ("config", "show"), ("runs", "list"), ("agent", "list"), ("trust", "--help")],
    ids=" ".join,
)
def test_no_command_imports_what_is_not_trusted(ax: Ax, planted: Path, command: tuple[str, ...]) -> None:
    ax(*command)
    assert not planted.exists()


def test_without_a_terminal_it_waits_for_yes(ax: Ax, planted: Path) -> None:
    done = ax("trust", "--format", "json")
    assert done.exit_code == 3
    assert done.json()["error"]["needs"][0]["kind"] == "trust"
    assert "tools/planted.py" in done.stderr


def test_yes_records_and_a_change_asks_again(ax: Ax, planted: Path) -> None:
    done = ax("trust", "--yes", "--format", "json")
    assert done.exit_code == 0
    assert done.json()["state"] == "trusted"
    assert ax("trust").exit_code == 0
    (planted.parent / "tools/planted.py").write_text("y = 2\n")
    done = ax("trust")
    assert done.exit_code == 3
    assert "changed" in done.stderr


def test_an_agent_cannot_trust(ax: Ax, planted: Path) -> None:
    assert ax("trust", "--yes", env={"AX_ACTOR": "agent"}).exit_code == 5
    assert ax("trust").exit_code == 3


def test_trust_can_be_withdrawn(ax: Ax, planted: Path) -> None:
    ax("trust", "--yes")
    assert "trusted no longer" in ax("trust", "--revoke").stdout
    assert ax("trust").exit_code == 3


def test_content_that_is_switched_off_is_told(ax: Ax, planted: Path) -> None:
    (planted.parent / "ax.toml").write_text("")
    assert "ax config set content true" in ax("trust", "--yes").stdout


@pytest.mark.parametrize(("answer", "code", "told"), [("y", 0, "trusted 4 files"), ("", 1, "declined")])
def test_on_a_terminal_it_asks(planted: Path, answer: str, code: int, told: str) -> None:
    command = pexpect.spawn(
        sys.executable,
        ["-m", "axagents", "trust"],
        cwd=str(planted.parent),
        env=dict(os.environ),
        encoding="utf-8",
        use_poll=True,
    )
    command.expect("Trust them as they are")
    command.sendline(answer)
    command.expect(told)
    command.wait()
    assert command.exitstatus == code
