"""Accuracy and cost of the estimates of JobHistory.

Each job in turn is estimated from those that were created before it, then added. Columns:

    none     share of the jobs that get no estimate (in brackets: none by the plain quantiles)
    error    median of |median - actual| / actual, of all that get one
    both     the same for those that get one by the plain quantiles, too (in brackets: theirs)
    covered  share of the jobs within the 80% interval (in brackets: the plain one's)
    pinball  mean pinball loss of both ends of the interval, over the plain quantiles': in seconds,
             where jobs of hours have most weight, and in shares of the actual time; less is better

The plain quantiles are those of the last 20 jobs, or fewer, that succeeded with the same
description.

The queue time is estimated for each job when it is created, on synthetic servers with one and three
executors. A trend is searched in series of 30 runs that have none, or one of some strength.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from statistics import fmean, median
from typing import Any, NamedTuple

from history_families import FAMILIES, past
from history_queues import Start, queue
from history_queues import replay as replay_queue

from tamr_widgets._estimates.trend import relative_change
from tamr_widgets.history import JobHistory

HEADER = (
    f"{'family':14} {'seed':>4} {'none':>11}  {'error':>6}  {'both':>12}  {'covered':>11}"
    f"  {'pinball: s':>10} {'share':>6}  {'us':>5}"
)


class Interval(NamedTuple):
    low: float
    median: float
    high: float


class Prediction(NamedTuple):
    """A job's actual seconds, and its estimates."""

    actual: float
    ours: Interval | None
    plain: Interval | None


class Score(NamedTuple):
    none: float
    none_plain: float
    error: float
    error_both: float
    error_plain: float
    covered: float
    covered_plain: float
    pinball: float
    pinball_share: float
    microseconds: float

    def row(self, family: str, seed: str) -> str:
        return (
            f"{family:14} {seed:>4} {self.none:5.1%} ({self.none_plain:3.0%})  {self.error:6.2%}"
            f"  {self.error_both:5.2%} ({self.error_plain:4.1%})"
            f"  {self.covered:5.1%} ({self.covered_plain:3.0%})"
            f"  {self.pinball:10.3f} {self.pinball_share:6.3f}  {self.microseconds:5.1f}"
        )


def plain_quantiles(last: Sequence[float]) -> Interval | None:
    if not last:
        return None
    values = sorted(last)

    def quantile(share: float) -> float:
        place = share * (len(values) - 1)
        below = int(place)
        above = min(below + 1, len(values) - 1)
        return values[below] + (place - below) * (values[above] - values[below])

    return Interval(quantile(0.1), quantile(0.5), quantile(0.9))


def replay(jobs: Iterable[Any]) -> tuple[list[Prediction], float]:
    """Estimates each job from those before it; also returns the mean seconds of an estimate."""
    history = JobHistory()
    last: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=20))
    predictions, spent = [], 0.0
    for job in jobs:
        if job.succeeded() and job.started_at and job.ended_at and job.ended_at > job.started_at:
            begin = time.thread_time()
            estimate = history.estimate(job)
            spent += time.thread_time() - begin
            ours = estimate and Interval(
                estimate.low_seconds, estimate.median_seconds, estimate.high_seconds
            )
            actual = (job.ended_at - job.started_at).total_seconds()
            predictions.append(Prediction(actual, ours, plain_quantiles(last[job.description])))
            last[job.description].append(actual)
        history.add(job)
    return predictions, spent / max(1, len(predictions))


def score(jobs: Iterable[Any]) -> Score:
    predictions, seconds = replay(jobs)
    estimated = [(actual, ours) for actual, ours, _ in predictions if ours]
    plain = [(actual, plain) for actual, _, plain in predictions if plain]
    both = [prediction for prediction in predictions if prediction.ours and prediction.plain]
    both_ours = [(actual, ours) for actual, ours, _ in both]
    both_plain = [(actual, plain) for actual, _, plain in both]
    return Score(
        none=1 - len(estimated) / len(predictions),
        none_plain=1 - len(plain) / len(predictions),
        error=error(estimated),
        error_both=error(both_ours),
        error_plain=error(both_plain),
        covered=covered(estimated),
        covered_plain=covered(plain),
        pinball=pinball(both_ours) / pinball(both_plain),
        pinball_share=pinball(both_ours, share=True) / pinball(both_plain, share=True),
        microseconds=seconds * 1e6,
    )


def error(estimated: list[tuple[float, Any]]) -> float:
    return median(abs(interval.median - actual) / actual for actual, interval in estimated)


def covered(estimated: list[tuple[float, Any]]) -> float:
    return fmean(interval.low <= actual <= interval.high for actual, interval in estimated)


