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
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .duration import Baseline, Estimate, quantile
from .records import Span, seconds_of

if TYPE_CHECKING:
    from ..operation import Operation

__all__ = ["Discipline", "JobAhead", "Queue", "jobs_ahead"]

_MIN_SECONDS = 0.1
_DRAWS = 100
# A logistic distribution's 90% quantile, in its own unit.
_LOGIT = math.log(9)
_MIN_WIDTH = 0.01


class JobAhead(NamedTuple):
    """A job that will have started before the one whose start is estimated.

    Attributes:
        duration: The estimate of its running time, if there is one.
        created: The time of its creation.
        started: The time of its start; None while it waits.
        ending: Whether it is about to end, for example because it is being cancelled.
    """

    duration: Estimate | None
    created: float
    started: float | None
    ending: bool = False


class Discipline(NamedTuple):
    """The queueing discipline of a server: first come, first served, with these parameters.

    Attributes:
        executors: The number of jobs that run at once.
        submission: The time from a job's creation to its start with nothing ahead.
        handover: The time from when an executor becomes free to the next start.
        failing: The share of jobs that end early, since they fail or are cancelled.
    """

    executors: int
    submission: Estimate
    handover: Estimate
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

    def estimate(
        self, created: float, now: float, ahead: Sequence[JobAhead], free: Sequence[float]
    ) -> Estimate | None:
        """Estimates how long a job is queued, from its creation to its start.

        The queue is simulated many times, with durations drawn from the estimates.

        Args:
            created: The time of the job's creation.
            now: The time by the server's clock.
            ahead: The jobs ahead of it, in the order of their creation.
            free: The last times when executors became free.

        Returns:
            None if the discipline is not known, or if a job ahead has no estimate.
        """
        if not ahead and (self.discipline is None or max(free, default=created) <= created):
            return self.submission
        unknown = any(job.duration is None and not job.ending for job in ahead)
        if self.discipline is None or unknown:
            return None
        simulation = _QueueSimulation(self.discipline, now, ahead, free)
        waits = sorted(simulation.start(created) - created for _ in range(_DRAWS))
        low, middle, high = (quantile(waits, share) for share in (0.1, 0.5, 0.9))
        return Estimate(middle, low, high, self.discipline.handover.samples)

    def allows(self, estimate: Estimate) -> bool:
        """Whether an estimate that ignores the jobs ahead is likely although there are some."""
        return self.congested is not None and (
            estimate.low_seconds <= self.congested.median_seconds <= estimate.high_seconds
        )


def jobs_ahead(
    operation: Operation,
    active: Iterable[Operation],
    now: float,
    estimate: Callable[[Operation], Estimate | None],
) -> list[JobAhead]:
    """Returns the jobs that are ahead of an operation in its queue, in order.

    They have its type, were created before it and have not ended.

    Args:
        operation: The operation that waits.
        active: The operations that may be ahead.
        now: The time by the server's clock; later starts and ends are ignored.
        estimate: Returns the estimate of an operation's running time.
    """
    ahead = []
    for other in sorted(active, key=_queue_order):
        ended = seconds_of(other.ended_at)
        over = other.resolved if ended is None else ended <= now
        if over or other.type != operation.type or _queue_order(other) >= _queue_order(operation):
            continue
        started = seconds_of(other.started_at)
        if other.state == "RUNNING":
            # A job is RUNNING a little before the start time is set, and clocks may differ.
            started = min(started or now, now)
        elif started is not None and started > now:
            started = None
        ending = other.state == "CANCELING"
        if started is not None or not ending:
            ahead.append(JobAhead(estimate(other), _queue_order(other)[0], started, ending))
    return ahead


def open_spans(active: Iterable[Operation], kind: str, now: float) -> list[Span]:
    """Returns the operations of a type that have started and not ended, in order."""
    spans = []
    for each in sorted(active, key=_queue_order):
        created, started = seconds_of(each.created_at), seconds_of(each.started_at)
        ended = seconds_of(each.ended_at)
        over = each.resolved if ended is None else ended <= now
        if (
            (each.type or "") == kind
            and not over
            and created
            and started
            and created <= started <= now
        ):
            job = each.resource_id or ""
            spans.append(Span(math.inf, job, created, started, succeeded=True))
    return spans


def _queue_order(operation: Operation) -> tuple[float, int, str]:
    """Returns the sort key of operations in a queue."""
    created = seconds_of(operation.created_at)
    job = operation.resource_id or ""
    return math.inf if created is None else created, len(job), job


class _QueueSimulation:
    """A Monte Carlo simulation of a queue: each run draws other durations."""

    def __init__(
        self,
        discipline: Discipline,
        now: float,
        ahead: Sequence[JobAhead],
        free: Sequence[float],
    ) -> None:
        self._now = now
        self._submission = _baseline(discipline.submission)
        self._handover = _baseline(discipline.handover)
        self._failing = discipline.failing
        self._ending = sum(job.ending for job in ahead)
        going_on = [job for job in ahead if not job.ending]
        self._running = [
            (_baseline(job.duration), now - job.started)
            for job in going_on
            if job.duration and job.started is not None
        ]
        self._waiting = [
            (_baseline(job.duration), job.created)
            for job in going_on
            if job.duration and job.started is None
        ]
        idle = max(discipline.executors - self._ending - len(self._running), 0)
        last = sorted(free, reverse=True)[:idle]
        self._idle = last + [-math.inf] * (idle - len(last))
        # A fixed seed, so that an estimate changes only when its input does.
        self._draw = random.Random(0).random  # noqa: S311 - nothing here is a secret

    def start(self, created: float) -> float:
        """Simulates the queue once, and returns the start of a job with this creation time."""
        now = self._now
        executors = self._idle + [now] * self._ending
        executors += [now + self._draw_run(*each) for each in self._running]
        heapq.heapify(executors)
        for duration, since in self._waiting:
            start = self._next_start(since, heapq.heappop(executors))
            heapq.heappush(executors, start + self._draw_run(duration))
        return self._next_start(created, heapq.heappop(executors))

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
        remaining = self._draw_remaining(duration, elapsed)
        return remaining * self._draw() if self._draw() < self._failing else remaining

    def _draw_remaining(self, duration: Baseline, elapsed: float = 0.0) -> float:
        """Draws the remaining time of a duration, at least _MIN_SECONDS."""
        # From a logistic distribution without its extremes, conditioned on the elapsed time.
        share = 0.0005 + 0.999 * self._draw()
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
