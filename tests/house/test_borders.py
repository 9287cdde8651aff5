"""Blind excepts stand at three borders, and what others rely on is written through effects alone."""

import ast
import re

import pytest

from tests.house.source import Module, called, excepted, modules

BORDERS = {  # the tool call, the CLI main, the server
    "axagents/agents/tools.py",
    "axagents/cli/main.py",
    "axagents/serving/server/app.py",
}
TABLES = {  # every table, by the first word of its name, has one room that writes it
    "agent": "axagents/stores/agents/",
    "approvals": "axagents/stores/agents/",
    "spans": "axagents/stores/traces/",
    "run": "axagents/stores/runs.py",
    "runs": "axagents/stores/runs.py",
    "effects": "axagents/stores/journal.py",
    "memory": "axagents/stores/memory/",
    "datasets": "axagents/stores/datasets/",
    "registry": "axagents/stores/registry/",
    "model": "axagents/stores/registry/",
    "word": "axagents/stores/memory/",  # a temporary one
    "done": "axagents/upkeep/tidy.py",  # a temporary one
}
WRITES = re.compile(r"\b(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM|REPLACE INTO)\s+([a-z_]+)\s", re.IGNORECASE)
ACTS = {  # what changes an effect's place, and the room that defines it; only effects call it from outside
    "append": "axagents/stores/registry/",  # of the event log
    "bury": "axagents/stores/memory/",
    "import_bundle": "axagents/stores/memory/",
    "mirror_stages": "axagents/stores/registry/",
    "remove_stored": "axagents/stores/registry/",
    "remove_unit": "axagents/stores/inference/",
    "store_version": "axagents/stores/registry/",
    "take_back_import": "axagents/stores/memory/",
}
MLFLOW_WRITES = {
    "create_model_version", "create_registered_model", "delete_model_version", "delete_registered_model",
    "delete_registered_model_alias", "register_model", "rename_registered_model", "set_registered_model_alias",
    "transition_model_version_stage", "update_model_version", "update_registered_model",
}  # fmt: skip


def test_blind_excepts_stand_at_the_borders_only() -> None:
    found = {module.shown for module in modules().values() if any(is_blind(node) for node in ast.walk(module.tree))}
    assert found - BORDERS - excepted("blind-except") == set()


def is_blind(node: ast.AST) -> bool:
    """Tell whether a node catches everything and does not raise it again."""
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
        return any(ast.unparse(each) in {"Exception", "BaseException"} for each in node.args)
    if not isinstance(node, ast.ExceptHandler):
        return False
    caught = ast.unparse(node.type) if node.type else "Exception"
    again = any(isinstance(each, ast.Raise) and each.exc is None for each in ast.walk(node))
    return bool(re.search(r"\b(Base)?Exception\b", caught)) and not again


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("try: f()\nexcept Exception: pass", True),
        ("try: f()\nexcept: pass", True),
        ("try: f()\nexcept (OSError, Exception): pass", True),
        ("with contextlib.suppress(Exception): f()", True),
        ("try: f()\nexcept BaseException:\n    undo()\n    raise", False),
        ("try: f()\nexcept MlflowException: pass", False),
    ],
)
def test_blind_excepts_are_recognised(code: str, expected: bool) -> None:
    assert any(is_blind(node) for node in ast.walk(ast.parse(code))) is expected


def test_every_table_is_written_in_its_own_room() -> None:
    wrong = [
        f"{module.shown} writes the table {table}"
        for module in modules().values()
        for table in tables_written(module)
        if not module.shown.startswith(TABLES.get(table.split("_")[0], "nowhere"))
    ]
    assert [line for line in wrong if line.split()[0] not in excepted("table")] == []


def tables_written(module: Module) -> set[str]:
    texts = [node.value for node in ast.walk(module.tree) if isinstance(node, ast.Constant)]
    return {table.lower() for text in texts if isinstance(text, str) for table in WRITES.findall(text)} - {"set"}


def test_mlflows_registry_is_written_in_its_room_only() -> None:
    calls = [
        (module.shown, node.func.attr)
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    wrong = [call for call in calls if call[1] in MLFLOW_WRITES and not call[0].startswith("axagents/stores/registry/")]
    assert wrong == []


def test_what_others_rely_on_changes_through_effects_only() -> None:
    wrong = [
        f"{module.shown}:{line} calls {act}"
        for module in modules().values()
        for line, act in acts(module)
        if not module.shown.startswith(("axagents/effects/", ACTS[act]))
    ]
    assert wrong == []


def acts(module: Module) -> list[tuple[int, str]]:
    """List the calls of a module that change an effect's place."""
    calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    named = [(node, called(node)) for node in calls if called(node) in ACTS]
    return [(node.lineno, name) for node, name in named if name != "append" or "EventLog(" in ast.unparse(node.func)]


def test_the_list_of_acts_is_current() -> None:
    for act, room in ACTS.items():
        texts = [module.path.read_text() for module in modules().values() if module.shown.startswith(room)]
        assert any(f"def {act}(" in text for text in texts), f"{room} defines no {act} any more"
    assert any(acts(module) for module in modules().values() if module.shown.startswith("axagents/effects/"))
