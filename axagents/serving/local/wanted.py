"""What should run for a deployment: its servers, before them a gateway, at addresses that stay."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from axagents.serving.revisioned import Revised, Revisions


class Server(BaseModel):
    """One process that serves a version.

    Attributes:
        name: of the process within its deployment; a baseline serves the stable version under another name.
        folder: the version's model folder, in place of which nothing else is ever loaded: `sha256` must hold.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    model: str
    version: str
    sha256: str
    folder: Path
    port: int = Field(ge=1, le=65535)
    ignored: tuple[str, ...] = Field(
        default=(), description="columns that requests may bring and the model does not read"
    )

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


class Wanted(Revised):
    """What should run; `running` is false for a deployment that was stopped."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    deployment: str
    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)
    running: bool = True
    servers: tuple[Server, ...] = ()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


WANTED = Revisions(Wanted, file="wanted.json", what="processes")
