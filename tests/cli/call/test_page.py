"""Every command of docs/call.md works, with a server on loopback that speaks for claude."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from axagents.project import Project
from tests.cli.call.conftest import Claude, text_block
from tests.house.source import CHECKOUT
from tests.house.test_docs import commands


@pytest.mark.slow
def test_the_pages_commands_work(project: Project, claude: Claude) -> None:
    seen = claude(lambda _: [text_block("All is said.\n\nDONE")])
    (project.root / "data").mkdir()
    rows = "\n".join(f"{20 + at},{'yes' if at % 3 else 'no'}" for at in range(40))
    (project.root / "data/customers.csv").write_text(f"age,bought\n{rows}\n")
    (project.root / "errors.log").write_text("one\ntwo\n")
    asked = list(commands(CHECKOUT / "docs/call.md"))
    assert len(asked) == 7
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for line in ["git init -q", "git add ax.toml", "git -c user.name=a -c user.email=a@b commit -qm first", *asked]:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=project.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    assert len(seen) == 5
    assert "first" in seen[1]["messages"][0]["content"][0]["text"]
