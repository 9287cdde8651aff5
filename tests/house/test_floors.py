"""Imports go down only, nothing goes in circles, and late imports happen at the faces alone."""

import ast

import pytest

from tests.house.source import (
    FACES,
    HEIGHT,
    IMPORTS_BY_NAME,
    Import,
    Module,
    called,
    excepted,
    known_name,
    modules,
    unit,
)

COMPUTED = {  # whoever imports by a name that is computed hides it from these tests: few may
    "axagents/__init__.py",
    "axagents/catalog.py",
    "axagents/cli/root.py",
    "axagents/effects/kinds.py",
    "axagents/stores/datasets/fetching.py",
    "axagents/upkeep/libraries.py",
    "axagents/workflows/engine.py",
    "axagents/workflows/names.py",
}
GATES = {  # light modules that load a heavy one when it is needed, and only there
    "axagents/agents/run.py": "langgraph, while a language model is at work on its first turn",
    "axagents/external/servers.py": "the MCP SDK only when another program's tools are used",
    "axagents/llm/providers.py": "an SDK only when its language model first speaks",
    "axagents/ml/features/compiling.py": "the dialect of Spark only where that engine is asked for",
    "axagents/serving/engine/converting.py": "the converters to ONNX are an extra",
    "axagents/serving/engine/ladder.py": "onnxruntime for a graph only, the model's library where nothing else fits",
    "axagents/stores/memory/embedders.py": "onnxruntime only where a sentence model lies on disk",
    "axagents/stores/memory/memory.py": "chromadb only for a search",
    "axagents/stores/models/onnx_model.py": "onnx is an extra",
    "axagents/stores/features/spark.py": "pyspark is an extra",
    "axagents/stores/traces/recording.py": "mlflow only where spans go into its store",
    "axagents/stores/traces/sending.py": "a client for HTTP and the encoding only where spans are sent",
    "axagents/stores/tracking/names.py": "mlflow only to read the store, not to name an experiment",
}


def own_imports(module: Module) -> list[Import]:
    return [each for each in module.imports if each.name.split(".")[0] == "axagents"]


def test_every_room_stands_on_a_floor() -> None:
    units = {unit(name) for name in modules()}
    assert units - {"testing"} <= HEIGHT.keys(), "give the new folder or module its floor in FLOORS"


def test_imports_go_down_only() -> None:
    wrong = [
        f"{module.shown}:{each.line} imports {each.name}"
        for name, module in modules().items()
        for each in own_imports(module)
        if unit(name) != "testing" and HEIGHT[unit(each.name)] > HEIGHT[unit(name)]
    ]
    assert [line for line in wrong if line.split(":")[0] not in excepted("floors")] == []


def test_nobody_imports_the_contract_suites() -> None:
    wrong = [
        f"{module.shown}:{each.line}"
        for name, module in modules().items()
        for each in own_imports(module)
        if unit(each.name) == "testing" and unit(name) != "testing"
    ]
    assert wrong == []


def test_no_module_imports_in_circles() -> None:
    graph = {
        name: {each.name for each in module.imports if each.at_load and each.name in modules() and each.name != name}
        for name, module in modules().items()
    }
    assert circles(graph) == []


def test_no_folder_imports_in_circles() -> None:
    graph: dict[str, set[str]] = {}
    for name, module in modules().items():
        others = {unit(each.name) for each in own_imports(module)} - {unit(name), ""}
        graph.setdefault(unit(name), set()).update(others)
    assert circles(graph) == []


@pytest.mark.parametrize(
    ("graph", "expected"),
    [({"a": {"b"}, "b": {"c"}, "c": set()}, []), ({"a": {"b"}, "b": {"c"}, "c": {"a"}}, [["a", "b", "c"]])],
)
def test_circles_are_found(graph: dict[str, set[str]], expected: list[list[str]]) -> None:
    assert circles(graph) == expected


def test_late_imports_happen_at_the_faces_the_tools_and_the_gates_only() -> None:
    wrong = [
        f"{module.shown}:{each.line} imports {each.name} inside a function"
        for name, module in modules().items()
        for each in module.imports
        if not each.at_load and unit(name) not in FACES | {"tools"} and module.shown not in GATES
    ]
    assert [line for line in wrong if line.split(":")[0] not in excepted("late-import")] == []


def test_few_import_by_a_name_that_is_computed() -> None:
    found = {module.shown for module in modules().values() if any(hides_a_name(node) for node in ast.walk(module.tree))}
    assert found - COMPUTED == set()


def hides_a_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and called(node) in IMPORTS_BY_NAME and not known_name(node)


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the circles of a graph, each from its first name; removes what nothing is left to wait for."""
    left = {name: set(others) for name, others in graph.items()}
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    found: list[list[str]] = []
    for start in sorted(left):
        way = [start]
        while nexts := sorted(left[way[-1]] & left.keys()):
            if nexts[0] in way:
                circle = way[way.index(nexts[0]) :]
                first = circle.index(min(circle))
                found.append(circle[first:] + circle[:first])
                break
            way.append(nexts[0])
    return [list(each) for each in sorted({tuple(circle) for circle in found})]
