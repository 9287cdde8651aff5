"""What one check of a machine or a project says."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

State = Literal["ok", "note", "wrong"]


class Check(BaseModel):
    """One thing looked at; a note is worth knowing, what is wrong needs mending, and `hint` says how."""

    model_config = ConfigDict(frozen=True)
    name: str
    state: State
    found: str
    hint: str | None = None
