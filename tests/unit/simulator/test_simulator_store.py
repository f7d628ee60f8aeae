from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from tamr_widgets.simulator import history
from tamr_widgets.simulator.clock import Clock
from tamr_widgets.simulator.jobs.durations import DurationModel
from tamr_widgets.simulator.jobs.store import JobStore


@pytest.fixture
def server_clock(clock: Any) -> Clock:
    return Clock(clock)


@pytest.fixture
def jobs(server_clock: Clock) -> JobStore:
    return JobStore(server_clock, DurationModel(seed=1))


def test_ids_continue_after_those_of_past_jobs(server_clock: Clock) -> None:
    """A server with 5 past jobs gives the next job the id 6."""
    jobs = JobStore(server_clock, DurationModel(seed=1), past=5)

    assert jobs.start("train") == "6"
    assert len(jobs) == 6
    assert next(iter(jobs)) == "6"


def test_a_started_job_changes_its_state_with_the_clock(jobs: JobStore, clock: Any) -> None:
    """No call is needed for this."""
    job = jobs.start("train", queued_seconds=10, run_seconds=20)
    states = []

    for _ in range(4):
        states.append(jobs.state(job))
        clock.advance(11)

    assert states == ["PENDING", "RUNNING", "RUNNING", "SUCCEEDED"]


def test_speed_divides_durations(server_clock: Clock, clock: Any) -> None:
    """At a hundred times the speed, a job of a minute ends after a second or two."""
    jobs = JobStore(server_clock, DurationModel(seed=1, speed=100))
    job = jobs.start("train")

    clock.advance(2)

    assert jobs.state(job) == "SUCCEEDED"


def test_the_list_has_the_same_documents_newest_first(jobs: JobStore, clock: Any) -> None:
    """It has each operation as a single request returns it, also after a change."""
    for kind in ("train", "pairs", "export"):
        jobs.start(kind)

    for _ in range(3):
        assert json.loads(jobs.listing()) == [jobs.get(job) for job in jobs]
        clock.advance(40)


def test_an_unchanged_list_is_not_built_again(jobs: JobStore, clock: Any) -> None:
    """The same bytes are served again until a job changes."""
    jobs.start("train", queued_seconds=100)
    first = jobs.listing()
    clock.advance(1)

    assert jobs.listing() is first
    clock.advance(100)
    assert jobs.listing() is not first


@pytest.mark.parametrize(
    "state", ["PENDING", "RUNNING", "CANCELING", "CANCELED", "SUCCEEDED", "FAILED", "EXPORTING"]
)
def test_a_job_can_be_added_in_any_state(jobs: JobStore, clock: Any, state: str) -> None:
    """It stays in this state while the clock moves."""
    job = jobs.add(state)
    clock.advance(10_000)

    status = jobs.get(job)["status"]

    assert status["state"] == state
    assert bool(status["startTime"]) == (state != "PENDING")
    assert bool(status["endTime"]) == (state in {"CANCELED", "SUCCEEDED", "FAILED"})


def test_a_job_can_be_added_with_other_fields(jobs: JobStore) -> None:
    """One call sets all the fields that a test needs."""
    job = jobs.add("RUNNING", description="<b>bold</b>", status={"message": "step 3"})

    assert jobs.get(job)["description"] == "<b>bold</b>"
    assert jobs.get(job)["status"]["message"] == "step 3"
    assert jobs.get(job)["status"]["state"] == "RUNNING"


@pytest.mark.parametrize("status", [None, {}, "RUNNING", ["RUNNING"], 7])
def test_a_status_can_be_anything(jobs: JobStore, status: object) -> None:
    """A status of any shape is served unchanged; an empty dict removes all fields."""
    job = jobs.put({"id": "5", "status": status})

    assert jobs.get(job) == {"id": "5", "status": status}
    assert json.loads(jobs.listing())[0] == {"id": "5", "status": status}
    assert jobs.state(job) is None


def test_change_merges_a_dict_into_the_status(
    jobs: JobStore,
) -> None:
    """Any other value replaces the status."""
    job = jobs.add("RUNNING")

    jobs.change(job, status={"state": "SUCCEEDED"})
    assert jobs.get(job)["status"]["startTime"]
    jobs.change(job, status=None)

    assert jobs.get(job)["status"] is None


