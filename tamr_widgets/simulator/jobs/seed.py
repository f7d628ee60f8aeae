"""Generates a server's past: hundreds to thousands of jobs that have all ended.

Most jobs are alone, some come in bursts that queue, as after a nightly load. A few percent failed
or were cancelled. The same seed makes the same past.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import accumulate, islice
from typing import TYPE_CHECKING, TypeVar

from ..api.catalogue import PROJECTS, SOURCES, UNIFIED
from .durations import DurationModel
from .job import Document, Job, document, life, named_after_time, settled
from .job_types import JOB_TYPES, JobType
from .queueing import Executors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Subject = TypeVar("Subject")

USERS = ("admin", "carla", "nightly", "priya")
# The mean time between two requests of users.
IDLE_SECONDS = 2400.0
# The shares of requests for several jobs at once, and of jobs that fail or are cancelled.
BURSTS = 0.06
FAILED = 0.03
CANCELLED = 0.02
# The time from the last end to the end of the past.
QUIET_SECONDS = 60.0
WEIGHTS = [kind.weight for kind in JOB_TYPES.values()]
REFRESHED = (*UNIFIED, *SOURCES)


def history(
    count: int,
    *,
    seed: int = 1,
    until: float = 1_611_945_000.0,
    speed: float = 1.0,
    executors: int = 1,
) -> list[Document]:
    """Returns the documents of a generated past, newest first, as in `GET operations`.

    Args:
        count: The number of jobs; 50,000 take a few seconds.
        seed: The same seed makes the same past.
        until: The end of the past, in seconds since 1970.
        speed: All durations are divided by it.
        executors: How many jobs ran at once.
    """
    jobs = past_jobs(count, DurationModel(seed, speed), until=until, executors=executors)
    return [document(job, life(job)[-1]) for job in reversed(jobs)]


def past_jobs(count: int, model: DurationModel, *, until: float, executors: int = 1) -> list[Job]:
    """Returns a generated past, oldest first, whose last job ended a minute before `until`."""
    jobs = list(islice(_endless(model, executors), count))
    latest = max(map(settled, jobs), default=0.0)
    shift = until - QUIET_SECONDS / model.speed - latest
    return [_moved(job, shift) for job in jobs]


def _endless(model: DurationModel, count: int) -> Iterator[Job]:
    """Yields jobs in the order of their creation, the first at second 0."""
    draw, speed = model.random, model.speed
    executors = Executors(count)
    created, number = 0.0, 0
    while True:
        burst = draw.randint(3, 9) if draw.random() < BURSTS else 1
        user = "nightly" if burst > 1 else draw.choice(USERS)
        for kind in draw.choices(list(JOB_TYPES.values()), WEIGHTS, k=burst):
            number += 1
            job = _job(model, kind, number, created, executors)
            yield replace(job, created_by=user)
            created += draw.uniform(0.2, 5) / speed
        created += draw.expovariate(1 / IDLE_SECONDS) / speed


def _job(
    model: DurationModel, kind: JobType, number: int, created: float, executors: Executors
) -> Job:
    draw = model.random
    subject = _subject(model, kind)
    description = kind.description.format(name=subject)
    submission = model.submission_seconds()
    ran = model.running_seconds(kind, description)
    outcome = draw.random()
    failed = outcome < FAILED
    job = Job(
        id=str(number),
        number=number,
        kind=kind,
        description=description,
        subject=subject,
        created=created,
        queued=submission,
        ran=ran * draw.uniform(0.1, 0.9) if failed else ran,
        outcome="FAILED" if failed else "SUCCEEDED",
        lag=1.0 / model.speed,
        submission=submission,
    )
    job = executors.place(job)
    if FAILED <= outcome < FAILED + CANCELLED:
        return replace(job, cancelled=max(created, job.started + ran * draw.uniform(-0.1, 0.9)))
    return job


def _subject(model: DurationModel, kind: JobType) -> str:
    if kind.portable:
        return _choose(model, PROJECTS).name
    if kind.name == "unify":
        return _choose(model, UNIFIED).name
    dataset = _choose(model, REFRESHED)
    return str(dataset.attributes) if kind.name == "profile" else dataset.name


def _choose(model: DurationModel, choices: Sequence[Subject]) -> Subject:
    """Draws a subject; the n-th has 1/n of the frequency of the first."""
    return model.random.choices(choices, cum_weights=_harmonic(len(choices)))[0]


@cache
def _harmonic(count: int) -> list[float]:
    return list(accumulate(1 / rank for rank in range(1, count + 1)))


def _moved(job: Job, seconds: float) -> Job:
    created = job.created + seconds
    cancelled = None if job.cancelled is None else job.cancelled + seconds
    moved = replace(job, created=created, cancelled=cancelled)
    return named_after_time(moved) if job.kind.portable else moved
