"""Computes a job's phases and document, as a pure function of its record and the time.

The phases are PENDING with three messages, RUNNING without a start time, RUNNING, RUNNING with an
end time, and the outcome. No timer is needed: a document is computed when it is requested.
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
        number: Its number among all jobs, from which versions and Spark's ids are made.
        kind: Its type.
        description: Its description.
        subject: The project, dataset or artifact that it works on.
        created: The time of the request.
        queued: The time from its creation to its start.
        ran: The time from its start to its end, unless it is cancelled.
        outcome: SUCCEEDED or FAILED.
        created_by: The user who requested it.
        lag: The delay of the document after a change of the job.
        cancelled: The time when it was cancelled; None if it was not.
        cancelled_by: The user who cancelled it.
        submission: The time from when an executor is free to its start; None if its start is
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
        """The time of its start."""
        return self.created + self.queued

    @property
    def ended(self) -> float:
        """The time of its end, unless it is cancelled."""
        return self.started + self.ran


class Phase(NamedTuple):
    """A period in which a job's document does not change. Times are in seconds since 1970.

    Attributes:
        since: The time of its begin.
        state: The state in the document.
        message: Returns the message in the document, which is long for some phases.
        start: The start time in the document; None if it is not written.
        end: The end time in the document; None if it is not written.
    """

    since: float
    state: str
    message: Callable[[], str]
    start: float | None = None
    end: float | None = None


def life(job: Job) -> list[Phase]:
    """Returns the phases of a job in order; the last one has no end."""
    if job.cancelled is None:
        return _without_cancellation(job)
    before = [phase for phase in _without_cancellation(job) if phase.since <= job.cancelled]
    return [*before, *_cancellation(job, before[-1], job.cancelled)]


def _without_cancellation(job: Job) -> list[Phase]:
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

    # A Spark driver takes some time to end; the state is CANCELING until then.
    ended = when + 2 * job.lag
    return [
        Phase(when, "CANCELING", lambda: status_messages.CANCELING, last.start),
        Phase(ended, "CANCELED", cancelled, last.start, ended),
    ]


def settled(job: Job) -> float:
    """Returns the time of the last change of a job's document, unless it is cancelled later."""
    return life(job)[-1].since


def named_after_time(job: Job) -> Job:
    """Returns an export or import with the id that the server makes from its name and time."""
    artifact = f"{job.subject}-{stamp(job.created)}"
    return replace(
        job,
        id=f"{job.kind.type}-{artifact}",
        description=job.kind.description.format(name=artifact),
        subject=artifact,
    )


def phase_at(job: Job, now: float) -> tuple[Phase, float]:
    """Returns the current phase of a job, and the time of the next (infinity: none)."""
    phases = life(job)
    index = max((i for i, phase in enumerate(phases) if phase.since <= now), default=0)
    following = phases[index + 1].since if index + 1 < len(phases) else float("inf")
    return phases[index], following


def document(job: Job, phase: Phase) -> Document:
    """Returns the operation's document in a phase, as in `GET operations/{id}`."""
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
    """Returns the `result` of an export or import: a protobuf StringValue in base64."""
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
    """Serializes a JSON value."""
    return json.dumps(written, separators=(",", ":")).encode()
