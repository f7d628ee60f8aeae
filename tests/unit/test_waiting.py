"""Waits for many operations: order, errors, deadlines, event loops, interrupts and requests."""

from __future__ import annotations

import _thread
import asyncio
import concurrent.futures
import gc
import pickle
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from fakes import wait_until
from polling import drive

from tamr_widgets import (
    Client,
    ClientClosed,
    Forbidden,
    Operation,
    OperationTypeError,
    Poller,
    WaitTimeout,
    as_completed,
    wait_all,
)
from tamr_widgets._polling.futures import OperationFuture
from tamr_widgets.simulator import Fault, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOON = {"poll_interval_seconds": 0.01}


@pytest.fixture
def tamr(early_polls) -> Iterator[Simulator]:
    with Simulator(past_jobs=0, executors=100) as simulator:
        yield simulator


@pytest.fixture
def client(tamr) -> Iterator[Client]:
    with tamr.client() as client:
        yield client


def has_no_poller_thread(client: Client) -> bool:
    """Whether the client's poller has no thread, and so no subscription."""
    name = f"tamr_widgets poller {id(Poller.of(client)):x}"
    return all(thread.name != name for thread in threading.enumerate())


def running(tamr: Simulator, client: Client, count: int = 1) -> list[Operation]:
    jobs = [tamr.jobs.add("RUNNING") for _ in range(count)]
    return [Operation(client, tamr.jobs.get(each)) for each in jobs]


def ignore(_: Operation) -> None:
    pass


def collect(
    operations: Any, then: Callable[[Operation], None] = ignore, **options: Any
) -> list[Operation]:
    ended = []
    for each in as_completed(operations, **options):
        ended.append(each)
        then(each)
    return ended


def collect_async(
    operations: Any, then: Callable[[Operation], None] = ignore, **options: Any
) -> list[Operation]:
    async def collected() -> list[Operation]:
        ended = []
        async for each in as_completed(operations, **options):
            ended.append(each)
            then(each)
        return ended

    return asyncio.run(collected())


@pytest.fixture(params=[collect, collect_async], ids=["for", "async for"])
def collected(request) -> Any:
    """Collects the operations of as_completed in a list, with `for` or with `async for`.

    `then` is called with each when it is yielded.
    """
    return request.param


def test_wait_all_returns_operations_in_the_given_order(tamr, client):
    """The order in which they end has no effect, nor has the outcome."""
    jobs = running(tamr, client, 3)
    for job, state in zip(jobs[::-1], ("FAILED", "CANCELED", "SUCCEEDED"), strict=True):
        tamr.jobs.finish(job.resource_id, state)

    resolved = wait_all(jobs, **SOON)

    assert [each.resource_id for each in resolved] == [each.resource_id for each in jobs]
    assert [each.state for each in resolved] == ["SUCCEEDED", "CANCELED", "FAILED"]


def test_as_completed_yields_each_operation_when_it_ends(tamr, client, collected):
    """The first to end is the first that is yielded."""
    jobs = running(tamr, client, 3)
    first, *later = [jobs[each].resource_id for each in (1, 2, 0)]
    remaining = list(later)

    def end_next(_: Operation) -> None:
        if remaining:
            tamr.jobs.finish(remaining.pop(0))

    tamr.jobs.finish(first)
    ended = collected(jobs, end_next, **SOON)

    assert [each.resource_id for each in ended] == [first, *later]


def test_an_empty_list_needs_no_wait(collected):
    assert wait_all([]) == collected([]) == []


def test_an_operation_that_is_given_twice_is_returned_twice(tamr, client, collected):
    """A progress bar with the length of the list then reaches its end."""
    (job,) = running(tamr, client)
    tamr.jobs.finish(job.resource_id)

    assert [each.state for each in wait_all([job, job], **SOON)] == ["SUCCEEDED"] * 2
    assert len(collected([job, job], **SOON)) == 2


def test_resolved_operations_need_no_request(tamr, client, collected):
    ids = [tamr.jobs.add("SUCCEEDED") for _ in range(3)]
    jobs = [Operation(client, tamr.jobs.get(each)) for each in ids]

    assert wait_all(jobs) == collected(jobs) == jobs
    assert len(tamr.requests) == 0


def test_operations_of_several_servers_are_waited_for_together(tamr, client, collected):
    """Each server has its own poller."""
    with Simulator(past_jobs=0) as other, other.client() as other_client:
        jobs = [*running(tamr, client), *running(other, other_client)]
        tamr.jobs.finish(jobs[0].resource_id)
        other.jobs.finish(jobs[1].resource_id)

        ended = collected(jobs, **SOON)

        assert {each.client.origin for each in ended} == {tamr.url, other.url}
        wait_until(lambda: has_no_poller_thread(other_client))


