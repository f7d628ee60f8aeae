"""Synthetic queues of a Tamr server, to measure `JobHistory.estimate_queue`.

Jobs of a family of `history_families` arrive alone or in bursts, and are given to executors in the
order of their creation, or in another one. As on recorded servers, a job takes 12 s at the median
from its creation to its start, and as long from the end of the job before it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from history_families import FAMILIES, PastJob

DAY = datetime(2021, 1, 29, tzinfo=timezone.utc)
STEP_SECONDS = 12.0
# While one job runs for days, no estimate of a queue can be measured.
MAX_SECONDS = 600.0

Created = tuple[float, int, str, float]
ORDERS: dict[str, Callable[[random.Random, list[Created]], Created]] = {
    "creation": lambda _, waiting: waiting[0],
    "random": lambda rng, waiting: rng.choice(waiting),
    "latest": lambda _, waiting: waiting[-1],
}


@dataclass(frozen=True)
class LiveJob(PastJob):
    """A job as a server showed it at a past time."""

    as_of: datetime = DAY


class Start(NamedTuple):
    """A job's time in the queue, and its estimate when it was created."""

    ahead: int
    waited: float
    estimate: Any


def queue(
    seed: int,
    executors: int = 1,
    *,
    family: str = "steady",
    jobs: int = 800,
    order: str = "creation",
    spread: float = 0.1,
    handover_seconds: float = STEP_SECONDS,
    bursts: float = 0.3,
) -> list[PastJob]:
    """The jobs of a server in the order in which they were created.

    Args:
        seed: the same seed makes the same jobs.
        executors: the number of jobs that run at once.
        family: one of FAMILIES, for the durations.
        jobs: their number.
        order: the order in which waiting jobs start, one of ORDERS.
        spread: the variation of the times around a start.
        handover_seconds: from one job's end to the next one's start, at the median.
        bursts: the share of the jobs that start a burst.
    """
    rng = random.Random(f"queue {seed} {executors} {family} {order}")
    waiting = list(_created(rng, family, jobs, executors, bursts))
    free = [-math.inf] * executors
    past_jobs = {}
    while waiting:
        executor = free.index(min(free))
        arrived = [job for job in waiting if job[0] <= free[executor]] or waiting[:1]
        job = ORDERS[order](rng, arrived)
        waiting.remove(job)
        created, number, description, seconds = job
        submitted = created + STEP_SECONDS * math.exp(rng.gauss(0, spread))
        available = free[executor] + handover_seconds * math.exp(rng.gauss(0, spread))
        started = max(submitted, available)
        state = rng.choices(["SUCCEEDED", "FAILED", "CANCELED"], [95, 3, 2])[0]
        ended = started + seconds * (1 if state == "SUCCEEDED" else rng.random())
        free[executor] = ended
        times = (DAY + timedelta(seconds=round(at, 3)) for at in (created, started, ended))
        past_jobs[number] = PastJob(str(number), "SPARK", description, state, *times)
    return [past_jobs[number] for number in sorted(past_jobs)]


def _created(
    rng: random.Random, family: str, jobs: int, executors: int, bursts: float
) -> Iterator[Created]:
    created, remaining = 0.0, 0
    for number, (description, seconds) in enumerate(FAMILIES[family](rng, jobs), start=1):
        if not remaining:
            created += rng.expovariate(executors / 450)
            remaining = rng.randint(2, 6) * executors if rng.random() < bursts else 1
        created += rng.uniform(0.2, 5)
        remaining -= 1
        yield created, number, description, min(seconds, MAX_SECONDS)


def replay(
    history: Any, jobs: Sequence[PastJob], *, delay: float = 0.0, first: int = 0
) -> Iterator[Start]:
    """Estimates each job's start some seconds after its creation, from the jobs known then.

    The jobs before number `first` are only added to the history.
    """
    unresolved: list[PastJob] = []
    for number, job in enumerate(jobs):
        now = job.created_at + timedelta(seconds=delay)
        for each in unresolved:
            if each.ended_at <= now:
                history.add(each)
        unresolved = [each for each in unresolved if each.ended_at > now]
        if number >= first and job.started_at > now:
            active = [as_seen(each, now) for each in (*unresolved, job)]
            estimate = history.estimate_queue(active[-1], active)
            waited = (job.started_at - job.created_at).total_seconds()
            yield Start(len(unresolved), waited, estimate)
        unresolved.append(job)


def as_seen(job: PastJob, now: datetime, **fields: Any) -> LiveJob:
    """A job that has not ended, as its server showed it at a time."""
    runs = job.started_at <= now
    known = {
        "state": "RUNNING" if runs else "PENDING",
        "started_at": job.started_at if runs else None,
        "ended_at": None,
        "resolved": False,
        "as_of": now,
    }
    return LiveJob(**{**vars(job), **known, **fields})
