"""The namespaces that `memory/*.yaml` declare: their schema, retention, aliases, and how a record reads as text."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from axagents.contents import ContentFile, content_files
from axagents.errors import UserError, nearest
from axagents.project import Project
from axagents.stores.memory.values import check_namespace

Kind = Literal["text", "number", "integer", "boolean", "list", "object", "any"]

_KINDS: dict[Kind, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "list": (list,),
    "object": (dict,),
    "any": (object,),
}


class ValueSchema(BaseModel):
    """The fields of a namespace's values; fields that are not named are allowed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    required: tuple[str, ...] = ()
    fields: dict[str, Kind] = {}


class Declaration(BaseModel):
    """One `memory/*.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    namespace: str
    description: str
    aliases: tuple[str, ...] = ()
    retention_days: float | None = Field(None, gt=0, description="how long a record is kept; null keeps it for ever")
    value: ValueSchema = ValueSchema()
    text: str | None = Field(None, description="how a record reads for search: {field} and {field.inner} are filled in")

    def check(self, value: dict[str, Any]) -> None:
        """Hold a value against the schema.

        Raises:
            UserError: a required field is missing, or a field is of another kind.
        """
        for name in self.value.required:
            if value.get(name) is None:
                near = nearest(name, value)
                told = f"; did you mean it by {near[0]!r}?" if near else ""
                raise UserError(f"value.{name}: is required in {self.namespace}{told}", field=f"value.{name}")
        for name, kind in self.value.fields.items():
            if value.get(name) is not None and not _is_of(value[name], kind):
                given = type(value[name]).__name__
                raise UserError(f"value.{name}: must be {kind} in {self.namespace}, not {given}", field=f"value.{name}")


def _is_of(value: Any, kind: Kind) -> bool:
    if isinstance(value, bool):
        return kind in {"boolean", "any"}
    return isinstance(value, _KINDS[kind])


@dataclass(frozen=True)
class Namespaces:
    """All declarations that hold in a project."""

    declarations: dict[str, Declaration]
    aliases: dict[str, str]

    def resolve(self, name: str) -> str:
        """Return the namespace that `name` means: itself, or what it is an alias of."""
        return self.aliases.get(name, name)

    def get(self, name: str) -> Declaration | None:
        """Return the declaration of a namespace, or None when it is not declared."""
        return self.declarations.get(name)


def declared_namespaces(project: Project | None = None) -> Namespaces:
    """Read the declarations that hold in a project: the shipped ones, and over them its own once trusted.

    Raises:
        UserError: a file that is not a declaration.
    """
    files = content_files(project)["memory"].values()
    return _read_all(tuple((file, file.path.stat().st_mtime_ns) for file in files))


@lru_cache(maxsize=8)
def _read_all(files: tuple[tuple[ContentFile, int], ...]) -> Namespaces:
    declarations: dict[str, Declaration] = {}
    aliases: dict[str, str] = {}
    for file, _changed in files:
        declaration = file.parse(Declaration)
        for name in (declaration.namespace, *declaration.aliases):
            check_namespace(name)
        declarations[declaration.namespace] = declaration
        aliases |= dict.fromkeys(declaration.aliases, declaration.namespace)
    return Namespaces(declarations, {alias: name for alias, name in aliases.items() if alias not in declarations})