def test_an_error_of_one_operation_is_raised_at_its_turn(tamr, client):
    """The iterator continues with the others."""
    bad, good = running(tamr, client, 2)
    tamr.faults.add(Fault.status(403, path=f"operations/{bad.resource_id}"))
    waits = as_completed([bad, good], **SOON)

    with pytest.raises(Forbidden):
        next(waits)
    tamr.jobs.finish(good.resource_id)

    assert next(waits).resource_id == good.resource_id
    assert next(waits, None) is None


def test_wait_all_waits_for_the_others_before_it_raises(tamr, client):
    """The error is that of the first failed wait in the given order."""
    bad, good = running(tamr, client, 2)
    tamr.faults.add(Fault.status(403, path=f"operations/{bad.resource_id}"))
    threading.Timer(0.15, tamr.jobs.finish, (good.resource_id,)).start()
    start = time.monotonic()

    with pytest.raises(Forbidden):
        wait_all([bad, good], poll_interval_seconds=0.05)

    assert time.monotonic() - start >= 0.15


def test_one_deadline_applies_to_all_operations(tamr, client, collected):
    """Those that ended in time are yielded before the error, which names one of the others."""
    first, *others = running(tamr, client, 3)
    tamr.jobs.finish(first.resource_id)
    ended: list[Operation] = []
    waits = as_completed([*others, first], 0.2, poll_interval_seconds=0.08)

    with pytest.raises(WaitTimeout, match="2 of 3 operations did not end in time") as raised:
        ended.extend(waits)

    assert [each.resource_id for each in ended] == [first.resource_id]
    assert raised.value.operation.resource_id in {each.resource_id for each in others}
    assert raised.value.waited_seconds >= 0.2
    wait_until(lambda: has_no_poller_thread(client))
    with pytest.raises(WaitTimeout):
        collected(others, timeout_seconds=0, **SOON)


def test_an_end_just_before_the_deadline_is_detected(tamr, client, collected, monkeypatch):
    """One last poll starts at the deadline, also if the next one is not due yet."""
    monkeypatch.setattr("tamr_widgets._polling.target.EARLY_SECONDS", 60.0)
    jobs = running(tamr, client, 2)
    for job in jobs:
        threading.Timer(0.1, tamr.jobs.finish, (job.resource_id,)).start()

    ended = collected(jobs, timeout_seconds=0.3, poll_interval_seconds=60)

    assert len(ended) == 2


@pytest.mark.parametrize("value", [None, 3, "17", [3], [None], object()])
def test_a_value_that_is_no_operation_is_refused_at_once(value):
    """No operation is polled before."""
    for wait in (wait_all, as_completed):
        with pytest.raises(OperationTypeError):
            wait(value)


@pytest.mark.parametrize("name", ["timeout_seconds", "poll_interval_seconds"])
def test_negative_seconds_are_refused_at_once(name):
    """The error names the argument."""
    for wait in (wait_all, as_completed):
        with pytest.raises(ValueError, match=name):
            wait([], **{name: -1})


def test_a_snapshot_without_a_client_is_refused_at_once(tamr, client):
    """It was unpickled, so it cannot be polled."""
    (job,) = running(tamr, client)
    unpickled = pickle.loads(pickle.dumps(job))

    for wait in (wait_all, as_completed, lambda jobs: jobs[0].future()):
        with pytest.raises(ClientClosed):
            wait([unpickled])


def test_ctrl_c_ends_the_polling_and_not_the_jobs(tamr, client):
    """The traceback of the interrupt keeps the iterator, which has no effect."""
    jobs = running(tamr, client, 3)
    threading.Timer(0.2, _thread.interrupt_main).start()

    with pytest.raises(KeyboardInterrupt) as raised:
        wait_all(jobs)

    assert raised.value._render_traceback_() == ["Stopped waiting. The job goes on."]
    wait_until(lambda: has_no_poller_thread(client))
    assert tamr.jobs.state(jobs[0].resource_id) == "RUNNING"


