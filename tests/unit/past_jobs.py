"""Past jobs for JobHistory, each an hour after the previous one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from itertools import count

DAY = datetime(2021, 1, 29, tzinfo=timezone.utc)
TRAIN = "Train Mastering Model"
_numbers = count(1)


@dataclass(frozen=True)
class Job:
    """The attributes of an Operation that JobHistory reads."""

    resource_id: str | None
    description: str | None
    created_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    state: str = "SUCCEEDED"
    type: str | None = "SPARK"

    @property
    def resolved(self):
        return self.state in {"SUCCEEDED", "FAILED", "CANCELED"}

    def succeeded(self):
        return self.state == "SUCCEEDED"


def ran(seconds, description=TRAIN, *, queued=12.0, **fields):
    """Returns a job that took some seconds, an hour after the previous one."""
    number = next(_numbers)
    created = DAY + timedelta(hours=number)
    started = created + timedelta(seconds=queued)
    ended = started + timedelta(seconds=seconds)
    return replace(Job(str(number), description, created, started, ended), **fields)


def running(description=TRAIN, **fields):
    return ran(0, description, **{"state": "RUNNING", "ended_at": None, **fields})


def pending(**fields):
    return running(state="PENDING", started_at=None, **fields)
