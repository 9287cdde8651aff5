"""A disk that is full or read-only: one clear line, and nothing half-written."""

import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Ax = Callable[..., Any]


def mount(*arguments: str) -> bool:
    try:
        return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes of its own; the test is skipped where nobody may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0 or not mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)):
        pytest.skip("mounting a small disk needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_told_and_nothing_stored_is_lost(ax: Ax, small_disk: Path) -> None:
    assert ax("init", cwd=small_disk).exit_code == 0
    filler = json.dumps({"text": "x" * 300_000})
    stored: list[str] = []
    for number in range(20):
        done = ax(
            "memory",
            "store",
            "--key",
            f"k{number}",
            "--value",
            "-",
            "--namespace",
            "notes",
            cwd=small_disk,
            stdin=filler,
        )
        if done.exit_code != 0:
            break
        stored.append(f"k{number}")
    assert stored
    assert done.exit_code == 1
    assert "disk" in done.stderr or "space" in done.stderr
    assert "Traceback" not in done.stderr
    connection = sqlite3.connect(small_disk / ".ax/ax.db")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    for key in stored:
        assert ax("memory", "retrieve", "--key", key, "--namespace", "notes", cwd=small_disk).exit_code == 0
    assert ax("memory", "retrieve", "--key", f"k{len(stored)}", "--namespace", "notes", cwd=small_disk).exit_code == 1


def test_a_read_only_disk_is_told_in_one_line(ax: Ax, small_disk: Path) -> None:
    assert ax("init", cwd=small_disk).exit_code == 0
    assert (
        ax("memory", "store", "--key", "k", "--value", '{"a": 1}', "--namespace", "notes", cwd=small_disk).exit_code
        == 0
    )
    if not mount("-o", "remount,ro", str(small_disk)):
        pytest.skip("this disk cannot be made read-only")
    done = ax("memory", "store", "--key", "l", "--value", '{"a": 1}', "--namespace", "notes", cwd=small_disk)
    assert done.exit_code == 2
    assert "read-only" in done.stderr
    assert "Traceback" not in done.stderr
    checked = ax("doctor", cwd=small_disk)
    assert checked.exit_code == 1
    assert "is read-only" in checked.stdout
    assert "damaged" not in checked.stdout
