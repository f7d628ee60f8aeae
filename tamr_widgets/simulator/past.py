"""A server's past: some hundreds to thousands of jobs that have all ended.

Most jobs come alone, some in bursts that queue behind one another, as after a nightly load.
A few percent failed or were cancelled. The same seed makes the same past.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import accumulate, islice
from typing import TYPE_CHECKING, TypeVar

from .catalogue import PROJECTS, SOURCES, UNIFIED
from .jobs import Document, Job, document, life, named_after_time, settled
from .kinds import KINDS, Kind
from .workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Subject = TypeVar("Subject")

USERS = ("admin", "carla", "nightly", "priya")
EXECUTORS = 3
IDLE_SECONDS = 2400.0
BURSTS = 0.25
FAILED = 0.03
CANCELLED = 0.02
QUIET_SECONDS = 60.0
WEIGHTS = [kind.weight for kind in KINDS.values()]
REFRESHED = (*UNIFIED, *SOURCES)


def history(
    count: int, *, seed: int = 1, until: float = 1_611_945_000.0, speed: float = 1.0
) -> list[Document]:
    """Return the documents of a made-up past, newest first, as `GET operations` lists them.

    Args:
        count: How many; 50,000 take a few seconds.
        seed: The same seed makes the same past.
        until: When it ends, in seconds since 1970.
        speed: All durations are divided by it.
    """
    jobs = past_jobs(count, Workload(seed, speed), until=until)
    return [document(job, life(job)[-1]) for job in reversed(jobs)]


def past_jobs(count: int, workload: Workload, *, until: float) -> list[Job]:
    """Return a made-up past, oldest first, whose last job ended a minute before `until`."""
    jobs = list(islice(_endless(workload), count))
    latest = max(map(settled, jobs), default=0.0)
    shift = until - QUIET_SECONDS / workload.speed - latest
    return [_moved(job, shift) for job in jobs]


def _endless(workload: Workload) -> Iterator[Job]:
    """Yield jobs in the order in which they were asked for, the first at second 0."""
    draw, speed = workload.random, workload.speed
    free = [0.0] * EXECUTORS
    created, number = 0.0, 0
    while True:
        burst = draw.randint(3, 12) if draw.random() < BURSTS else 1
        user = "nightly" if burst > 1 else draw.choice(USERS)
        for kind in draw.choices(list(KINDS.values()), WEIGHTS, k=burst):
            number += 1
            executor = min(range(EXECUTORS), key=free.__getitem__)
            job = _job(workload, kind, number, created, free[executor])
            # a job of many hours does not hold up the others, or nothing would ever end
            if kind.seconds < 3600:
                free[executor] = settled(job)
            yield replace(job, created_by=user)
            created += draw.uniform(0.2, 5) / speed
        created += draw.expovariate(1 / IDLE_SECONDS) / speed


def _job(workload: Workload, kind: Kind, number: int, created: float, free: float) -> Job:
    draw = workload.random
    subject = _subject(workload, kind)
    description = kind.description.format(name=subject)
    started = max(created + workload.submission_seconds(), free)
    ran = workload.running_seconds(kind, description)
    fate = draw.random()
    failed = fate < FAILED
    cancelled = None
    if FAILED <= fate < FAILED + CANCELLED:
        cancelled = max(created, started + ran * draw.uniform(-0.1, 0.9))
    return Job(
        id=str(number),
        number=number,
        kind=kind,
        description=description,
        subject=subject,
        created=created,
        queued=started - created,
        ran=ran * draw.uniform(0.1, 0.9) if failed else ran,
        outcome="FAILED" if failed else "SUCCEEDED",
        lag=1.0 / workload.speed,
        cancelled=cancelled,
    )


def _subject(workload: Workload, kind: Kind) -> str:
    if kind.portable:
        return _busiest(workload, PROJECTS).name
    if kind.name == "unify":
        return _busiest(workload, UNIFIED).name
    dataset = _busiest(workload, REFRESHED)
    return str(dataset.attributes) if kind.name == "profile" else dataset.name


def _busiest(workload: Workload, choices: Sequence[Subject]) -> Subject:
    """Draw one of several; the first is met most often, the second half as often, and so on."""
    return workload.random.choices(choices, cum_weights=_harmonic(len(choices)))[0]


@cache
def _harmonic(count: int) -> list[float]:
    return list(accumulate(1 / rank for rank in range(1, count + 1)))


def _moved(job: Job, seconds: float) -> Job:
    created = job.created + seconds
    cancelled = None if job.cancelled is None else job.cancelled + seconds
    moved = replace(job, created=created, cancelled=cancelled)
    return named_after_time(moved) if job.kind.portable else moved
