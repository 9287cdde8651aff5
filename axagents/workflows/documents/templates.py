"""The wording of documents: templates of `prompts/document-*.j2`, in a sandbox."""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from axagents.contents import content_files
from axagents.errors import NotFound, UserError
from axagents.project import Project
from axagents.workflows.documents.facts import FactBook, moment, plain


def render(project: Project, names: Sequence[str], values: Mapping[str, Any], *, book: FactBook) -> str:
    """Render the templates one after the other; what they cite is noted in the book.

    Raises:
        NotFound: there is no such template.
        UserError: one is wrong: file and line are told.
    """
    environment = _environment(book, values.get("gaps", {}))
    files = content_files(project)["prompts"]
    parts: list[str] = []
    for name in names:
        if name not in files:
            raise NotFound("prompt", name, files)
        try:
            parts.append(environment.from_string(files[name].text).render(values).strip())
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            raise UserError(f"{files[name].path}{f', line {line}' if line else ''}: {error}") from error
    text = re.sub(r"[ \t]+$", "", "\n\n".join(part for part in parts if part), flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text) + "\n"


def _environment(book: FactBook, gaps: Mapping[str, Mapping[str, Any]]) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False
    )
    environment.filters.update(
        {"cite": book.cite, "number": book.number, "plain": plain, "moment": moment, "sh": _quote, "text": _text}
    )

    def gap(key: str) -> str:
        return f"*Not known: {plain(gaps[key]['what'])}.*" if key in gaps else ""

    own: dict[str, Any] = environment.globals  # pyright: ignore[reportAssignmentType]
    own.update({"facts": book.listed, "gap": gap})
    return environment


def _text(stated: Mapping[str, Any]) -> str:
    """Return a fact as text, for a command or a name."""
    return str(stated["text"])


def _quote(value: Any) -> str:
    """Write a value of the records as one word of a shell command."""
    return shlex.quote(" ".join(str(value).split()))
