"""Approvals: effects that agents asked for, each waiting for a person's word on exactly the plan shown."""

import json
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from axagents.actor import actor, refuse_agents
from axagents.clock import parse_stamp, stamp, utc_now
from axagents.errors import NotFound, UserError
from axagents.project import Project
from axagents.stores.database import open_database

LIFETIME = timedelta(minutes=15)
"""How long the plan that was shown may be approved."""

MOVED = "the project has changed since the plan was shown; this is the plan as it is now"
EXPIRED = "the plan that was shown is older than 15 minutes; this is the plan as it is now"

Status = Literal["waiting", "approved", "denied"]


class ApprovalNeed(BaseModel):
    """What programs and people need to know of an effect that waits for a word."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["approval"] = "approval"
    text: str = Field(description="the plan as the person sees it")
    approval_id: str
    hash: str = Field(description="of the plan; the approval holds for exactly this one")
    tool: str
    effect: str = Field(description="the word that `[approve] auto` has for it")
    arguments: dict[str, Any]
    tainted: dict[str, str] = Field(description="arguments that stand nowhere in the project, and where they come from")
    expires_at: str
    approve: tuple[str, ...] = Field(description="what a person types in a terminal; an agent cannot")


@dataclass(frozen=True)
class Approval:
    """One effect that waits for a word, or has had it.

    Attributes:
        hash: of the plan; only that very plan is covered.
        plan: the plan as it was shown, with `text` for people.
        how: typed, option, hash or command: in which way it was decided.
    """

    approval_id: str
    run_id: str
    call_id: str
    hash: str
    plan: dict[str, Any]
    status: Status
    asked_at: str
    expires_at: str
    decided_at: str | None
    decided_by: str | None
    how: str | None

    @property
    def expired(self) -> bool:
        return parse_stamp(self.expires_at) < utc_now()

    @property
    def stands(self) -> bool:
        """Tell whether it still holds: a yes, or the wait for one, for 15 minutes, and a no for good."""
        return self.status == "denied" or not self.expired

    def need(self, *ways: str) -> ApprovalNeed:
        """Return what is needed, and the commands by which it can be given."""
        plan = {key: self.plan[key] for key in ("text", "tool", "effect", "arguments", "tainted")}
        return ApprovalNeed(
            **plan, approval_id=self.approval_id, hash=self.hash, expires_at=self.expires_at, approve=ways
        )

    def check_open(self, status: Status) -> None:
        """Stop where a word comes too late.

        Raises:
            UserError: it was decided before, or the time for this word is over.
        """
        if self.status != "waiting":
            told = f"approval {self.approval_id} is {self.status} already"
            raise UserError(told, hint=f"ax runs show {self.run_id}")
        if self.expired and status == "approved":
            hint = f"ax runs resume {self.run_id}   # shows the plan as it is now"
            raise UserError(f"approval {self.approval_id} is older than 15 minutes; it must be shown anew", hint=hint)


class Approvals:
    """The approvals of one project."""

    def __init__(self, project: Project) -> None:
        self._database = open_database(project)

    def ask(self, run_id: str, call_id: str, *, digest: str, plan: dict[str, Any]) -> Approval:
        """Write down that a plan waits, and return it; where the same plan of the same call stands, return that."""
        standing = self.find(run_id, call_id, digest=digest)
        if standing is not None and standing.stands:
            return standing
        approval_id = secrets.token_hex(4)
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO approvals (approval_id, run_id, call_id, hash, plan, status, asked_at, expires_at)"
                " VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?)",
                (approval_id, run_id, call_id, digest, json.dumps(plan), stamp(), stamp(utc_now() + LIFETIME)),
            )
        return self.get(approval_id)

    def find(self, run_id: str, call_id: str, *, digest: str) -> Approval | None:
        """Return the newest approval of a call's plan by its hash."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT * FROM approvals WHERE run_id = ? AND call_id = ? AND hash = ?"
                " ORDER BY asked_at DESC, rowid DESC LIMIT 1",
                (run_id, call_id, digest),
            ).fetchone()
        return _approval(row) if row else None

    def get(self, approval_id: str) -> Approval:
        """Return one approval by its identifier or the beginning of its plan's hash.

        Raises:
            NotFound: there is none.
        """
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM approvals WHERE approval_id = ? OR (length(?) >= 8 AND hash LIKE ?)"
                " ORDER BY status = 'waiting' DESC, asked_at DESC, rowid DESC LIMIT 1",
                (approval_id, approval_id, approval_id.replace("%", "") + "%"),
            ).fetchall()
            known = [row[0] for row in connection.execute("SELECT approval_id FROM approvals WHERE status = 'waiting'")]
        if not rows:
            raise NotFound("approval", approval_id, known, hint="ax runs list")
        return _approval(rows[0])

    def open(self) -> list[Approval]:
        """Return what runs wait for, oldest first: of each call its newest plan."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT approvals.* FROM approvals JOIN runs USING (run_id) WHERE approvals.status = 'waiting'"
                " AND runs.status = 'waiting' ORDER BY approvals.asked_at, approvals.rowid"
            ).fetchall()
        return list({(row["run_id"], row["call_id"]): _approval(row) for row in rows}.values())

    def why_again(self, run_id: str, call_id: str, *, digest: str) -> str:
        """Return why a plan is shown though somebody has seen it, or another of the same call; "" where nobody has."""
        before = [each for each in self.of_run(run_id) if each.call_id == call_id]
        if before and before[-1].hash != digest:
            return f"you said no before: {MOVED}" if before[-1].status == "denied" else MOVED
        if before and not before[-1].stands:
            return EXPIRED
        with self._database.read() as connection:
            denied = connection.execute(
                "SELECT run_id FROM approvals WHERE hash = ? AND status = 'denied' AND run_id != ?"
                " ORDER BY decided_at DESC LIMIT 1",
                (digest, run_id),
            ).fetchone()
        return f"this very plan was denied before, in run {denied['run_id']}" if denied else ""

    def of_run(self, run_id: str) -> list[Approval]:
        """Return everything that a run asked for, in order."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM approvals WHERE run_id = ? ORDER BY asked_at, rowid", (run_id,)
            ).fetchall()
        return [_approval(row) for row in rows]

    def decide(self, approval_id: str, status: Status, *, how: str) -> Approval:
        """Write down a person's word.

        Raises:
            Refused: an agent would decide.
            UserError: it was decided before, or its time is over.
        """
        if status == "approved":
            refuse_agents("approve")
        approval = self.get(approval_id)
        approval.check_open(status)
        with self._database.write() as connection:
            changed = connection.execute(
                "UPDATE approvals SET status = ?, decided_at = ?, decided_by = ?, how = ?"
                " WHERE approval_id = ? AND status = 'waiting'",
                (status, stamp(), actor(), how, approval.approval_id),
            ).rowcount
        if not changed:
            raise UserError(f"approval {approval.approval_id} was decided by somebody else just now")
        return self.get(approval.approval_id)


def _approval(row: sqlite3.Row) -> Approval:
    values = dict(row)
    return Approval(**{**values, "plan": json.loads(values["plan"])})
