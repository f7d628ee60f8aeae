"""Synthetic past jobs of a Tamr server, to measure `tamr_widgets.history`.

Servers differ, so there are many families, each with one difficulty: drift, steps, sessions,
bursts, outliers, heavy tails, two modes, names that vary and kinds that are rare. All share
properties of recorded servers: half of the jobs take less than some 31 s, a tenth more than 82 s, a
few take hours; jobs start 12 s after they were created, at the median. One in twelve fails or is
cancelled.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

STEPS = [
    "Materialize views [{}] to Elastic",
    "Profiling [{}] attributes.",
    "Generate Unified Dataset {}",
    "Generate Record Pairs {}",
    "Train {} Model",
    "Predict {}",
    "Cluster {}",
    "Publish clusters of {}",
    "projectExport with artifact: {}",
    "Update Record Cluster Features [{}]",
    "Apply Feedback and Update Results",
    "Index Draft Categorization",
]


@dataclass(frozen=True)
class PastJob:
    """The attributes of an Operation that JobHistory reads."""

    resource_id: str
    type: str
    description: str
    state: str
    created_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    resolved: bool = True

    def succeeded(self) -> bool:
        return self.state == "SUCCEEDED"


@dataclass
class Kind:
    """Jobs of one description: how long they take, and how much that varies from run to run."""

    description: str
    seconds: float
    spread: float


Runs = Iterator[tuple[str, float]]


def create_kinds(rng: random.Random, count: int, spread: float = 0.08) -> list[Kind]:
    """Kinds of a server, the most frequent first: most take half a minute, a few take hours."""
    site = rng.randrange(10_000)
    kinds = []
    for rank in range(count):
        step = rng.choice(STEPS)
        description = (
            step.format(f"project_{site}_{rank}") if "{}" in step else f"{step} {site} {rank}"
        )
        hours = rank > 5 and rng.random() < 0.05
        seconds = 28 * math.exp(rng.gauss(0, 0.7)) * (rng.uniform(30, 300) if hours else 1)
        kinds.append(Kind(description, seconds, spread * math.exp(rng.gauss(0, 0.4))))
    return kinds


def choose_kinds(rng: random.Random, kinds: list[Kind], jobs: int) -> Iterator[Kind]:
    """A few kinds are frequent, many are rare."""
    weights = [1 / (rank + 1) for rank in range(len(kinds))]
    yield from rng.choices(kinds, weights, k=jobs)


def steady(rng: random.Random, jobs: int) -> Runs:
    """A kind's duration varies only by noise."""
    for kind in choose_kinds(rng, create_kinds(rng, 45), jobs):
        yield kind.description, kind.seconds * math.exp(rng.gauss(0, kind.spread))


