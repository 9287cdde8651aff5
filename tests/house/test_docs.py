"""What README and docs/ tell people to type exists: commands parse, make targets and links are there."""

import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from axagents.cli.commands import COMMANDS
from tests.house.source import CHECKOUT

PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"```(?:bash|sh|console)\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")


def commands(page: Path) -> Iterator[str]:
    """Yield the commands of a page's shell blocks: one a line, continued lines joined, after `$` where one stands."""
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        shown = "$ " in block
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            text = line.strip()
            if shown and not text.startswith("$ "):
                continue
            yield text.removeprefix("$ ")


def ax_commands(page: Path) -> list[str]:
    """List the `ax` commands of a page, those behind a pipe or `&&` too."""
    return [
        part.strip()
        for command in commands(page)
        for part in re.split(r"\s(?:\|\|?|&&|;)\s", command)
        if part.strip().startswith("ax ")
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(CHECKOUT).as_posix())
def test_every_command_parses(page: Path) -> None:
    wrong = {line: problem for line in ax_commands(page) if (problem := parse(line))}
    assert wrong == {}


def parse(line: str) -> str | None:
    """Return why a command line does not parse, or None; nothing is run."""
    words = shlex.split(re.sub(r"\s\d?[<>]{1,2}\s*[^\s'\"]+$", "", line), comments=True)[1:]
    if words[:1] in (["--help"], ["--version"], []):
        return None
    if words[0] not in COMMANDS:
        return f"no command {words[0]}"
    command: Any = get_command(import_module(COMMANDS[words[0]].module).app)
    context: Any = None
    arguments = words[1:]
    while hasattr(command, "commands"):
        if not arguments or arguments[0] not in command.commands:
            return None if arguments[:1] == ["--help"] else f"{words[0]} has no command {arguments[:1]}"
        command, arguments = command.commands[arguments[0]], arguments[1:]
    try:
        context = command.make_context(words[0], list(arguments))
    except Exception as error:  # noqa: BLE001 - whatever Typer's own click raises is the answer
        return None if type(error).__name__ == "Exit" else f"{type(error).__name__}: {error}"
    context.close()
    return None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ax --help", None),
        ("ax config set train.folds 3 --format json", None),
        ('ax run ml-train --input \'{"dataset": "x"}\' > out.json', None),
        ("ax comfig show", "no command comfig"),
        ("ax config shwo", "config has no command ['shwo']"),
        ("ax config set train.folds", "Missing parameter"),
        ("ax doctor --depp", "NoSuchOption"),
    ],
)
def test_parsing_finds_what_does_not_exist(line: str, told: str | None) -> None:
    found = parse(line)
    assert found is None if told is None else told in str(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(CHECKOUT).as_posix())
def test_make_targets_and_links_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    asked = {line.split()[1] for line in commands(page) if re.match(r"make [a-z]", line)}
    assert asked - targets == set()
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_command_is_in_its_own_help() -> None:
    """The table of commands names modules that exist and can be built."""
    missing = [name for name, entry in COMMANDS.items() if not hasattr(import_module(entry.module), "app")]
    assert missing == []
