"""A soak: 200 subscriptions to a busy server with its troubles, for a minute.

Run it with `python tests/benchmarks/soak.py [--seconds 60]`. It fails unless threads, connections
and memory stay flat and every follower hears the end of its job exactly once. Its miniature is in
tests/unit/test_poller_thread.py.
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

FOLLOWERS = 200
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
    """Jobs that come and go, and followers that count how often they hear of an end."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.client = simulator.client(total_seconds=3.0)
        self.poller = Poller.of(self.client)
        self.ends: collections.Counter[int] = collections.Counter()
        self.followers = self.faults = self.snapshots = 0
        self.requests: collections.Counter[str] = collections.Counter()
        self.under_way = threading.Semaphore(FOLLOWERS)

    def follow(self) -> None:
        """Let one more follower come, with a job of its own or that of the one before."""
        self.under_way.acquire()
        self.followers += 1
        name = self.followers
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
                lambda news: self.on_result(name, news),
                self.on_fault,
                INTERVAL_SECONDS,
            )

    def on_result(self, name: int, operation: Operation) -> None:
        self.snapshots += 1
        if operation.resolved:
            self.ends[name] += 1
            self.under_way.release()

    def on_fault(self, fault: Exception) -> None:
        self.faults += 1

    def trim(self) -> None:
        """Forget what the simulator remembers, which would grow with time."""
        for job in list(self.simulator.jobs)[600:]:
            self.simulator.jobs.remove(job)
        self.requests.update(each.fault for each in self.simulator.requests)
        self.simulator.requests.clear()

    def sample(self) -> dict[str, float]:
        """Returns the figures that must stay flat."""
        gc.collect()
        return {
            "threads": threading.active_count(),
            "connections": self.simulator.connections,
            "RSS in MB": resident_megabytes(),
            "traced MB": tracemalloc.get_traced_memory()[0] / 1e6,
        }


def resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def trouble(simulator: Simulator, over: threading.Event) -> None:
    """Switch a fault on now and then, also more than one, until it is over."""
    while not over.wait(random.uniform(0.3, 1.2)):
        simulator.faults.add(*random.sample(FAULTS, random.randint(1, 2)))
        if random.random() < 0.1:
            simulator.drop_connections()
        over.wait(random.uniform(0.1, 0.5))
        simulator.faults.clear()
    simulator.faults.clear()


def main() -> None:
    """Soak, print the figures, and fail if anything is lost or grows."""
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
        troubles = threading.Thread(target=trouble, args=[simulator, over])
        troubles.start()
        samples, start = [], time.monotonic()
        while time.monotonic() - start < options.seconds:
            for _ in range(10):
                soak.follow()
            if not samples or time.monotonic() - start > len(samples) * options.seconds / 20:
                soak.trim()
                samples.append(soak.sample())
        over.set()
        troubles.join()
        while soak.under_way._value < FOLLOWERS and time.monotonic() - start < options.seconds + 90:
            time.sleep(0.1)
        time.sleep(1)
        left = [each.name for each in threading.enumerate() if "poller" in each.name]
        soak.trim()
        soak.client.close()
    report(soak, samples)
    assert not left, left
    assert set(soak.ends.values()) == {1}, "an end was heard twice"
    assert len(soak.ends) == soak.followers, "an end was lost"
    calm = samples[len(samples) // 4 :]
    assert max(each["threads"] for each in calm) == min(each["threads"] for each in calm)
    assert max(each["connections"] for each in calm) <= 4
    assert calm[-1]["traced MB"] - calm[0]["traced MB"] < 0.5
    assert calm[-1]["RSS in MB"] - calm[0]["RSS in MB"] < 5


def report(soak: Soak, samples: list[dict[str, float]]) -> None:
    requests, faulty = soak.requests.total(), soak.requests.total() - soak.requests[""]
    print(f"{soak.followers:,} followers heard {soak.snapshots:,} snapshots and {soak.faults:,} ")
    print(f"faults by {requests:,} requests ({faulty:,} faulty)")
    for name in samples[0]:
        figures = "  ".join(f"{each[name]:.1f}" for each in samples[:: max(1, len(samples) // 8)])
        print(f"{name:12} {figures}")


if __name__ == "__main__":
    main()