def rare(rng: random.Random, jobs: int) -> Runs:
    """A third of the jobs are of kinds with one to three runs."""
    common = choose_kinds(rng, create_kinds(rng, 25), jobs)
    infrequent = create_kinds(rng, jobs)
    for kind in common:
        chosen = rng.choice(infrequent[: jobs // 6]) if rng.random() < 0.3 else kind
        yield chosen.description, chosen.seconds * math.exp(rng.gauss(0, chosen.spread))


def names(rng: random.Random, jobs: int) -> Runs:
    """A few steps with many names; for some of the steps the name makes no difference."""
    steps = [
        (step, 25 * math.exp(rng.gauss(0, 0.6)), rng.choice([0.0, 0.05, 0.3, 0.8]))
        for step in STEPS
    ]
    levels: dict[str, float] = {}
    for _ in range(jobs):
        step, seconds, spread = rng.choice(steps)
        description = step.format(f"source_{min(int(rng.expovariate(1 / 12)), 60)}.csv")
        level = levels.setdefault(description, math.exp(rng.gauss(0, spread)))
        yield description, seconds * level * math.exp(rng.gauss(0, 0.07))


def exports(rng: random.Random, jobs: int) -> Runs:
    """One job in five is an export, whose artifact has a unique name."""
    for number, kind in enumerate(choose_kinds(rng, create_kinds(rng, 30), jobs)):
        if rng.random() < 0.2:
            name = f"projectExport with artifact: minimal_mastering-{number}"
            yield name, 9 * math.exp(rng.gauss(0, 0.15))
        else:
            yield kind.description, kind.seconds * math.exp(rng.gauss(0, kind.spread))


def drift(rng: random.Random, jobs: int) -> Runs:
    """The data grow: each run of a kind takes up to 3% longer than the previous one."""
    kinds = create_kinds(rng, 30, spread=0.06)
    growth = {kind.description: rng.uniform(0, 0.03) for kind in kinds}
    for kind in choose_kinds(rng, kinds, jobs):
        kind.seconds *= 1 + growth[kind.description]
        yield kind.description, kind.seconds * math.exp(rng.gauss(0, kind.spread))


def steps(rng: random.Random, jobs: int) -> Runs:
    """Sometimes the duration of a kind halves or doubles from one run to the next."""
    for kind in choose_kinds(rng, create_kinds(rng, 30), jobs):
        if rng.random() < 0.03:
            kind.seconds *= math.exp(rng.gauss(0, 0.6))
        yield kind.description, kind.seconds * math.exp(rng.gauss(0, kind.spread))


def sessions(rng: random.Random, jobs: int) -> Runs:
    """Jobs run in sessions of about thirty; the speed of the server changes with the session."""
    pace = 1.0
    for kind in choose_kinds(rng, create_kinds(rng, 40, spread=0.06), jobs):
        if rng.random() < 1 / 30:
            pace = math.exp(rng.gauss(0, 0.08))
        yield kind.description, kind.seconds * pace * math.exp(rng.gauss(0, kind.spread))


def bursts(rng: random.Random, jobs: int) -> Runs:
    """One job in eight runs while the server is busy, and takes up to twice as long."""
    busy = False
    for kind in choose_kinds(rng, create_kinds(rng, 35, spread=0.06), jobs):
        busy = rng.random() < (0.8 if busy else 0.03)
        pace = rng.uniform(1.1, 2.0) if busy else 1.0
        yield kind.description, kind.seconds * pace * math.exp(rng.gauss(0, kind.spread))


def heavy(rng: random.Random, jobs: int) -> Runs:
    """Heavy tails, and one run in thirty takes three to twenty times as long."""
    for kind in choose_kinds(rng, create_kinds(rng, 35), jobs):
        student = rng.gauss(0, 1) / math.sqrt(rng.gammavariate(1.25, 1 / 1.25))
        outlier = rng.uniform(3, 20) if rng.random() < 1 / 30 else 1.0
        yield kind.description, kind.seconds * outlier * math.exp(0.05 * max(-20, min(20, student)))


def skewed(rng: random.Random, jobs: int) -> Runs:
    """A fixed lower bound, and an exponential distribution above it."""
    for kind in choose_kinds(rng, create_kinds(rng, 35), jobs):
        yield kind.description, kind.seconds * (1 + rng.expovariate(1 / (1.5 * kind.spread)))


def modes(rng: random.Random, jobs: int) -> Runs:
    """A quarter of the runs of every third kind are short."""
    for kind in choose_kinds(rng, create_kinds(rng, 35), jobs):
        short = stable_hash(kind.description) % 3 == 0 and rng.random() < 0.25
        yield (
            kind.description,
            kind.seconds * (0.3 if short else 1) * math.exp(rng.gauss(0, kind.spread)),
        )


def mixed(rng: random.Random, jobs: int) -> Runs:
    """Jobs of the other families, in random order."""
    sources = [
        make(rng, jobs) for make in (steady, rare, names, drift, steps, sessions, bursts, heavy)
    ]
    for _ in range(jobs):
        yield next(rng.choice(sources))


def stable_hash(text: str) -> int:
    """A number for a text that is the same in every process."""
    return sum(map(ord, text))


FAMILIES: dict[str, Callable[[random.Random, int], Runs]] = {
    make.__name__: make
    for make in (
        steady, rare, names, exports, drift, steps, sessions, bursts, heavy, skewed, modes, mixed,
    )
}  # fmt: skip


def past(family: str, seed: int, *, jobs: int = 800, resolution: float = 0.001) -> list[PastJob]:
    """The jobs of a server in the order in which they were created.

    Args:
        family: one of FAMILIES.
        seed: the same seed makes the same jobs.
        jobs: their number, those that fail or are cancelled included.
        resolution: the unit to which the server rounds times, in seconds.
    """
    rng = random.Random(f"{family} {seed}")
    clock = 0.0
    past_jobs = []
    for number, (description, seconds) in enumerate(FAMILIES[family](rng, jobs), start=1):
        state = rng.choices(["SUCCEEDED", "FAILED", "CANCELED"], [92, 6, 2])[0]
        ran = seconds if state == "SUCCEEDED" else seconds * rng.random()
        clock += ran * rng.random() + rng.expovariate(1 / 60)
        started = clock + 12 * math.exp(rng.gauss(0, 0.6))
        created_at, started_at, ended_at = (
            datetime(2021, 1, 29, tzinfo=timezone.utc)
            + timedelta(seconds=round(at / resolution) * resolution)
            for at in (clock, started, started + ran)
        )
        past_jobs.append(
            PastJob(str(number), "SPARK", description, state, created_at, started_at, ended_at)
        )
    return past_jobs