def test_ctrl_c_at_the_start_ends_the_polling(tamr, client, monkeypatch):
    """With hundreds of operations, it may occur before the last one is polled."""
    jobs = running(tamr, client, 2)
    subscribe = Poller.subscribe

    def interrupted(poller: Poller, operation: Operation, *args: Any, **options: Any) -> Any:
        if operation is jobs[1]:
            raise KeyboardInterrupt
        return subscribe(poller, operation, *args, **options)

    monkeypatch.setattr(Poller, "subscribe", interrupted)
    waits = as_completed(jobs)
    with pytest.raises(KeyboardInterrupt):
        next(waits)

    wait_until(lambda: has_no_poller_thread(client))
    assert list(waits) == []


def test_leaving_a_loop_ends_the_polling(tamr, client):
    """The iterator need not be closed."""
    first, *others = running(tamr, client, 3)
    tamr.jobs.finish(first.resource_id)

    for operation in as_completed([first, *others], **SOON):
        assert operation.resource_id == first.resource_id
        break

    gc.collect()
    wait_until(lambda: has_no_poller_thread(client))


@pytest.mark.parametrize("way", ["await", "gather", "async for", "future"])
def test_a_cancelled_task_ends_its_subscriptions(tamr, client, way, caplog):
    """No thread is left, and no error that is never retrieved."""
    jobs = running(tamr, client, 2)

    async def wait() -> Any:
        if way == "await":
            return await jobs[0]
        if way == "gather":
            return await asyncio.gather(*jobs)
        if way == "future":
            return await asyncio.wrap_future(jobs[0].future())
        return [each async for each in as_completed(jobs)]

    async def give_up() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(wait(), 0.05)

    asyncio.run(give_up())

    wait_until(lambda: has_no_poller_thread(client))
    assert not caplog.records


def test_an_operation_can_be_awaited_in_loops_of_several_threads(tamr, client):
    """Each loop receives the end of the same job."""
    (job,) = running(tamr, client)
    states: list[str | None] = []

    async def wait() -> None:
        states.append((await job).state)

    threads = [threading.Thread(target=asyncio.run, args=(wait(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    tamr.jobs.finish(job.resource_id, "FAILED")
    for thread in threads:
        thread.join(10)

    assert states == ["FAILED"] * 3


def test_await_does_not_block_the_loop(tamr, client):
    """Other coroutines run while it waits."""
    (job,) = running(tamr, client)

    async def main() -> Operation:
        waiting = asyncio.ensure_future(asyncio.gather(job))
        await asyncio.sleep(0)
        tamr.jobs.finish(job.resource_id)
        return (await waiting)[0]

    assert asyncio.run(main()).succeeded()


def test_a_callback_of_a_future_may_wait_for_another_job(tamr, client):
    """It does not block the poller's thread."""
    first, second = running(tamr, client, 2)
    states: list[str | None] = []
    future = first.future(0.05)
    future.add_done_callback(lambda _: states.append(second.future(0.05).result(10).state))
    tamr.jobs.finish(first.resource_id)

    assert future.result(10).succeeded()
    tamr.jobs.finish(second.resource_id, "CANCELED")
    wait_until(lambda: states == ["CANCELED"])


def test_cancelling_a_future_ends_its_polling(tamr, client):
    """The job continues."""
    (job,) = running(tamr, client)
    future = job.future()

    assert future.cancel()
    wait_until(lambda: has_no_poller_thread(client))
    assert tamr.jobs.state(job.resource_id) == "RUNNING"


def test_cancelling_a_future_ends_the_waits_for_it(tamr, client, caplog):
    """Otherwise `concurrent.futures.wait` would never return."""
    (job,) = running(tamr, client)
    future = job.future()

    future.cancel()
    future.cancel()

    assert concurrent.futures.wait([future], 0).done == {future}
    assert list(concurrent.futures.as_completed([future], 0)) == [future]
    assert not caplog.records


def test_a_detected_end_is_no_timeout(fake, monkeypatch):
    """With hundreds of operations, threads that set the results may start after the deadline."""
    future = OperationFuture(fake.add("1"))
    monkeypatch.setattr(threading.Thread, "start", lambda _: None)

    future.on_operation(fake.add("1", "SUCCEEDED"))
    future.time_out()

    assert future.result(0).succeeded()


def test_twenty_jobs_of_27_seconds_need_up_to_40_requests(fake, driven, monkeypatch):
    """At an interval of 1 s, a thread for each job would send over 400."""
    monkeypatch.setattr(Poller, "of", lambda _: driven)
    futures = [each.future(1) for each in fake.add_many(20)]
    for second in range(27):
        drive(driven, fake.clock, 1)
        if second >= 7:
            fake.end(str(second - 6))
    drive(driven, fake.clock, 2)

    assert all(future.result(10).succeeded() for future in futures)
    assert fake.count() <= 40
