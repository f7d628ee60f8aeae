"""When a queued job starts, from what is left of the jobs ahead of it.

A server has a number of executors, and gives each that falls free to the job that was created
first of those that wait. From its creation to its start a job takes the submission time; where
it has to wait for an executor, it starts the handover time after that one fell free, if this is
later. `discipline` finds all three in the past, and whether the past was like that at all.
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
        duration: The estimate of how long it runs, if there is one.
        created: When it was created.
        started: When it started; None while it waits.
        ending: Whether it is about to end, as one that is being cancelled.
    """

    duration: Estimate | None
    created: float
    started: float | None
    ending: bool = False


class Discipline(NamedTuple):
    """How a server lets jobs start that have to wait for others.

    Attributes:
        executors: How many jobs run at once.
        submission: How long a job takes from its creation to its start with nothing ahead.
        handover: How long it takes from the time when an executor fell free to the next start.
        failing: Which share of the jobs end early, since they fail or are cancelled.
    """

    executors: int
    submission: Estimate
    handover: Estimate
    failing: float


class Queue(NamedTuple):
    """What is known of a server's queue; None where the past says too little.

    Attributes:
        discipline: How jobs start; None, too, if they did not start in the order of creation.
        submission: How long a job takes from its creation to its start with nothing ahead.
        congested: The same with something ahead, be it one job or ten.
    """

    discipline: Discipline | None
    submission: Estimate | None
    congested: Estimate | None

    def estimate(
        self, created: float, now: float, ahead: Sequence[JobAhead], free: Sequence[float]
    ) -> Estimate | None:
        """Estimates how long a job is queued, from its creation to its start.

        The queue is played through many times, with durations drawn from the estimates.

        Args:
            created: When the job was created.
            now: The time by the server's clock.
            ahead: The jobs ahead of it, in the order of their creation.
            free: When executors fell free lately.

        Returns:
            None where the past shows no order, or what is ahead has no estimate.
        """
        if not ahead and (self.discipline is None or max(free, default=created) <= created):
            return self.submission
        unknown = any(job.duration is None and not job.ending for job in ahead)
        if self.discipline is None or unknown:
            return None
        play = _Play(self.discipline, now, ahead, free)
        waits = sorted(play.start(created) - created for _ in range(_DRAWS))
        low, middle, high = (quantile(waits, share) for share in (0.1, 0.5, 0.9))
        return Estimate(middle, low, high, self.discipline.handover.samples)

    def allows(self, estimate: Estimate) -> bool:
        """Whether an estimate that knows nothing of what is ahead is likely where something is."""
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

    Those are the ones of its type that were created before it and have not ended.

    Args:
        operation: The one that waits.
        active: The operations that may be ahead.
        now: The time by the server's clock; what happened later is not known yet.
        estimate: Estimates how long an operation runs.
    """
    ahead = []
    for other in sorted(active, key=_place):
        ended = seconds_of(other.ended_at)
        over = other.resolved if ended is None else ended <= now
        if over or other.type != operation.type or _place(other) >= _place(operation):
            continue
        started = seconds_of(other.started_at)
        if other.state == "RUNNING":
            # A job is RUNNING a little before its start is known, and clocks may be apart.
            started = min(started or now, now)
        elif started is not None and started > now:
            started = None
        ending = other.state == "CANCELING"
        if started is not None or not ending:
            ahead.append(JobAhead(estimate(other), _place(other)[0], started, ending))
    return ahead


def open_spans(active: Iterable[Operation], kind: str, now: float) -> list[Span]:
    """Returns the operations of a type that have started and not ended, in order."""
    spans = []
    for each in sorted(active, key=_place):
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


def _place(operation: Operation) -> tuple[float, int, str]:
    """Returns what the order of operations in a queue goes by."""
    created = seconds_of(operation.created_at)
    job = operation.resource_id or ""
    return math.inf if created is None else created, len(job), job


class _Play:
    """A queue that is played through, each time with other durations."""

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
        # The same draws each time, so that an estimate changes only when the facts do.
        self._draw = random.Random(0).random  # noqa: S311 - nothing here is a secret

    def start(self, created: float) -> float:
        """Returns when the job starts."""
        now = self._now
        executors = self._idle + [now] * self._ending
        executors += [now + self._runs(*each) for each in self._running]
        heapq.heapify(executors)
        for duration, since in self._waiting:
            start = self._next_start(since, heapq.heappop(executors))
            heapq.heappush(executors, start + self._runs(duration))
        return self._next_start(created, heapq.heappop(executors))

    def _next_start(self, created: float, turn: float) -> float:
        """Returns when a job starts for which an executor falls free then."""
        start = max(created + self._left(self._submission), turn + self._left(self._handover))
        late = self._now - max(turn, created)
        return start if start > self._now else self._now + self._left(self._handover, late)

    def _runs(self, duration: Baseline, elapsed: float = 0.0) -> float:
        """Draws how much longer a job runs, if it does not fail before."""
        left = self._left(duration, elapsed)
        return left * self._draw() if self._draw() < self._failing else left

    def _left(self, duration: Baseline, elapsed: float = 0.0) -> float:
        """Draws what is left of a duration: a little when it is late, and never less than that."""
        # Of a logistic distribution, its extremes cut off: what is longer than what has passed.
        share = 0.0005 + 0.999 * self._draw()
        late = -math.inf
        if elapsed > _MIN_SECONDS:
            late = duration.position(math.log(elapsed)) * _LOGIT
        drawn = math.log((1 + math.exp(late)) / share - 1) if late < 30 else late - math.log(share)
        seconds = math.exp(duration.at(drawn / _LOGIT))
        return max(seconds - elapsed, _MIN_SECONDS)


def _baseline(estimate: Estimate) -> Baseline:
    """Returns an estimate in logarithms, with a width that can be divided by."""
    low, middle, high = (
        math.log(seconds)
        for seconds in (estimate.low_seconds, estimate.median_seconds, estimate.high_seconds)
    )
    return Baseline(middle, max(middle - low, _MIN_WIDTH), max(high - middle, _MIN_WIDTH))
