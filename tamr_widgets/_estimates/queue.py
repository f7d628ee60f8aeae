"""Estimates when a queued job starts, from the remaining times of the jobs ahead of it.

A server has a number of executors. One that becomes free runs the waiting job that was created
first. A job starts the submission time after its creation, or the handover time after an executor
became free for it, whichever is later. `discipline` infers all three from the past, and whether
the past jobs fit this model.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Sequence
from typing import NamedTuple

from .duration import Baseline, Estimate, quantile

__all__ = ["Discipline", "Queue", "QueuedJob"]

_MIN_SECONDS = 0.1
# The number of simulations of a queue.
_DRAWS = 100
# A logistic distribution's 90% quantile, in its own unit.
_LOGIT = math.log(9)
_MIN_WIDTH = 0.01
# The probability that a job takes as long as the others in a simulation, relative to its estimate:
# jobs that run in one session are alike.
_ALIKE = 0.5


class QueuedJob(NamedTuple):
    """A job that has not ended, in the order of the queue.

    Attributes:
        duration: The estimate of its running time, if there is one.
        created: The time of its creation, in seconds since 1970.
        started: The time of its start, in seconds since 1970; None while it waits.
        ending: Whether it is about to end, for example because it is being cancelled.
    """

    duration: Estimate | None
    created: float
    started: float | None
    ending: bool = False

    @property
    def waits(self) -> bool:
        """Whether it is still to be started."""
        return self.started is None and not self.ending


class Discipline(NamedTuple):
    """The queueing discipline of a server: first come, first served, with these parameters.

    Attributes:
        executors: The number of jobs that run at once.
        submission: The time from a job's creation to its start with nothing ahead.
        handover: The time from when an executor becomes free to the next start.
        any_run: The running time of any job, for those of which nothing more is known.
        failing: The share of jobs that end early, since they fail or are cancelled.
    """

    executors: int
    submission: Estimate
    handover: Estimate
    any_run: Estimate
    failing: float


class Queue(NamedTuple):
    """The parameters of a server's queue; None for those with too few past jobs.

    Attributes:
        discipline: The discipline; None, too, if jobs did not start in the order of creation.
        submission: The time from a job's creation to its start with nothing ahead.
        congested: The same with any number of jobs ahead.
    """

    discipline: Discipline | None
    submission: Estimate | None
    congested: Estimate | None

    def starts(
        self, now: float, jobs: Sequence[QueuedJob], free: Sequence[float]
    ) -> list[Estimate | None]:
        """Estimates how long each waiting job is queued, from its creation to its start.

        The queue is simulated many times, with durations drawn from the estimates.

        Args:
            now: The time by the server's clock, in seconds since 1970.
            jobs: The jobs in the order of their creation; each is behind those before it.
            free: The last times when executors became free.

        Returns:
            An estimate for each job that waits, in order; None if the discipline is not known.
        """
        waiting = [index for index, job in enumerate(jobs) if job.waits]
        estimates: list[Estimate | None] = [None] * len(waiting)
        if self.discipline is not None and waiting:
            simulation = _QueueSimulation(self.discipline, now, jobs, free)
            waits = zip(*(simulation.waits(number) for number in range(_DRAWS)), strict=True)
            samples = self.discipline.handover.samples
            estimates = [_estimate(sorted(each), samples) for each in waits]
        if waiting[:1] == [0] and (
            self.discipline is None or max(free, default=-math.inf) <= jobs[0].created
        ):
            estimates[0] = self.submission or estimates[0]
        return estimates

    def allows(self, estimate: Estimate) -> bool:
        """Whether an estimate that ignores the jobs ahead is likely although there are some."""
        return self.congested is not None and (
            estimate.low_seconds <= self.congested.median_seconds <= estimate.high_seconds
        )


class _QueueSimulation:
    """A Monte Carlo simulation of a queue: each run draws other durations."""

    def __init__(
        self,
        discipline: Discipline,
        now: float,
        jobs: Sequence[QueuedJob],
        free: Sequence[float],
    ) -> None:
        self._now = now
        self._submission = _baseline(discipline.submission)
        self._handover = _baseline(discipline.handover)
        self._failing = discipline.failing
        self._ending = sum(job.ending for job in jobs)
        self._running = [
            (_baseline(job.duration or discipline.any_run), now - job.started)
            for job in jobs
            if job.started is not None and not job.ending
        ]
        self._waiting = [
            (job.created, _baseline(job.duration or discipline.any_run))
            for job in jobs
            if job.waits
        ]
        idle = max(discipline.executors - self._ending - len(self._running), 0)
        last = sorted(free, reverse=True)[:idle]
        self._idle = last + [-math.inf] * (idle - len(last))
        self._random = random.Random()  # noqa: S311 - nothing here is a secret
        self._draw = self._random.random
        self._common = 0.0

    def waits(self, number: int) -> list[float]:
        """Simulates the queue once, and returns how long each waiting job is queued.

        Args:
            number: The seed. With fixed seeds, an estimate changes only when its input does, and
                does not depend on the jobs behind it.
        """
        now = self._now
        self._random.seed(number)
        self._common = self._draw()
        executors = self._idle + [now] * self._ending
        executors += [now + self._draw_run(*each) for each in self._running]
        heapq.heapify(executors)
        waits = []
        for created, duration in self._waiting:
            start = self._next_start(created, heapq.heappop(executors))
            waits.append(start - created)
            heapq.heappush(executors, start + self._draw_run(duration))
        return waits

    def _next_start(self, created: float, free_at: float) -> float:
        """Draws the start of a job for which an executor becomes free at a time."""
        start = max(
            created + self._draw_remaining(self._submission),
            free_at + self._draw_remaining(self._handover),
        )
        late = self._now - max(free_at, created)
        return (
            start if start > self._now else self._now + self._draw_remaining(self._handover, late)
        )

    def _draw_run(self, duration: Baseline, elapsed: float = 0.0) -> float:
        """Draws the remaining running time of a job, which may fail early."""
        share = self._common if self._draw() < _ALIKE else self._draw()
        remaining = self._remaining(duration, elapsed, share)
        return remaining * self._draw() if self._draw() < self._failing else remaining

    def _draw_remaining(self, duration: Baseline, elapsed: float = 0.0) -> float:
        """Draws the remaining time of a duration."""
        return self._remaining(duration, elapsed, self._draw())

    def _remaining(self, duration: Baseline, elapsed: float, share: float) -> float:
        """Returns a quantile of the remaining time of a duration, at least _MIN_SECONDS."""
        # Of a logistic distribution without its extremes, conditioned on the elapsed time.
        share = 0.0005 + 0.999 * share
        late = -math.inf
        if elapsed > _MIN_SECONDS:
            late = duration.position(math.log(elapsed)) * _LOGIT
        drawn = math.log((1 + math.exp(late)) / share - 1) if late < 30 else late - math.log(share)
        seconds = math.exp(duration.at(drawn / _LOGIT))
        return max(seconds - elapsed, _MIN_SECONDS)


def _baseline(estimate: Estimate) -> Baseline:
    """Returns an estimate in logarithms, with a width that is not zero."""
    low, middle, high = (
        math.log(seconds)
        for seconds in (estimate.low_seconds, estimate.median_seconds, estimate.high_seconds)
    )
    return Baseline(middle, max(middle - low, _MIN_WIDTH), max(high - middle, _MIN_WIDTH))


def _estimate(waits: Sequence[float], samples: int) -> Estimate:
    """Returns the estimate of a wait from simulated ones, in ascending order."""
    low, middle, high = (quantile(waits, share) for share in (0.1, 0.5, 0.9))
    return Estimate(middle, low, high, samples)
