from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import datetime
from itertools import pairwise
from statistics import median, quantiles

import pytest

from tamr_widgets.simulator import history
from tamr_widgets.simulator.clock import Clock, iso
from tamr_widgets.simulator.jobs.durations import DurationModel
from tamr_widgets.simulator.jobs.seed import past_jobs

UNTIL = 1_611_945_000.0


def run_seconds(operation: dict) -> float:
    status = operation["status"]
    return (parsed(status["endTime"]) - parsed(status["startTime"])).total_seconds()


def parsed(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.fixture(scope="module")
def operations() -> list[dict]:
    return history(1200, seed=7)


def test_a_seed_determines_the_past() -> None:
    """The same seed gives the same documents, and another seed others."""
    assert history(50, seed=3) == history(50, seed=3)
    assert history(50, seed=3) != history(50, seed=4)


@pytest.mark.parametrize("count", [0, 1, 400])
def test_a_past_is_as_long_as_requested(count: int) -> None:
    """It may also be empty."""
    assert len(history(count)) == count


def test_every_job_has_ended_before_the_present(operations: list[dict]) -> None:
    """No past job is running, or ends after the time at which the past ends."""
    latest = max(operation["lastModified"]["time"] for operation in operations)

    assert {each["status"]["state"] for each in operations} == {"SUCCEEDED", "FAILED", "CANCELED"}
    assert latest == iso(UNTIL - 60)


def test_ids_are_unique_and_the_newest_comes_first(operations: list[dict]) -> None:
    """The list is in the order of `GET operations`."""
    numbers = [int(each["created"]["version"]) for each in operations]

    assert numbers == sorted(numbers, reverse=True)
    assert len({each["id"] for each in operations}) == len(operations)


def test_nearly_all_jobs_succeed_and_a_few_percent_do_not(operations: list[dict]) -> None:
    """Failures and cancellations are as rare as on a real server."""
    states = Counter(each["status"]["state"] for each in operations)

    assert 0.01 < states["FAILED"] / len(operations) < 0.06
    assert 0.005 < states["CANCELED"] / len(operations) < 0.05


def test_running_times_are_those_of_a_real_server(operations: list[dict]) -> None:
    """The median is half a minute, nine of ten are below two minutes, and some are hours."""
    times = [run_seconds(each) for each in operations if each["status"]["state"] == "SUCCEEDED"]

    assert 25 < median(times) < 45
    assert 60 < quantiles(times, n=10)[-1] < 120
    assert max(times) > 3600


def test_a_dozen_kinds_with_names_in_their_descriptions(operations: list[dict]) -> None:
    """Some descriptions name the dataset or project of the job."""
    descriptions = {each["description"].partition("[")[0].partition(":")[0] for each in operations}

    assert len(descriptions) >= 12
    assert any(each["description"].startswith("Materialize views [") for each in operations)
    assert any(each["type"] == "projectExport" for each in operations)


def test_durations_of_one_description_vary_by_a_few_percent(
    operations: list[dict],
) -> None:
    """They have a noise of about 6 % from run to run, around a median that drifts."""
    runs = defaultdict(list)
    for each in reversed(operations):
        if each["status"]["state"] == "SUCCEEDED":
            runs[each["description"]].append(math.log(run_seconds(each)))
    steps = [
        abs(later - earlier)
        for times in runs.values()
        if len(times) >= 20
        for earlier, later in pairwise(times)
    ]

    # the difference of two draws with 6% of noise is 0.06 * sqrt(2) * 0.67 at the median
    assert 0.04 < median(steps) < 0.08
    # outliers take several times as long as usual
    assert max(steps) > math.log(2)


def test_bursts_make_jobs_queue(operations: list[dict]) -> None:
    """A job starts after some twelve seconds, and after minutes if many are created at once."""
    queued = [
        (parsed(each["status"]["startTime"]) - parsed(each["created"]["time"])).total_seconds()
        for each in operations
        if each["status"]["startTime"] and each["type"] == "SPARK"
    ]

    assert 9 < median(queued) < 25
    assert quantiles(queued, n=20)[-1] > 60
    assert min(queued) > 0


def test_speed_divides_the_durations_of_the_past() -> None:
    """Estimates from the past then fit live jobs."""
    slow = past_jobs(50, DurationModel(seed=5), until=UNTIL)
    fast = past_jobs(50, DurationModel(seed=5, speed=10), until=UNTIL)

    assert [job.ran for job in fast] == pytest.approx([job.ran / 10 for job in slow])
    assert [job.queued for job in fast] == pytest.approx(
        [job.queued / 10 for job in slow], abs=1e-3
    )


def test_a_clock_can_have_an_offset() -> None:
    """The server's clock may be an hour ahead of the machine's."""
    assert Clock(lambda: 100.0, offset_seconds=3600)() == 3700


def test_a_clock_follows_the_monotonic_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Setting the machine's clock does not change the server's."""
    clock = Clock()
    before = clock()

    monkeypatch.setattr("time.time", lambda: 0.0)

    assert 0 <= clock() - before < 5
