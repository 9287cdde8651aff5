"""What write-document is asked, and what it answers."""

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from axagents.fields import RequiredText

Kind = Literal["runbook", "model-card", "release-note", "post-mortem", "experiment-report"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class DocumentRequest(BaseModel):
    """Write a document from what this project's records say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind = Field(description="What is to be written.")
    topic: RequiredText | None = Field(
        default=None,
        max_length=200,
        description="What it is about. A runbook knows rollback, deployment, drift, retraining, incident and"
        " data-quality; of any other topic it is a skeleton.",
    )
    model_id: RequiredText | None = Field(
        default=None,
        description="A model, deployment, or version such as name/2.1.0. Default: the only model; a runbook is about"
        " all of them.",
    )
    from_version: RequiredText | None = Field(
        default=None,
        description="Of a release note: the version before. Default: the one in production, else the next lower one.",
    )
    experiment_name: RequiredText | None = Field(
        default=None, description="Of an experiment report: the experiment. Default: the only one."
    )
    baseline: RequiredText | None = Field(
        default=None,
        description="Of an experiment report: experiment or run to compare with. Default: the experiment's run before.",
    )
    run_id: RequiredText | None = Field(default=None, description="Of a post-mortem: the run that it is about.")
    alert_id: RequiredText | None = Field(
        default=None, description="Of a post-mortem: key of the alert in the memory namespace ml-alerts."
    )
    since: RequiredText | None = Field(
        default=None, description="Of a post-mortem: begin, as 2026-11-23T07:45 (UTC), or 24h, 7d before the end."
    )
    until: RequiredText | None = Field(default=None, description="Of a post-mortem: end. Default: now.")
    title: RequiredText | None = Field(default=None, max_length=200, description="Title. Default: made from the rest.")
    notes: RequiredText | None = Field(
        default=None,
        max_length=20_000,
        description="Words of a person or a model, put into a section marked as theirs; numbers in them that the"
        " document's facts do not hold are marked.",
    )
    publish: bool = Field(
        default=False,
        description="Publish it under docs/ as well: a person's own command does it at once, an agent's is shown to a"
        " person first, as a call of publish-document.",
    )


class SourceFact(BaseModel):
    """One fact that the document states: its number there, what it is, as it stands, and where it comes from."""

    model_config = ConfigDict(frozen=True)

    number: str
    name: str
    value: Any
    text: str
    source: str
    at: str = Field(description="When it was computed or recorded.")


class MissingFact(BaseModel):
    """Something that the document does not know, and the command that would supply it, if there is one."""

    model_config = ConfigDict(frozen=True)

    what: str
    command: str | None


class Section(BaseModel):
    """One heading of the document, and how long what stands under it is."""

    model_config = ConfigDict(frozen=True)

    title: str
    words: int


class Publication(BaseModel):
    """The call of publish-document that publishes what was written, as it was written."""

    model_config = ConfigDict(frozen=True)

    document: str
    path: str
    sha256: str


class DocumentResult(BaseModel):
    """A document that was written into the run's folder."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    title: str
    topic: str | None
    path: str = Field(description="Where it lies, relative to the project.")
    opening: list[str] = Field(description="Its first lines.")
    sections: list[Section]
    sources: list[SourceFact] = Field(description="The facts it states.")
    missing: list[MissingFact]
    unverified_numbers: list[str] = Field(description="Numbers in the notes that none of its facts is.")
    words: int
    document: str = Field(description="By this name publish-document finds it: the run that wrote it.")
    publication: Publication
    publish_command: str
    published: str | None = Field(description="Where it was published, when that was asked by a person's own command.")


REQUEST = DocumentRequest