def test_a_history_can_be_put(jobs: JobStore) -> None:
    """The documents of `history` are listed in the same order."""
    documents = history(20)

    jobs.put_all(documents)

    assert json.loads(jobs.listing()) == documents


@pytest.mark.parametrize("outcome", ["SUCCEEDED", "FAILED"])
def test_finish_ends_a_job_now(jobs: JobStore, clock: Any, outcome: str) -> None:
    """A test need not wait for the end of a job."""
    job = jobs.start("train", queued_seconds=10, run_seconds=1000)
    clock.advance(60)

    jobs.finish(job, outcome)

    status = jobs.get(job)["status"]
    assert status["state"] == outcome
    assert status["startTime"] == "2021-01-29T12:00:10.000Z"
    assert status["endTime"] == "2021-01-29T12:01:00.000Z"
    assert bool(status["message"]) == (outcome == "FAILED")


def test_cancel_passes_through_canceling(jobs: JobStore, clock: Any) -> None:
    """A job is CANCELING, and two seconds later CANCELED; a second cancel has no effect."""
    job = jobs.start("train", queued_seconds=0, run_seconds=100)
    clock.advance(50)

    jobs.cancel(job)
    assert jobs.state(job) == "CANCELING"
    clock.advance(1)
    jobs.cancel(job)
    clock.advance(1)

    assert jobs.state(job) == "CANCELED"


def test_a_document_that_is_cancelled_stays_in_canceling(jobs: JobStore) -> None:
    """A document does not change by itself: a test sets its next state."""
    running, ended = jobs.add("RUNNING"), jobs.add("FAILED")

    jobs.cancel(running)
    jobs.cancel(ended)

    assert jobs.state(running) == "CANCELING"
    assert jobs.state(ended) == "FAILED"


def test_a_removed_job_is_unknown(jobs: JobStore) -> None:
    """It is not in the list, and `get` raises a KeyError."""
    job = jobs.start("train")

    jobs.remove(job)

    assert job not in jobs
    assert json.loads(jobs.listing()) == []
    with pytest.raises(KeyError):
        jobs.get(job)


def test_only_exports_can_be_deleted_by_default(jobs: JobStore) -> None:
    """Deletion can be allowed for all or for one, and refused for one."""
    spark, export = jobs.start("train"), jobs.start("export")
    assert [jobs.deletable(job) for job in (spark, export)] == [False, True]

    jobs.allow_delete(spark)
    jobs.allow_delete(export, allowed=False)
    assert [jobs.deletable(job) for job in (spark, export)] == [True, False]

    jobs.deletes = True
    assert jobs.deletable(jobs.start("pairs"))


def test_two_exports_in_one_millisecond_have_different_ids(jobs: JobStore) -> None:
    """Their ids are made from names and times."""
    first, second = jobs.start("export", name="people"), jobs.start("export", name="people")

    assert first == "projectExport-people-2021-01-29_12-00-00-000"
    assert second.startswith(first)
    assert len(jobs) == 2


@pytest.mark.usefixtures("quick_switches")
@pytest.mark.parametrize("rounds", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_threads_can_use_one_store(jobs: JobStore, clock: Any, rounds: int) -> None:
    """Jobs that are started, listed and cancelled by many threads are all there."""

    def work() -> None:
        for _ in range(rounds):
            job = jobs.start("train")
            clock.advance(0.1)
            jobs.listing()
            jobs.cancel(job)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({job["id"] for job in json.loads(jobs.listing())}) == 8 * rounds


def test_finish_resolves_a_document(jobs: JobStore) -> None:
    """A document that was put in a state can be moved to its end."""
    job = jobs.add("RUNNING")

    jobs.finish(job)

    assert jobs.state(job) == "SUCCEEDED"


def test_a_cleared_store_is_empty_and_does_not_reuse_ids(jobs: JobStore) -> None:
    first = jobs.start("train")

    jobs.clear()

    assert json.loads(jobs.listing()) == []
    assert jobs.start("train") != first
