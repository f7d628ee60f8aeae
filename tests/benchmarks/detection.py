"""Detecting the end of a job: delay and requests, against the public client's polling loop.

Run it with `python tests/benchmarks/detection.py`; it takes a little more than a minute. Both sides
start to poll at the same time. Jobs of ten and sixty seconds end at times that are spread over an
interval, since a plain loop has no delay at a multiple of its interval.
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
# The seconds that jobs run, their spread, and the goal for our delay.
DURATIONS = ((0.5, 0.0, "<= 0.2"), (2.0, 0.0, "<= 0.2"), (10.0, 1.5, "<= 1"), (60.0, 1.5, "<= 1"))


class Detection(NamedTuple):
    """The delay until the end of a job was detected, and the number of requests until then."""

    delay: float
    requests: int


def watch_ours(operation: Operation, on_end: Callable[[], None]) -> None:
    """Subscribes as a widget does. Each job has its own client, and so its own poller."""
    poller = Poller.of(operation.client)
    poller.subscribe(
        operation, lambda snapshot: snapshot.resolved and on_end(), interval=INTERVAL_SECONDS
    )


def watch_public(operation: Operation, on_end: Callable[[], None]) -> None:
    """Polls as the public client's `wait` does, in a thread."""

    def wait(polled: Operation) -> None:
        while not polled.resolved:
            time.sleep(INTERVAL_SECONDS)
            polled = polled.poll()
        on_end()

    threading.Thread(target=wait, args=[operation], daemon=True).start()


def start_job(
    simulator: Simulator, watch: Callable[[Operation, Callable[[], None]], None], seconds: float
) -> Callable[[], Detection]:
    """Start a job that runs for some seconds; return a function that waits for the detection."""
    client = simulator.client()
    job = simulator.jobs.add("RUNNING")
    operation = client.operation(job)
    ended_at = time.monotonic() + seconds
    detected_at: list[float] = []
    detected = threading.Event()

    def on_end() -> None:
        detected_at.append(time.monotonic())
        detected.set()

    ending = threading.Timer(seconds, simulator.jobs.finish, [job])
    ending.start()
    watch(operation, on_end)

    def result() -> Detection:
        detected.wait()
        client.close()
        requests = simulator.requests.matching("GET", f"operations/{job}")
        own = sum(each.path.endswith(f"operations/{job}") for each in requests)
        return Detection(detected_at[0] - ended_at, own - 1)

    return result


def main() -> None:
    """Measure, and print the table."""
    random.seed(1)
    rows = []
    with Simulator(past_jobs=400) as simulator:
        started = []
        for seconds, spread, goal in DURATIONS:
            durations = [seconds + spread * (2 * n + 1 - JOBS) / JOBS for n in range(JOBS)]
            for watch in (watch_ours, watch_public):
                results = []
                for each in durations:
                    results.append(start_job(simulator, watch, each))
                    time.sleep(0.02)
                started.append((seconds, goal, results))
        for ours, theirs in zip(started[::2], started[1::2], strict=True):
            seconds, goal, results = ours
            our_detections = [each() for each in results]
            their_detections = [each() for each in theirs[2]]
            rows += compare(seconds, goal, our_detections, their_detections)
    print_table(f"The end of a job, detected at interval {INTERVAL_SECONDS}", rows)


def compare(seconds: float, goal: str, ours: list[Detection], theirs: list[Detection]) -> list[Row]:
    delays = [statistics.mean(each.delay for each in side) for side in (ours, theirs)]
    requests = [statistics.mean(each.requests for each in side) for side in (ours, theirs)]
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
            f"{requests[0]:.1f}",
            f"{requests[1]:.1f}",
            f"{requests[0] - requests[1]:+.1f}",
            "<= +4",
        ),
    ]


if __name__ == "__main__":
    main()