def pinball(estimated: list[tuple[float, Any]], *, share: bool = False) -> float:
    """The loss whose mean is smallest for the true 10% and 90% quantiles."""

    def loss(actual: float, quantile: float, at: float) -> float:
        return (actual - quantile) * at if actual >= quantile else (quantile - actual) * (1 - at)

    return fmean(
        (loss(actual, interval.low, 0.1) + loss(actual, interval.high, 0.9))
        / (actual if share else 1)
        for actual, interval in estimated
    )


def simulator_past(seed: int, jobs: int = 800) -> list[Any]:
    """The simulator's past, as operations, in the order in which they were created."""
    from tamr_widgets.operation import Operation  # noqa: PLC0415  (the rest runs without)
    from tamr_widgets.simulator.jobs.seed import history  # noqa: PLC0415

    return [Operation(None, document) for document in reversed(history(jobs, seed=seed))]


def cost(jobs: int) -> str:
    """Returns the cost of adding and estimating with a history of this number of jobs."""
    operations = past("exports", seed=1, jobs=jobs)
    history = JobHistory()
    begin = time.thread_time()
    for operation in operations:
        history.add(operation)
    added = time.thread_time()
    last_jobs = operations[-1000:]
    for operation in last_jobs:
        history.estimate(operation)
    ended = time.thread_time()
    return (
        f"{jobs:6,} jobs: add {(added - begin) / jobs * 1e6:5.1f} us,"
        f" estimate {(ended - added) / len(last_jobs) * 1e6:5.1f} us"
    )


def queue_report(seeds: int) -> Iterable[str]:
    """Yields the accuracy of estimated starts, by the number of executors and of jobs ahead."""
    yield f"{'queue':22} ahead   jobs   none   waited   error  covered"
    for executors in (1, 3):
        for family in ("steady", "sessions", "mixed"):
            starts: dict[int, list[Start]] = defaultdict(list)
            for seed in range(1, seeds + 1):
                jobs = queue(seed, executors, family=family)
                for start in list(replay_queue(JobHistory(), jobs))[100:]:
                    starts[min(start.ahead, 4)].append(start)
            for ahead, group in sorted(starts.items()):
                estimated = [start for start in group if start.estimate]
                off = median(abs(each.estimate.median_seconds - each.waited) for each in estimated)
                within = fmean(
                    each.estimate.low_seconds <= each.waited <= each.estimate.high_seconds
                    for each in estimated
                )
                yield (
                    f"{family + ', ' + str(executors) + ' at once':22}"
                    f" {str(ahead) + ('+' if ahead == 4 else ''):>5} {len(group):6}"
                    f" {1 - len(estimated) / len(group):6.1%}"
                    f" {median(s.waited for s in group):6.0f} s {off:5.1f} s {within:8.1%}"
                )


def trend_report(series: int = 2_000) -> Iterable[str]:
    """Yields the share of series with a detected trend: false alarms first, then true trends."""
    yield f"{'trend, 30 runs':30} {'found':>6}"
    rng = random.Random(1)
    noise = {
        "none": lambda _: rng.gauss(0, 0.07),
        "none, one in 20 an outlier": lambda _: (
            rng.gauss(0, 0.07) + (rng.uniform(1, 3) if rng.random() < 0.05 else 0)
        ),
        "none, sessions of five": lambda n: pace[n // 5] + rng.gauss(0, 0.06),
        "0.5% a run": lambda n: 0.005 * n + rng.gauss(0, 0.07),
        "1% a run": lambda n: 0.01 * n + rng.gauss(0, 0.07),
        "3% a run": lambda n: 0.03 * n + rng.gauss(0, 0.07),
        "half as much again, midway": lambda n: math.log(1.5) * (n >= 15) + rng.gauss(0, 0.07),
    }
    for name, log in noise.items():
        found = 0
        for _ in range(series):
            pace = [rng.gauss(0, 0.08) for _ in range(6)]
            found += relative_change([log(number) for number in range(30)]) is not None
        yield f"{name:30} {found / series:6.1%}"


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", help=f"of {', '.join(FAMILIES)}, simulator")
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds of each")
    parser.add_argument("--brief", action="store_true", help="only the mean over the seeds")
    parser.add_argument("--coarse", action="store_true", help="times in whole seconds")
    options = parser.parse_args(arguments)
    print(HEADER)
    means = []
    for family in options.families or [*FAMILIES, "simulator"]:
        scores = []
        for seed in range(1, options.seeds + 1):
            if family == "simulator":
                jobs = simulator_past(seed)
            else:
                jobs = past(family, seed, resolution=1.0 if options.coarse else 0.001)
            scores.append(score(jobs))
            if not options.brief:
                print(scores[-1].row(family, str(seed)))
        means.append(Score(*map(fmean, zip(*scores, strict=True))))
        print(means[-1].row(family, "mean"), flush=True)
    print(Score(*map(fmean, zip(*means, strict=True))).row("all", "mean"))
    print(cost(1_000))
    print(cost(50_000))
    print(*queue_report(options.seeds), sep="\n")
    print(*trend_report(), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
