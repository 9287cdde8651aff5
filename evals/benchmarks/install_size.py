"""How much disk an installation takes: axagents and all that it requires, as installed here."""

import sys
import tempfile
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from evals.benchmarks.row import Row, at_most

BLOCK = 512
UNWANTED = ("nvidia-", "cuda-")


def measure() -> list[Row]:
    """Sum the files of every required distribution, and of the environment they lie in, without compiled bytecode."""
    names = required("axagents")
    sizes = [size_of(name) for name in names]
    environment = _empty_environment()
    megabytes = (sum(sizes) + environment) / 1e6
    heavy = [name for name in names if name.startswith(UNWANTED)]
    return [
        at_most(f"a clean installation of {len(names)} packages on disk", "MB", ours=megabytes, limit=1700),
        at_most("CUDA libraries among them", "packages", ours=len(heavy), limit=0),
    ]


def required(root: str) -> list[str]:
    """Return the names of all distributions that one requires on this machine, itself included."""
    found: set[str] = set()
    waiting = [(root, frozenset[str]())]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            lines = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        found.add(name)
        for line in lines:
            needed = Requirement(line)
            if any(needed.marker is None or needed.marker.evaluate({"extra": extra}) for extra in extras or {""}):
                waiting.append((canonicalize_name(needed.name), frozenset(needed.extras)))
    return sorted(found)


def size_of(name: str) -> int:
    """Return the bytes of a distribution's files without compiled bytecode, in whole blocks as `du` counts them."""
    paths = {Path(str(each.locate())) for each in distribution(name).files or [] if not str(each).endswith(".pyc")}
    return sum(path.stat().st_blocks * BLOCK for path in paths if path.is_file())


def _empty_environment() -> int:
    """Return the bytes of an environment with nothing but pip in it."""
    with tempfile.TemporaryDirectory() as name:
        venv.create(name, with_pip=True, system_site_packages=False)
        files = [path for path in Path(name).rglob("*") if path.is_file() and not path.is_symlink()]
        return sum(path.stat().st_blocks * BLOCK for path in files if path.suffix != ".pyc")


if __name__ == "__main__":
    sys.stdout.write("\n".join(f"{size_of(name) / 1e6:8.1f} MB  {name}" for name in required("axagents")) + "\n")
