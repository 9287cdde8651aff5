"""What is committed names no machine, no registry and no secret."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.house.source import CHECKOUT

MACHINE = re.compile(r"(?<![\w.])/(?:tmp|work|root|farm|home|Users)/[\w.-]")
HOSTS = re.compile(
    r"pypi\." r"org|python" r"hosted|registry\.npm" r"js|--(?:extra-)?index" r"-url|/opt/(?:whe" r"els|py" r"pi)"
)
SECRETS = re.compile(r"sk-[A-Za-z0-9-]{20}|AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE " r"KEY")


def committed() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return [CHECKOUT / name for name in done.stdout.split("\0") if name and (CHECKOUT / name).is_file()]


@pytest.mark.parametrize("unwanted", [MACHINE, HOSTS, SECRETS], ids=["machine", "hosts", "secrets"])
def test_nothing_committed_names(unwanted: re.Pattern[str]) -> None:
    found: list[str] = []
    for path in committed():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        shown = path.relative_to(CHECKOUT)
        found += [
            f"{shown}:{number}: {line.strip()[:90]}" for number, line in enumerate(lines, 1) if unwanted.search(line)
        ]
    assert found == []


def test_nothing_committed_is_ignored() -> None:
    names = "\n".join(path.relative_to(CHECKOUT).as_posix() for path in committed())
    command = ["git", "check-ignore", "--no-index", "--stdin"]
    done = subprocess.run(command, cwd=CHECKOUT, input=names, capture_output=True, text=True, check=False)
    assert done.stdout.split() == []


def test_the_lock_pins_exactly() -> None:
    lines = [line for line in (CHECKOUT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[^\s;]+( ; .+)?", line) for line in lines)
    assert not [line for line in lines if line.startswith(("nvidia", "cuda", "xgboost=="))]
