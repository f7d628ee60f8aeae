"""Schedules jobs on a number of executors, in the order of their creation.

As on recorded servers, a job starts the submission time after its creation, or after an executor
became free for it if that is later. Exports and imports do not queue.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from .job import Job, life

if TYPE_CHECKING:
    from collections.abc import Iterable


class Executors:
    """The executors, which determine the start of each job.

    Args:
        count: The number of jobs that run at once.
    """

    def __init__(self, count: int) -> None:
        self._free = [-math.inf] * count

    def place(self, job: Job, now: float = -math.inf) -> Job:
        """Returns the job with its start, unchanged if it has started or its start is fixed.

        Args:
            job: A job that was created after all that were placed before.
            now: The earliest start.
        """
        if job.kind.portable or (job.submission is None and job.started > now):
            return job
        if job.submission is not None and job.started > now and job.cancelled is None:
            started = max(job.created, self._free[0]) + job.submission
            queued = max(started, now) - job.created
            job = job if queued == job.queued else replace(job, queued=queued)
        if job.cancelled is None or job.cancelled > job.started:
            heapq.heapreplace(self._free, max(self._free[0], end(job)))
        return job


def end(job: Job) -> float:
    """Returns the end of a job, in seconds since 1970."""
    return job.ended if job.cancelled is None else life(job)[-1].end or job.created


def due(jobs: Iterable[Job], now: float) -> list[Job]:
    """Returns the jobs that affect the start of a waiting one, in the given order."""
    jobs = list(jobs)
    waiting = [job.created for job in jobs if job.started > now]
    since = min(waiting, default=now)
    return [job for job in jobs if end(job) > since]
