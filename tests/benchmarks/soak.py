"""A soak test: 200 subscriptions to a busy server with faults, for a minute.

Run it with `python tests/benchmarks/soak.py [--seconds 60]`. It fails unless threads, connections
and memory stay constant and every subscriber is notified of the end of its job exactly once. A
short version is in tests/unit/test_poller_thread.py.
"""

from __future__ import annotations

import argparse
import collections
import gc
import logging
import random
import threading
import time
import tracemalloc
from pathlib import Path

from tamr_widgets import Operation, Poller
from tamr_widgets.simulator import Fault, Simulator

SUBSCRIBERS = 200
INTERVAL_SECONDS = 0.25
SAMPLE_SECONDS = 0.25
FAULTS = (
    Fault.status(502, times=3),
    Fault.retry_after("1", times=2),
    Fault.reset(times=2),
    Fault.close("headers", times=2),
    Fault.truncate(times=2),
    Fault.login_page(times=2),
    Fault.hang("body", times=1),
    Fault.drip_bytes(0.001, times=2),
    Fault.delay(0.3, times=3),
    Fault.job_status(None, times=3),
    Fault.job_state("CANCELING", times=3),
    Fault.other_id("-7", times=2),
)


class Soak:
    """Jobs that start and end, and subscribers that count their notifications of an end."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.client = simulator.client(total_seconds=3.0)
        self.poller = Poller.of(self.client)
        self.ends: collections.Counter[int] = collections.Counter()
        self.subscribers = self.errors = self.snapshots = 0
        self.requests: collections.Counter[str] = collections.Counter()
        self.active = threading.Semaphore(SUBSCRIBERS)

    def subscribe(self) -> None:
        """Add a subscriber, with a new job or with that of the previous subscriber."""
        self.active.acquire()
        self.subscribers += 1
        name = self.subscribers
        if name % 2:
            self.job = self.simulator.jobs.start(
                queued_seconds=0.3, run_seconds=random.uniform(0.5, 6)
            )
        operation = Operation(self.client, self.simulator.jobs.get(self.job))
        if operation.resolved:
            self.on_result(name, operation)
        else:
            self.poller.subscribe(
                operation,
                lambda snapshot: self.on_result(name, snapshot),
                self.on_error,
                INTERVAL_SECONDS,
            )

    def on_result(self, name: int, operation: Operation) -> None:
        self.snapshots += 1
        if operation.resolved:
            self.ends[name] += 1
            self.active.release()

    def on_error(self, error: Exception) -> None:
        self.errors += 1

    def trim(self) -> None:
        """Remove old jobs and recorded requests from the simulator, which would grow with time."""
        for job in list(self.simulator.jobs)[600:]:
            self.simulator.jobs.remove(job)
        self.requests.update(each.fault for each in self.simulator.requests)
        self.simulator.requests.clear()

    def sample(self) -> dict[str, float]:
        """Returns the figures that must stay constant."""
        gc.collect()
        return {
            # A thread of callbacks lives only as long as they run.
            "threads": sum("callbacks" not in each.name for each in threading.enumerate()),
            "connections": self.simulator.connections,
            "RSS in MB": resident_megabytes(),
            "traced MB": tracemalloc.get_traced_memory()[0] / 1e6,
        }


def resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def inject_faults(simulator: Simulator, over: threading.Event) -> None:
    """Add one or two faults from time to time, until `over` is set."""
    while not over.wait(random.uniform(0.3, 1.2)):
        simulator.faults.add(*random.sample(FAULTS, random.randint(1, 2)))
        if random.random() < 0.1:
            simulator.drop_connections()
        over.wait(random.uniform(0.1, 0.5))
        simulator.faults.clear()
    simulator.faults.clear()


def main() -> None:
    """Run the test, print the figures, and fail if a notification is lost or a figure grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)
    logging.disable(logging.CRITICAL)
    tracemalloc.start()
    over = threading.Event()
    with Simulator(past_jobs=400, speed=100) as simulator:
        soak = Soak(simulator)
        injector = threading.Thread(target=inject_faults, args=[simulator, over])
        injector.start()
        samples, start = [], time.monotonic()
        while time.monotonic() - start < options.seconds:
            for _ in range(10):
                soak.subscribe()
            if not samples or time.monotonic() - start > len(samples) * options.seconds / 20:
                soak.trim()
                samples.append(soak.sample())
        over.set()
        injector.join()
        while soak.active._value < SUBSCRIBERS and time.monotonic() - start < options.seconds + 90:
            time.sleep(0.1)
        time.sleep(1)
        pollers = [each.name for each in threading.enumerate() if "poller" in each.name]
        soak.trim()
        soak.client.close()
    report(soak, samples)
    assert not pollers, pollers
    assert set(soak.ends.values()) == {1}, "a subscriber was notified of an end twice"
    assert len(soak.ends) == soak.subscribers, "a subscriber was not notified of an end"
    later = samples[len(samples) // 4 :]
    assert max(each["threads"] for each in later) == min(each["threads"] for each in later)
    assert max(each["connections"] for each in later) <= 4
    assert later[-1]["traced MB"] - later[0]["traced MB"] < 0.5
    assert later[-1]["RSS in MB"] - later[0]["RSS in MB"] < 5


def report(soak: Soak, samples: list[dict[str, float]]) -> None:
    requests, faulty = soak.requests.total(), soak.requests.total() - soak.requests[""]
    print(f"{soak.subscribers:,} subscribers got {soak.snapshots:,} snapshots and {soak.errors:,} ")
    print(f"errors by {requests:,} requests ({faulty:,} faulty)")
    for name in samples[0]:
        figures = "  ".join(f"{each[name]:.1f}" for each in samples[:: max(1, len(samples) // 8)])
        print(f"{name:12} {figures}")


if __name__ == "__main__":
    main()
