"""Look at and change single settings: their value, where it comes from, and `ax.toml` with its comments kept."""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import tomlkit
from pydantic import BaseModel
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from axagents.errors import Failed, UserError, nearest
from axagents.filesystem import write_whole
from axagents.settings import SETTINGS_FILE, Settings, check_settings, load_settings, read_settings_file

Source = Literal["default", "ax.toml", "environment"]


@dataclass(frozen=True)
class Setting:
    """One setting as it holds now."""

    key: str
    value: Any
    source: Source
    description: str


def list_settings(root: Path) -> list[Setting]:
    """Return every setting of a project with its value and where that comes from."""
    values = load_settings(root).model_dump(mode="json")
    path = root / SETTINGS_FILE
    written = read_settings_file(path) if path.exists() else {}
    return [
        Setting(key, _at(values, key), _source(key, written), description or "")
        for key, description in _keys(Settings, "")
    ]


def find_settings(root: Path, key: str) -> list[Setting]:
    """Return the setting `key`, or all of the section `key`; UserError names the nearest."""
    known = list_settings(root)
    found = [each for each in known if each.key == key or each.key.startswith(f"{key}.")]
    if found:
        return found
    owner = next((each for each in known if key.startswith(f"{each.key}.") and isinstance(each.value, dict)), None)
    inside: Any = _at({owner.key: owner.value}, key) if owner else None
    if owner is None or inside is None:
        raise _unknown(key, [each.key for each in known] + sorted({each.key.split(".")[0] for each in known}))
    return [Setting(key, inside, owner.source, "")]


def set_setting(root: Path, key: str, text: str) -> Setting:
    """Write one setting into `ax.toml`, comments kept; nothing is written unless all settings are valid after it.

    Raises:
        UserError: no such setting, a value outside its range, or a file that cannot be written.
    """
    path = root / SETTINGS_FILE
    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8") if path.exists() else "")
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise UserError(f"{path} cannot be read: {error}", field=SETTINGS_FILE) from error
    place: Any = document
    *sections, last = key.split(".")
    for section in sections:
        if section not in place:
            place[section] = tomlkit.table(is_super_table=not isinstance(place, Table))
        place = place[section]
        if not hasattr(place, "keys"):
            raise _unknown(key, [each.key for each in list_settings(root)])
    place[last] = _typed(text)
    changed = tomlkit.dumps(document)
    check_settings(tomllib.loads(changed))
    _replace(path, changed)
    return find_settings(root, key)[0]


def _typed(text: str) -> Any:
    """Read a value as TOML; what is none is text."""
    try:
        return tomlkit.value(text)
    except TOMLKitError:
        return text


def _replace(path: Path, text: str) -> None:
    try:
        write_whole(path, text)
    except OSError as error:
        raise Failed(f"cannot write {path}: {error.strerror}; nothing was changed") from error


def _keys(model: type[BaseModel], prefix: str) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found += _keys(inner, f"{prefix}{name}.")
        else:
            found.append((prefix + name, field.description))
    return found


def _at(values: dict[str, Any], key: str) -> Any:
    place: Any = values
    for part in key.split("."):
        place = place.get(part) if isinstance(place, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return place  # pyright: ignore[reportUnknownVariableType]


def _source(key: str, written: dict[str, Any]) -> Source:
    variable = f"AX_{key.replace('.', '__')}".upper()
    if any(name.upper() == variable or name.upper().startswith(f"{variable}__") for name in os.environ):
        return "environment"
    return "default" if _at(written, key) is None else "ax.toml"


def _unknown(key: str, known: list[str]) -> UserError:
    near = nearest(key, known)
    told = f"; did you mean {' or '.join(near)}?" if near else ""
    return UserError(f"no setting called {key!r}{told}", field=key, legal=near or known, hint="ax config show")
