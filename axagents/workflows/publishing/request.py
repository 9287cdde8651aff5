"""What publish-document is asked, and what it answers."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from axagents.fields import RequiredText

FOLDER = "docs"


def _check_digest(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError(f"{text!r} is no SHA-256: 64 digits of 0-9 and a-f")
    return text


class PublishRequest(BaseModel):
    """Put a document that write-document wrote into the project's own files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    document: RequiredText = Field(description="The run that wrote it, as write-document's result names it.")
    path: RequiredText | None = Field(
        default=None,
        description="Markdown file inside the project, or a folder that ends in /. Default: docs/ and its own name.",
    )
    sha256: Annotated[str, AfterValidator(_check_digest)] | None = Field(
        default=None, description="Publish only if this is the document's SHA-256 still. Default: as it is now."
    )
    replace: bool = Field(
        default=False, description="Overwrite a file that somebody else wrote, or changed since it was published."
    )


class PublishResult(BaseModel):
    """Where a document was published, and what stood there before."""

    model_config = ConfigDict(frozen=True)

    document: str
    title: str
    path: str
    sha256: str
    outcome: str = Field(description="new, replaced, or unchanged.")
    bytes: int


REQUEST = PublishRequest
