"""A server's past: some hundreds to thousands of jobs that have all ended.

Most jobs come alone, some in bursts that queue behind one another, as after a nightly load.
A few percent failed or were cancelled. The same seed makes the same past.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from .catalogue import DATASETS, PROJECTS
from .clock import stamp
from .jobs import Document, Job, document, life
from .kinds import KINDS, Kind
from .workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS = ("admin", "carla", "nightly", "priya")
EXECUTORS = 3
FAILED = 0.03
CANCELLED = 0.02
QUIET_SECONDS = 60.0


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
    """Return a made-up past, oldest first, that ended a minute before `until`."""
    jobs = list(islice(_endless(workload), count))
    if not jobs:
        return []
    latest = max(life(job)[-1].since for job in jobs)
    shift = until - QUIET_SECONDS / workload.speed - latest
    return [_shifted(job, shift) for job in jobs]


def _endless(workload: Workload) -> Iterator[Job]:
    draw, speed = workload.random, workload.speed
    kinds = list(KINDS.values())
    weights = [kind.weight for kind in kinds]
    free = [0.0] * EXECUTORS
    now, number = 0.0, 0
    while True:
        now += draw.expovariate(1 / 700) / speed
        alone = draw.random() < 0.75
        for _ in range(1 if alone else draw.randint(3, 12)):
            now += draw.uniform(0.2, 5) / speed
            number += 1
            kind = draw.choices(kinds, weights)[0]
            job = _one(workload, kind, number, now, "nightly" if not alone else draw.choice(USERS))
            executor = min(range(EXECUTORS), key=free.__getitem__)
            started = max(job.started, free[executor])
            job = replace(job, queued=started - now)
            # a job of many hours runs on an executor of its own, or nothing would ever end
            if kind.seconds < 3600:
                free[executor] = life(job)[-1].since
            yield job


def _one(workload: Workload, kind: Kind, number: int, created: float, user: str) -> Job:
    draw = workload.random
    subject = _subject(workload, kind)
    description = kind.description.format(name=subject)
    ran = workload.running_seconds(kind, description)
    fate = draw.random()
    job = Job(
        id=str(number),
        number=number,
        kind=kind,
        description=description,
        subject=subject,
        created=created,
        queued=workload.submission_seconds(),
        ran=ran,
        created_by=user,
        lag=1.0 / workload.speed,
    )
    if fate < FAILED:
        return replace(job, outcome="FAILED", ran=ran * draw.uniform(0.1, 0.9))
    if fate < FAILED + CANCELLED:
        return replace(job, cancelled=job.started + ran * draw.uniform(-0.1, 0.9))
    return job


def _subject(workload: Workload, kind: Kind) -> str:
    draw = workload.random
    if kind.portable:
        return draw.choice(PROJECTS).name
    if kind.name == "profile":
        return str(draw.choice(DATASETS).attributes)
    return draw.choice(DATASETS).name


def _shifted(job: Job, seconds: float) -> Job:
    created = job.created + seconds
    cancelled = None if job.cancelled is None else max(created, job.cancelled + seconds)
    if not job.kind.portable:
        return replace(job, created=created, cancelled=cancelled)
    name = f"{job.subject}-{stamp(created)}"
    return replace(
        job,
        created=created,
        cancelled=cancelled,
        id=f"{job.kind.type}-{name}",
        description=job.kind.description.format(name=name),
        subject=name,
    )
