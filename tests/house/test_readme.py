"""README's own commands work, in their order, for somebody who has just installed it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import CHECKOUT
from tests.house.test_docs import ax_commands


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_readmes_commands_work_in_their_order(data_dir: Path, tmp_path: Path) -> None:
    shutil.copy(data_dir / "telco/Telco-Customer-Churn.csv", tmp_path)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "AX_TRAIN__SEARCH_SECONDS": "5",
    }
    asked = [line for line in ax_commands(CHECKOUT / "README.md") if "the customer dataset" not in line]
    assert len(asked) >= 8
    for line in asked:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
