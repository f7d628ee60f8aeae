"""The life of one job: a pure function of its record and the clock.

PENDING in three messages, RUNNING without a start time, RUNNING, RUNNING with an end time, and
then the outcome. Nothing ticks: a job's document is worked out when somebody asks for it.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..clock import iso, stamp
from . import status_messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from .job_types import JobType

Document = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """The record of one job. All times are in seconds, points in time since 1970.

    Attributes:
        id: The operation's id, a number as a string unless it is an export or an import.
        number: Where it stands among all jobs; versions and Spark's ids come from it.
        kind: What it does.
        description: What the Jobs page shows.
        subject: The project, dataset or artifact that it works on.
        created: When it was asked for.
        queued: How long after that it starts.
        ran: How long it then runs, if nobody cancels it.
        outcome: SUCCEEDED or FAILED.
        lag: For how long the document trails behind what has happened.
        cancelled: When somebody cancelled it.
        submission: How long it takes to start once an executor is free; None if its start is
            fixed.
    """

    id: str
    number: int
    kind: JobType
    description: str
    subject: str
    created: float
    queued: float
    ran: float
    outcome: str = "SUCCEEDED"
    created_by: str = "admin"
    lag: float = 1.0
    cancelled: float | None = None
    cancelled_by: str = "admin"
    submission: float | None = None

    @property
    def started(self) -> float:
        """When it starts to run."""
        return self.created + self.queued

    @property
    def ended(self) -> float:
        """When it ends, if nobody cancels it."""
        return self.started + self.ran


class Phase(NamedTuple):
    """A stretch of a job's life in which its document stays the same."""

    since: float
    state: str
    message: Callable[[], str]
    start: float | None = None
    end: float | None = None


def life(job: Job) -> list[Phase]:
    """Return the phases of a job in order; the last one has no end."""
    if job.cancelled is None:
        return _undisturbed(job)
    before = [phase for phase in _undisturbed(job) if phase.since <= job.cancelled]
    return [*before, *_cancellation(job, before[-1], job.cancelled)]


def _undisturbed(job: Job) -> list[Phase]:
    start, end = job.started, job.ended
    lag = min(job.lag, job.ran / 4)

    def running() -> str:
        return status_messages.spark_status(job.number, "RUNNING")

    def finished() -> str:
        return status_messages.spark_status(job.number, "FINISHED")

    def outcome() -> str:
        return status_messages.failure(job.subject) if job.outcome == "FAILED" else ""

    return [
        Phase(job.created, "PENDING", lambda: status_messages.NOT_SUBMITTED),
        Phase(job.created + job.queued * 0.3, "PENDING", lambda: status_messages.BEING_SUBMITTED),
        Phase(job.created + job.queued * 0.5, "PENDING", lambda: status_messages.SUBMITTED),
        Phase(start, "RUNNING", lambda: status_messages.SUBMITTED),
        Phase(start + lag, "RUNNING", running, start),
        Phase(end, "RUNNING", finished, start, end),
        Phase(end + lag, job.outcome, outcome, start, end),
    ]


def _cancellation(job: Job, last: Phase, when: float) -> list[Phase]:
    if last.state not in {"PENDING", "RUNNING"}:
        return []

    def cancelled() -> str:
        if last.state == "PENDING":
            return status_messages.pending_cancelled(job.cancelled_by)
        step = 1 + int(min(0.99, (when - job.started) / job.ran) * job.kind.steps)
        return status_messages.running_cancelled(job.cancelled_by, step, job.kind.steps)

    # a driver takes a moment to die: this is when CANCELING is seen
    gone = when + 2 * job.lag
    return [
        Phase(when, "CANCELING", lambda: status_messages.CANCELING, last.start),
        Phase(gone, "CANCELED", cancelled, last.start, gone),
    ]


def settled(job: Job) -> float:
    """Return from when on a job's document never changes again, if nobody cancels it."""
    return life(job)[-1].since


def named_after_time(job: Job) -> Job:
    """Return an export or import with the id that the server makes from its name and time."""
    artifact = f"{job.subject}-{stamp(job.created)}"
    return replace(
        job,
        id=f"{job.kind.type}-{artifact}",
        description=job.kind.description.format(name=artifact),
        subject=artifact,
    )


def phase_at(job: Job, now: float) -> tuple[Phase, float]:
    """Return the phase that a job is in, and when the next one begins (infinity: never)."""
    phases = life(job)
    index = max((i for i, phase in enumerate(phases) if phase.since <= now), default=0)
    following = phases[index + 1].since if index + 1 < len(phases) else float("inf")
    return phases[index], following


def document(job: Job, phase: Phase) -> Document:
    """Return the operation's document as `GET operations/{id}` has it during a phase."""
    written: Document = {
        "id": job.id,
        "type": job.kind.type,
        "description": job.description,
        "status": {
            "state": phase.state,
            "startTime": "" if phase.start is None else iso(phase.start),
            "endTime": "" if phase.end is None else iso(phase.end),
            "message": "" if job.kind.portable and phase.state == "RUNNING" else phase.message(),
        },
        "created": {
            "username": job.created_by,
            "time": stamp(job.created) if job.kind.portable else iso(job.created),
            "version": str(job.number * 12),
        },
        "lastModified": {
            "username": "system",
            "time": iso(phase.since),
            "version": str(job.number * 12 + 2),
        },
        "relativeId": f"operations/{job.id}",
    }
    if job.kind.portable and phase.state == "SUCCEEDED":
        written["result"] = artifact_result(f"/home/ubuntu/tamr/projectExports/{job.subject}.zip")
    return written


def artifact_result(path: str) -> Document:
    """Return the `result` of an export or import: a protobuf StringValue in base64."""
    text = path.encode()
    length = len(text)
    varint = bytes([length]) if length < 128 else bytes([length & 0x7F | 0x80, length >> 7])
    return {
        "result": {
            "typeUrl": "type.googleapis.com/google.protobuf.StringValue",
            "value": base64.b64encode(b"\x0a" + varint + text).decode(),
        }
    }


def encode(written: object) -> bytes:
    """Return a document as the bytes that go over the wire."""
    return json.dumps(written, separators=(",", ":")).encode()
