"""The source as the house tests see it: modules, what they import and when, their functions, and the exceptions."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
EXCEPTIONS = CHECKOUT / "tests/house/exceptions.txt"

IMPORTS_BY_NAME = {"import_module", "__import__", "run_module"}

# The rooms of axagents/, highest floor first; whoever adds a room gives it its floor here.
FLOORS = (
    ("cli", "web", "mcp", "api", "__main__"),
    ("agents",),
    ("demo", "evaluation"),
    ("llm", "external"),
    ("catalog", "overlay", "toolkit", "tools"),
    ("workflows",),
    ("effects",),
    ("serving", "guard", "decisions", "upkeep"),
    ("stores",),
    ("ml",),
    ("contents",),
    ("content", "settings", "project", "trust", "tracing", "settings_file", "progress", "faults", "layout"),
    ("requests", "documents", "fields", "actor", "clock", "filesystem", "processes", "ways", "errors"),
    ("",),
)
FACES, GROUND = {"cli", "web", "mcp", "api"}, {*FLOORS[-4], *FLOORS[-3], *FLOORS[-2], *FLOORS[-1]}
HEIGHT = {unit: -number for number, floor in enumerate(FLOORS) for unit in floor}


@dataclass(frozen=True)
class Import:
    """One import: the module it names, its line, and whether it happens when the importing module is loaded."""

    name: str
    line: int
    at_load: bool


@dataclass(frozen=True)
class Module:
    """One Python file; `name` is the dotted name it is imported by."""

    name: str
    path: Path
    tree: ast.Module = field(repr=False)
    imports: tuple[Import, ...] = field(repr=False)

    @property
    def shown(self) -> str:
        return self.path.relative_to(CHECKOUT).as_posix()


def unit(name: str) -> str:
    """Return the first folder or module below axagents/, "tools" for the content of that name, "" for the package."""
    if name.startswith("axagents.content.tools."):
        return "tools"
    return [*name.split("."), ""][1]


@cache
def modules() -> dict[str, Module]:
    """Return every module of the package and of tools/, by name."""
    paths = sorted((CHECKOUT / "axagents").rglob("*.py")) + sorted((CHECKOUT / "tools").glob("*.py"))
    names = {_module_name(path): path for path in paths}
    return {name: _read(name, path, known=frozenset(names)) for name, path in names.items()}


def python_files() -> list[Path]:
    """List every Python file of the checkout that is ours."""
    return sorted(
        path for folder in ("axagents", "tools", "tests", "evals") for path in (CHECKOUT / folder).rglob("*.py")
    )


def excepted(rule: str) -> set[str]:
    """Return what the exceptions file excepts from a rule."""
    return {target for kind, target, _ in exceptions() if kind == rule}


def exceptions() -> list[tuple[str, str, str]]:
    """List the exceptions: rule, what it concerns, reason."""
    lines = [line for line in EXCEPTIONS.read_text().splitlines() if line.strip() and not line.startswith("#")]
    found = [re.fullmatch(r"(\S+)\s+(\S+)\s+--\s+(\S.*)", line) for line in lines]
    assert all(found), f"each exception is `rule path[::name] -- reason`: {lines[found.index(None)]}"
    return [(one.group(1), one.group(2), one.group(3)) for one in found if one]


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield every function and method with its qualified name, nested ones too."""
    for node in ast.iter_child_nodes(tree):
        inner = prefix
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{prefix}{node.name}."
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name, node
        yield from functions(node, inner)


def load_closure(name: str) -> dict[str, tuple[str, ...]]:
    """Return everything loaded with a module, of ours and of others, each with the way to it."""
    known = modules()
    ways: dict[str, tuple[str, ...]] = {name: (name,)}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        for each in known[current].imports if current in known else ():
            for target in _with_parents(each.name) if each.at_load else ():
                if target not in ways:
                    ways[target] = (*ways[current], target)
                    waiting.append(target)
    return ways


def called(node: ast.Call) -> str:
    """Return the last part of what a call calls."""
    return ast.unparse(node.func).split(".")[-1]


def known_name(node: ast.Call) -> str:
    """Return the first argument of a call when it is a text written there, else nothing."""
    first = node.args[0] if node.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _module_name(path: Path) -> str:
    parts = path.relative_to(CHECKOUT).with_suffix("").parts
    if parts[0] == "tools":
        parts = ("axagents", "content", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _read(name: str, path: Path, *, known: frozenset[str]) -> Module:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return Module(name, path, tree, tuple(_imports(tree, known=known, at_load=True)))


def _imports(node: ast.AST, *, known: frozenset[str], at_load: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, at_load) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = child.module or ""
            targets = {f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base for alias in child.names}
            yield from (Import(target, child.lineno, at_load) for target in sorted(targets))
        elif isinstance(child, ast.Call) and called(child) in IMPORTS_BY_NAME and known_name(child):
            yield Import(known_name(child), child.lineno, at_load)
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _imports(child, known=known, at_load=at_load and not inside)
