"""`ax config`: show and change the settings."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from axagents.cli.common import Need, command, group
from axagents.cli.output import Shown, table

if TYPE_CHECKING:
    from axagents.settings_file import Setting

app = group("Show and change the settings.")

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="A setting or a section, such as train.folds.")]


@command(app, "show")
def show() -> Shown:
    """Show every setting: its value, where that comes from, and what it means."""
    from axagents.project import current_project
    from axagents.settings_file import list_settings

    found = list_settings(current_project().root)
    rows = [(each.key, _text(each.value), each.source, each.description) for each in found]
    return Shown({"settings": [_data(each) for each in found]}, table(["setting", "value", "from", "meaning"], rows))


@command(app, "get")
def get(key: KeyArgument) -> Shown:
    """Show one setting, or one section."""
    from axagents.project import current_project
    from axagents.settings_file import find_settings

    found = find_settings(current_project().root, key)
    if len(found) == 1 and found[0].key == key:
        return Shown(_data(found[0]), _text(found[0].value))
    lines = [f"{each.key} = {_text(each.value)}" for each in found]
    return Shown({"settings": [_data(each) for each in found]}, "\n".join(lines))


@command(app, "set", project=Need.WRITES)
def set_(key: KeyArgument, value: Annotated[str, typer.Argument(help="A TOML value; anything else is text.")]) -> Shown:
    """Change one setting in ax.toml; its comments stay."""
    from axagents.actor import refuse_agents
    from axagents.project import current_project
    from axagents.settings_file import set_setting

    refuse_agents("change settings")
    setting = set_setting(current_project().root, key, value)
    told = f"{setting.key} = {_text(setting.value)}"
    if setting.source == "environment":
        told += f"  (AX_{setting.key.upper().replace('.', '__')} in the environment is stronger than ax.toml)"
    return Shown(_data(setting), told)


@command(app, "path", project=Need.NONE)
def path() -> Shown:
    """Show which ax.toml is in use, and where your own state lies."""
    from axagents.project import find_root
    from axagents.trust import state_folder

    root = find_root()
    place = (root or Path.cwd()) / "ax.toml"
    data = {"path": str(place), "exists": place.is_file(), "state_folder": str(state_folder())}
    return Shown(data, str(place) if root else f"{place}  (not there yet; ax init makes it)")


def _data(setting: "Setting") -> dict[str, Any]:
    return {"key": setting.key, "value": setting.value, "source": setting.source, "description": setting.description}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
