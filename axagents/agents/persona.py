"""Personas: who answers, with which tools, in which words, within which limits."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from axagents.catalog import Catalog
from axagents.errors import NotFound, UserError
from axagents.fields import RequiredText


class Limits(BaseModel):
    """How far one run may go; the settings of the project may be narrower."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_steps: int = Field(40, ge=1, le=1000, description="model turns and tool calls of one run")
    deadline: float = Field(600, gt=0, description="seconds one run may take")
    max_usd: float | None = Field(None, ge=0, description="most a run may cost, in US dollars")


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name!r} stands there twice")
    return names


Names = Annotated[tuple[RequiredText, ...], AfterValidator(_unique)]


class Persona(BaseModel):
    """One persona, as `personas/<id>.yaml` says.

    Attributes:
        prompt: the name of its system prompt's template, `prompts/<name>.j2`.
        tools: those it may use; one that is not installed yet may be named, and `server.tool` or `server.*` of an MCP
            server.
        may_ask: the personas it may hand a question to.
        words: what tells that a task is one for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,49}$")
    title: RequiredText
    motto: RequiredText
    best_for: tuple[RequiredText, ...] = Field(min_length=1)
    prompt: RequiredText
    tools: Names = Field(min_length=1)
    may_ask: Names = ()
    limits: Limits = Limits()  # pyright: ignore[reportCallIssue]
    words: tuple[RequiredText, ...] = ()
    examples: tuple[RequiredText, ...] = ()

    @property
    def external(self) -> tuple[str, ...]:
        """Return the tools of MCP servers that it names."""
        return tuple(name for name in self.tools if "." in name)


def load_persona(catalog: Catalog, persona_id: str) -> Persona:
    """Return a persona, checked against the rest of the content.

    Raises:
        NotFound: there is none of that id; the nearest are named.
        UserError: its file is wrong, or names a tool, prompt or persona that nothing knows.
    """
    files = catalog.files("personas")
    if persona_id not in files:
        raise NotFound("persona", persona_id, list(files), hint="ax agent list")
    file = files[persona_id]
    persona = file.parse(Persona)
    if persona.id != persona_id:
        raise UserError(f"{file.path}: id is {persona.id!r}; by the file's name it must be {persona_id!r}")
    check_names(catalog, persona, source=file.path.name)
    return persona


def check_names(catalog: Catalog, persona: Persona, *, source: str) -> None:
    """Stop where a persona names a tool, a persona or a prompt that nothing knows.

    Raises:
        NotFound: the nearest are named.
    """
    known = [*catalog.files("tools"), *catalog.files("sentences")]
    for kind, names, there in (
        ("tool", persona.tools, [*known, *persona.external]),
        ("persona", persona.may_ask, list(catalog.files("personas"))),
        ("prompt", (persona.prompt,), list(catalog.files("prompts"))),
    ):
        for name in names:
            if name not in there:
                raise NotFound(f"{kind}, which {source} names,", name, there)


def list_personas(catalog: Catalog) -> list[Persona]:
    """Return every persona, by id."""
    return [load_persona(catalog, name) for name in catalog.files("personas")]
