"""What memory is asked to keep or to find, and what it answers."""

import re
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from axagents.fields import RequiredText, sha256_text

_MOST_WORDS = 6


class StoreRequest(BaseModel):
    """Something to be remembered: a text, or a JSON object."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: RequiredText | None = Field(None, description="One statement to remember, in the user's own words.")
    value: dict[str, Any] | None = Field(None, description="A JSON object to remember instead of a text.")
    namespace: RequiredText = Field("notes", description="Where it is kept; notes unless the user names another.")
    key: RequiredText | None = Field(None, description="Its key; by default made from the text.")
    ttl: float | None = Field(None, gt=0, description="Seconds until it is forgotten; by default it is kept.")
    merge: bool = Field(False, description="Lay the fields over those of the present version of the key.")

    @model_validator(mode="after")
    def _check_content(self) -> Self:
        if (self.text is None) == (self.value is None):
            raise ValueError("give either text or value")
        return self

    @property
    def content(self) -> dict[str, Any]:
        """The value to be stored."""
        return {"text": self.text} if self.value is None else self.value

    @property
    def name(self) -> str:
        """The key given, else one made of the first words and a hash of the whole."""
        if self.key is not None:
            return self.key
        told = self.text if self.text is not None else str(self.content.get("text", ""))
        words = re.findall(r"[^\W_]+", told.lower())[:_MOST_WORDS]
        return "-".join([*words, sha256_text(repr(sorted(self.content.items())))[:6]])


class Stored(BaseModel):
    """Where it was stored, and as which version of its key."""

    model_config = ConfigDict(frozen=True)

    namespace: str
    key: str
    version: int
    stored_at: str


class SearchRequest(BaseModel):
    """Something to be found again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: RequiredText = Field(description="A key, the beginning of one, or what the record is about.")
    namespace: RequiredText | None = Field(None, description="Where to look; by default everywhere.")
    limit: int = Field(10, ge=1, le=100, description="At most so many records.")


class FoundRecord(BaseModel):
    """One record; a higher score fits better, and above 1 its key is the query or begins with it."""

    model_config = ConfigDict(frozen=True)

    namespace: str
    key: str
    value: dict[str, Any]
    version: int
    score: float


class Found(BaseModel):
    """The records that fit, best first."""

    model_config = ConfigDict(frozen=True)

    results: tuple[FoundRecord, ...]
