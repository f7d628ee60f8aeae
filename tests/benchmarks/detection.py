"""Seeing the end of a job: delay, and requests spent, against the public client's polling loop.

Run it with `python tests/benchmarks/detection.py`; it takes a little more than a minute. Both sides
begin to watch at the same moment; those of ten and sixty seconds end evenly within an interval
around that, since at a multiple of its interval a plain loop is always lucky.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from peers import Row, print_table

from tamr_widgets import Operation, Poller
from tamr_widgets.simulator import Simulator

INTERVAL_SECONDS = 3
JOBS = 10
# The seconds that jobs take, how much they vary, and the goal for our delay.
DURATIONS = ((0.5, 0.0, "<= 0.2"), (2.0, 0.0, "<= 0.2"), (10.0, 1.5, "<= 1"), (60.0, 1.5, "<= 1"))


class Seen(NamedTuple):
    """The delay until the end of a job was seen, and the number of requests until then."""

    delay: float
    requests: int


def watch_ours(operation: Operation, seen: Callable[[], None]) -> None:
    """As a widget does it. Each job has a client, and so a poller, of its own."""
    poller = Poller.of(operation.client)
    poller.subscribe(operation, lambda news: news.resolved and seen(), interval=INTERVAL_SECONDS)


def watch_public(operation: Operation, seen: Callable[[], None]) -> None:
    """The loop of the public client's `wait`, in a thread."""

    def wait(polled: Operation) -> None:
        while not polled.resolved:
            time.sleep(INTERVAL_SECONDS)
            polled = polled.poll()
        seen()

    threading.Thread(target=wait, args=[operation], daemon=True).start()


def follow(
    simulator: Simulator, watch: Callable[[Operation, Callable[[], None]], None], seconds: float
) -> Callable[[], Seen]:
    """Let a job run for so long, and return what will tell how its end was seen."""
    client = simulator.client()
    job = simulator.jobs.add("RUNNING")
    operation = client.operation(job)
    ended_at = time.monotonic() + seconds
    seen_at: list[float] = []
    over = threading.Event()

    def seen() -> None:
        seen_at.append(time.monotonic())
        over.set()

    ending = threading.Timer(seconds, simulator.jobs.finish, [job])
    ending.start()
    watch(operation, seen)

    def result() -> Seen:
        over.wait()
        client.close()
        requests = simulator.requests.matching("GET", f"operations/{job}")
        own = sum(each.path.endswith(f"operations/{job}") for each in requests)
        return Seen(seen_at[0] - ended_at, own - 1)

    return result


def main() -> None:
    """Measure, and print the table."""
    random.seed(1)
    rows = []
    with Simulator(past_jobs=400) as simulator:
        under_way = []
        for seconds, spread, goal in DURATIONS:
            lasting = [seconds + spread * (2 * n + 1 - JOBS) / JOBS for n in range(JOBS)]
            for watch in (watch_ours, watch_public):
                results = []
                for each in lasting:
                    results.append(follow(simulator, watch, each))
                    time.sleep(0.02)
                under_way.append((seconds, goal, results))
        for mine, theirs in zip(under_way[::2], under_way[1::2], strict=True):
            seconds, goal, results = mine
            one = [each() for each in results]
            other = [each() for each in theirs[2]]
            rows += compare(seconds, goal, one, other)
    print_table(f"The end of a job, seen at interval {INTERVAL_SECONDS}", rows)


def compare(seconds: float, goal: str, one: list[Seen], other: list[Seen]) -> list[Row]:
    delays = [statistics.mean(each.delay for each in side) for side in (one, other)]
    spent = [statistics.mean(each.requests for each in side) for side in (one, other)]
    return [
        Row(
            f"{seconds:g} s: delay",
            f"{delays[0]:.2f} s",
            f"{delays[1]:.2f} s",
            f"{delays[0] / delays[1]:.2f}",
            goal,
        ),
        Row(
            f"{seconds:g} s: requests",
            f"{spent[0]:.1f}",
            f"{spent[1]:.1f}",
            f"{spent[0] - spent[1]:+.1f}",
            "<= +4",
        ),
    ]


if __name__ == "__main__":
    main()
