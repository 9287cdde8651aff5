"""Files, functions, arguments and branches stay small; the exceptions are few and have reasons."""

import ast
import json
import subprocess
import sys

from tests.house.source import CHECKOUT, excepted, exceptions, functions, python_files

MOST_LINES = 400
MOST_FUNCTION_LINES = 50
MOST_POSITIONAL = 3
BANNED_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "misc", "common_utils"}


def test_the_exceptions_are_few_and_current() -> None:
    assert len(exceptions()) <= 10
    gone = [target for _, target, _ in exceptions() if not (CHECKOUT / target.split("::")[0]).exists()]
    assert gone == []


def test_files_are_short() -> None:
    lengths = {path.relative_to(CHECKOUT).as_posix(): len(path.read_text().splitlines()) for path in python_files()}
    long = {name: lines for name, lines in lengths.items() if lines > MOST_LINES and name not in excepted("file")}
    assert long == {}


def test_functions_are_short() -> None:
    long: dict[str, int] = {}
    for path in python_files():
        shown = path.relative_to(CHECKOUT).as_posix()
        for name, node in functions(ast.parse(path.read_text())):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            lines = (node.end_lineno or first) - first + 1
            if lines > MOST_FUNCTION_LINES and f"{shown}::{name}" not in excepted("function"):
                long[f"{shown}::{name}"] = lines
    assert long == {}


def test_functions_take_few_positional_arguments() -> None:
    many: dict[str, int] = {}
    for path in python_files():
        shown = path.relative_to(CHECKOUT).as_posix()
        if shown.startswith("tests/"):
            continue
        for name, node in functions(ast.parse(path.read_text())):
            taken = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
            count = len(taken) - (taken[:1] in (["self"], ["cls"]))
            overrides = any("override" in ast.unparse(each) for each in node.decorator_list)
            if count > MOST_POSITIONAL and not overrides and not is_command(node):
                many[f"{shown}::{name}"] = count
    assert {name: count for name, count in many.items() if name not in excepted("positional")} == {}


def is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a function is a command of the terminal, whose arguments Typer gives by name."""
    return any(ast.unparse(each).startswith(("command(", "app.callback(")) for each in node.decorator_list)


def test_functions_branch_little() -> None:
    """Counted by ruff, its `noqa` comments ignored."""
    command = [sys.executable, "-m", "ruff", "check", "--select", "C901", "--ignore-noqa", "--output-format", "json"]
    command += ["axagents", "tools", "evals"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    found = {
        f"{each['filename'].removeprefix(f'{CHECKOUT}/')}::{each['message'].split('`')[1]}"
        for each in json.loads(done.stdout)
    }
    assert found - excepted("complexity") == set()


def test_names_say_what_is_inside() -> None:
    named = {path.relative_to(CHECKOUT).as_posix() for path in python_files() if path.stem in BANNED_NAMES}
    named |= {path.relative_to(CHECKOUT).as_posix() for path in python_files() if BANNED_NAMES & set(path.parts)}
    assert named == set()
