from __future__ import annotations

import asyncio
import gc
import sys
import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import requests
from fakes import callback_threads, fake_response, wait_until

from tamr_widgets import (
    Chain,
    ConnectionFailed,
    DeadlockError,
    Forbidden,
    NotSupported,
    Operation,
    OperationFailed,
    Poller,
    Step,
    WaitTimeout,
    notify,
)
from tamr_widgets._chain.html import reason
from tamr_widgets._operation import wait
from tamr_widgets._polling import history_loader
from tamr_widgets.simulator import Fault, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tamr_widgets import Client
    from tamr_widgets.history import QueuePlace

QUICK = 0.01
PAIRS = "projects/1/recordPairs:refresh"
UPDATE = "projects/1/unifiedDataset:refresh"


@pytest.fixture
def tamr() -> Iterator[Simulator]:
    # At this speed a cancellation takes 0.05 seconds.
    with Simulator(past_jobs=0, executors=3, speed=40) as simulator:
        yield simulator


@pytest.fixture
def client(tamr: Simulator) -> Iterator[Client]:
    with tamr.client() as client:
        yield client


@pytest.fixture
def started() -> list[str]:
    """The names of the jobs in the order in which they were started."""
    return []


@pytest.fixture
def job(tamr: Simulator, client: Client, started: list[str]) -> Callable[..., Callable[[], Any]]:
    """Returns functions that start jobs; the jobs end with the given outcomes, in order."""

    def job(name: str, *outcomes: str, seconds: float = 0.02) -> Callable[[], Operation]:
        remaining = list(outcomes)

        def start() -> Operation:
            started.append(name)
            outcome = remaining.pop(0) if remaining else "SUCCEEDED"
            number = tamr.jobs.start(
                name=name, outcome=outcome, queued_seconds=0.0, run_seconds=seconds
            )
            return client.operation(number)

        return start

    return job


@pytest.fixture
def finish(tamr: Simulator) -> Callable[[Chain], None]:
    """Ends the running jobs of a chain."""

    def finish(chain: Chain) -> None:
        for step in chain.steps:
            if step.state == "RUNNING":
                tamr.jobs.finish(step.operation.resource_id)

    return finish


def chain_of(steps: Any, **options: Any) -> Chain:
    return Chain(steps, **{"poll_interval_seconds": QUICK, **options})


def states(chain: Chain) -> str:
    return " ".join(step.state for step in chain.steps)


def waiter_of(chain: Chain) -> Callable[[Callable[[], bool]], None]:
    """Returns a function that waits for a condition, and checks it at each change of the chain."""
    changed = threading.Event()
    chain.on_change(changed.set)

    def wait_for(condition: Callable[[], bool]) -> None:
        while not condition():
            assert changed.wait(10), f"{chain}: {chain.steps}"
            changed.clear()

    return wait_for


def start_first_step(chain: Chain) -> Callable[[Callable[[], bool]], None]:
    """Starts a chain, waits until its first step runs, and returns its `waiter_of`."""
    wait_for = waiter_of(chain)
    chain.start()
    wait_for(lambda: chain.steps[0].state == "RUNNING")
    return wait_for


def test_each_job_starts_when_the_one_before_has_succeeded(job, started, client, tamr):
    chain = chain_of({"Update": job("a"), "Pairs": job("b"), "Publish": job("c")}, name="Nightly")
    assert chain.state == "WAITING"
    assert started == []

    assert chain.start() is chain
    assert chain.wait(10) is chain

    assert chain.state == "SUCCEEDED"
    assert started == ["a", "b", "c"]
    operations = [step.operation for step in chain.steps]
    assert [each.state for each in operations] == ["SUCCEEDED"] * 3
    assert operations[0].ended_at <= operations[1].created_at
    assert operations[1].ended_at <= operations[2].created_at
    assert [step.error for step in chain.steps] == [None] * 3


def test_a_second_start_has_no_effect(job, started):
    chain = chain_of({"a": job("a"), "b": job("b")})

    chain.start().start()
    chain.wait(10)
    chain.start()

    assert chain.wait(10).state == "SUCCEEDED"
    assert started == ["a", "b"]


@pytest.mark.parametrize("end", [Chain.stop, Chain.cancel])
def test_stop_and_cancel_have_no_effect_before_the_start(job, started, end):
    """The chain can still be started."""
    chain = chain_of({"a": job("a")})

    assert end(chain) is chain
    assert chain.state == "WAITING"
    assert started == []
    assert chain.start().wait(10).state == "SUCCEEDED"


def test_a_chain_can_be_made_of_endpoints(tamr):
    with Simulator(past_jobs=0, speed=1000) as quick, quick.client() as client:
        endpoints = {
            "Update": UPDATE,
            "Again": PAIRS,
        }
        chain = Chain.of(client, endpoints, "Nightly", poll_interval_seconds=QUICK).start()

        assert chain.wait(20).state == "SUCCEEDED"
        assert chain.name == "Nightly"
        assert [step.operation.client for step in chain.steps] == [client] * 2
        posts = [each.path for each in quick.requests.matching("POST")]
        assert [post.rpartition("v1/")[2] for post in posts] == list(endpoints.values())


def test_a_step_without_a_job_succeeds(client, job, started):
    noop = Operation.from_json(
        client, {"id": "-1", "type": "NOOP", "status": {"state": "SUCCEEDED"}}
    )
    chain = chain_of({"none": lambda: None, "noop": lambda: noop, "job": job("a")}).start()

    assert chain.wait(10).state == "SUCCEEDED"
    assert [step.operation is None for step in chain.steps] == [True, False, False]


def test_a_failure_blocks_only_dependent_steps(job, started):
    chain = chain_of(
        [
            Step("update", job("update")),
            Step("pairs", job("pairs", "FAILED")),
            Step("train", job("train")),
            Step("profile", job("profile"), after="update"),
        ]
    ).start()

    assert chain.wait(10).state == "FAILED"
    assert states(chain) == "SUCCEEDED FAILED BLOCKED SUCCEEDED"
    assert started == ["update", "pairs", "profile"]
    assert isinstance(chain.steps[1].error, OperationFailed)


@pytest.mark.parametrize(
    "error", [ValueError("no such project"), SystemExit(1), KeyboardInterrupt()]
)
def test_a_function_that_raises_fails_its_step(error, job, started):
    def fail() -> None:
        raise error

    chain = chain_of([("a", fail), ("b", job("b")), Step("c", job("c"), after=())]).start()

    assert chain.wait(10).state == "FAILED"
    assert states(chain) == "FAILED BLOCKED SUCCEEDED"
    assert chain.steps[0].error is error


@pytest.mark.parametrize("way", ["wait", "await"])
def test_a_step_that_waits_for_its_own_chain_fails(job, way):
    """It would wait forever."""

    async def awaited() -> None:
        await chain

    def wait() -> None:
        if way == "wait":
            chain.wait()
        asyncio.run(awaited())

    chain = chain_of({"a": wait, "b": job("b")})
    chain.start()

    assert chain.wait(10).state == "FAILED"
    assert isinstance(chain.steps[0].error, DeadlockError)


def test_the_reason_names_the_type_of_another_exception(job):
    """The text of a KeyError is only the key."""
    chain = chain_of({"a": lambda: {}["customers"]}).start().wait(10)

    assert reason(chain.steps[0]) == "KeyError: 'customers'"


@pytest.mark.parametrize("endpoints", [["projects/1"], "projects/1", {"a": 7}, {"a": None}])
def test_invalid_endpoints_are_rejected_without_a_request(client, tamr, endpoints):
    with pytest.raises(TypeError, match="by the names of their steps"):
        Chain.of(client, endpoints)
    assert len(tamr.requests) == 0


def test_a_forked_child_can_start_a_chain_that_was_not_started(job, finish):
    """Only a running chain belongs to the process that started it."""
    chain = chain_of({"a": job("a")})
    chain.renew_after_fork()
    assert chain.start().wait(10).state == "SUCCEEDED"

    running = chain_of({"a": job("a", seconds=60)})
    wait_for = waiter_of(running)
    running.start()
    wait_for(lambda: running.steps[0].state == "RUNNING")
    running.renew_after_fork()
    with pytest.raises(NotSupported, match="the process that started it"):
        running.wait()
    with pytest.raises(NotSupported, match="the process that started it"):
        running.resume()  # this process does not poll its job
    running.stop()
    finish(running)


def test_a_callback_that_blocks_does_not_delay_others(job):
    """One may send a mail while another one updates a page."""
    release, changed, ended = threading.Event(), threading.Event(), threading.Event()
    chain = chain_of({"a": job("a")})
    chain.on_ended(lambda _: release.wait(10))
    chain.on_ended(lambda _: ended.set())
    chain.on_change(lambda: chain.state == "SUCCEEDED" and changed.set())
    chain.start()

    assert changed.wait(10)
    assert ended.wait(10)
    release.set()


def test_a_function_with_an_invalid_return_value_fails_its_step(client):
    async def start() -> None:
        """Would start a job."""

    chain = chain_of([("number", lambda: 17), Step("async", start, after=())]).start()

    assert chain.wait(10).state == "FAILED"
    assert "not something of type int" in str(chain.steps[0].error)
    assert "async function" in str(chain.steps[1].error)


def test_independent_steps_run_in_parallel_up_to_the_limit(job, started, finish):
    chain = chain_of([Step(name, job(name, seconds=60), after=()) for name in "abc"], at_once=2)
    wait_for = waiter_of(chain)
    chain.start()

    wait_for(lambda: states(chain).count("RUNNING") == 2)
    assert started == ["a", "b"]
    assert chain.steps[2].state == "WAITING"
    finish(chain)
    wait_for(lambda: chain.steps[2].state == "RUNNING")
    finish(chain)
    assert chain.wait(10).state == "SUCCEEDED"


def test_stop_lets_the_running_step_end_and_starts_no_other(job, started, finish):
    chain = chain_of({"a": job("a", seconds=60), "b": job("b")})
    start_first_step(chain)

    assert chain.stop() is chain
    assert chain.state == "STOPPING"
    finish(chain)
    assert chain.wait(10).state == "STOPPED"
    assert states(chain) == "SUCCEEDED WAITING"

    assert chain.resume().wait(10).state == "SUCCEEDED"
    assert started == ["a", "b"]


def test_resume_reverts_a_stop_while_a_step_runs(job, started, finish):
    chain = chain_of({"a": job("a", seconds=60), "b": job("b")})
    start_first_step(chain)

    chain.stop().resume()
    finish(chain)

    assert chain.wait(10).state == "SUCCEEDED"
    assert started == ["a", "b"]


def test_cancel_cancels_the_running_job_and_starts_no_other(job, started, tamr):
    chain = chain_of({"a": job("a", seconds=60), "b": job("b")})
    start_first_step(chain)

    assert chain.cancel().wait(10).state == "CANCELED"
    assert states(chain) == "CANCELED BLOCKED"
    assert len(tamr.requests.matching("POST", "cancel")) == 1
    assert started == ["a"]


def test_a_second_cancel_sends_no_request(job, tamr):
    chain = chain_of({"a": job("a", seconds=60)})
    start_first_step(chain)
    tamr.faults.add(Fault.delay(0.1, method="GET"))

    chain.cancel().cancel()

    assert chain.wait(10).state == "CANCELED"
    assert len(tamr.requests.matching("POST", "cancel")) == 1


def test_the_error_of_a_cancellation_is_shown_until_the_job_ends(job, tamr, finish):
    """Without it, the chain would seem to be stopping after the next poll."""
    tamr.faults.add(Fault.status(403, path="cancel"))
    chain = chain_of({"a": job("a", seconds=60), "b": job("b")})
    wait_for = start_first_step(chain)
    chain.cancel()
    wait_for(lambda: chain.steps[0].error is not None)
    seen = len(tamr.requests)

    wait_for(lambda: len(tamr.requests) > seen + 2 or chain.steps[0].error is None)
    assert isinstance(chain.steps[0].error, Forbidden)
    finish(chain)
    chain.wait(10)
    assert states(chain) == "SUCCEEDED WAITING"
    assert chain.steps[0].error is None


def test_cancel_during_a_start_cancels_the_job_after_it(job, started, tamr):
    starting, release = threading.Event(), threading.Event()
    start = job("a", seconds=60)

    def start_slowly() -> Operation:
        starting.set()
        release.wait(10)
        return start()

    chain = chain_of({"a": start_slowly, "b": job("b")}).start()
    starting.wait(10)
    chain.cancel()
    assert chain.state == "STOPPING"
    release.set()

    assert chain.wait(10).state == "CANCELED"


def test_resume_starts_only_steps_that_have_not_succeeded(job, started):
    chain = chain_of({"a": job("a"), "b": job("b", "FAILED", "SUCCEEDED"), "c": job("c")}).start()
    assert chain.wait(10).state == "FAILED"

    assert chain.resume() is chain
    assert chain.wait(10).state == "SUCCEEDED"
    assert started == ["a", "b", "b", "c"]
    assert chain.steps[1].error is None


def test_resume_polls_a_step_whose_outcome_is_unknown(job, started, tamr, finish):
    chain = chain_of({"a": job("a", seconds=60), "b": job("b")})
    wait_for = start_first_step(chain)
    tamr.faults.add(Fault.status(403, times=1, method="GET"))

    assert chain.wait(10).state == "FAILED"
    assert states(chain) == "UNKNOWN BLOCKED"
    assert isinstance(chain.steps[0].error, Forbidden)

    chain.resume()
    wait_for(lambda: chain.steps[0].state == "RUNNING")
    finish(chain)
    assert chain.wait(10).state == "SUCCEEDED"
    assert started == ["a", "b"]


def test_a_step_whose_outcome_remains_unknown_is_not_restarted(job, started, tamr):
    """Its job may still run."""
    chain = chain_of({"a": job("a", seconds=60)})
    start_first_step(chain)
    tamr.faults.add(Fault.status(403, method="GET"))
    chain.wait(10)

    assert chain.resume().wait(10).state == "FAILED"
    assert states(chain) == "UNKNOWN"
    assert isinstance(chain.steps[0].error, Forbidden)
    assert started == ["a"]


def test_a_transient_error_is_shown_until_a_poll_succeeds(job, tamr):
    """The step continues meanwhile."""
    chain = chain_of({"a": job("a", seconds=60)})
    wait_for = start_first_step(chain)
    tamr.faults.add(Fault.status(502, method="GET"))
    wait_for(lambda: chain.steps[0].error is not None)
    assert states(chain) == "RUNNING"

    tamr.faults.clear()
    wait_for(lambda: chain.steps[0].error is None)
    tamr.jobs.finish(chain.steps[0].operation.resource_id)
    assert chain.wait(10).state == "SUCCEEDED"


def test_a_step_whose_job_was_deleted_is_restarted(job, started, tamr, finish):
    chain = chain_of({"a": job("a", seconds=60)})
    wait_for = start_first_step(chain)
    tamr.faults.add(Fault.status(403, times=1, method="GET"))
    chain.wait(10)
    tamr.jobs.remove(chain.steps[0].operation.resource_id)

    chain.resume()
    wait_for(lambda: chain.steps[0].state == "RUNNING")
    finish(chain)
    assert chain.wait(10).state == "SUCCEEDED"
    assert started == ["a", "a"]


@pytest.mark.parametrize("path", ["", r"operations/\d+$"], ids=["nothing", "not the job"])
def test_a_404_of_a_gateway_does_not_restart_the_job(job, started, tamr, finish, path):
    """Gateways, too, respond with 404 while the server behind them restarts."""
    chain = chain_of({"a": job("a", seconds=60)})
    wait_for = start_first_step(chain)
    tamr.faults.add(Fault.status(403, times=1, method="GET"), Fault.status(404, path=path))
    chain.wait(10)

    assert chain.resume().wait(10).state == "FAILED"
    assert states(chain) == "UNKNOWN"
    tamr.faults.clear()
    chain.resume()
    wait_for(lambda: chain.steps[0].state == "RUNNING")
    finish(chain)
    assert chain.wait(10).state == "SUCCEEDED"
    assert started == ["a"]


def test_a_start_is_retried_while_the_server_is_unreachable(client, tamr):
    tamr.faults.add(Fault.status(503, times=2, method="POST"))
    tamr.stop()
    chain = Chain.of(client, {"a": UPDATE}, poll_interval_seconds=QUICK)
    wait_for = waiter_of(chain)
    chain.start()
    wait_for(lambda: isinstance(chain.steps[0].error, ConnectionFailed))
    tamr.start()

    wait_for(lambda: chain.steps[0].operation is not None)
    assert chain.steps[0].error is None
    assert len(tamr.jobs) == 1
    assert chain.cancel().wait(10).state == "CANCELED"


def test_a_start_that_the_server_may_have_received_is_not_retried(job, started):
    calls = []

    def start() -> None:
        calls.append(1)
        raise requests.ConnectionError("reset")

    chain = chain_of({"a": start}).start()

    assert chain.wait(10).state == "FAILED"
    assert len(calls) == 1


def test_an_error_of_this_package_becomes_the_error_of_its_step(job):
    """The same object, with its text as the reason."""
    error = Forbidden("No permission.")

    def start() -> None:
        raise error

    chain = chain_of({"a": start}).start().wait(10)

    assert chain.state == "FAILED"
    assert chain.steps[0].error is error
    assert reason(chain.steps[0]) == "No permission."


def test_an_error_status_of_the_public_client_is_converted():
    """The error has the message of the server."""

    def start() -> None:
        raise requests.HTTPError(response=fake_response(403, {"message": "Not for ada."}))

    chain = chain_of({"a": start}).start().wait(10)

    assert chain.state == "FAILED"
    assert isinstance(chain.steps[0].error, Forbidden)
    assert "Not for ada." in reason(chain.steps[0])


def test_the_retries_of_a_start_are_limited(client, tamr, monkeypatch):
    """The last error has the number of attempts."""
    monkeypatch.setattr("tamr_widgets._chain.running.MAX_ERRORS_IN_A_ROW", 2)
    tamr.faults.add(Fault.status(503, method="POST"))
    chain = Chain.of(client, {"a": UPDATE}, poll_interval_seconds=QUICK).start()

    assert chain.wait(10).state == "FAILED"
    assert len(tamr.requests.matching("POST")) == 2
    assert "Given up after 2 consecutive errors" in reason(chain.steps[0])


def test_a_function_that_has_started_a_job_is_not_retried(client, tamr, monkeypatch):
    """Not even if its last request failed: a retry would start a second job."""
    monkeypatch.setattr(wait, "MAX_ERRORS_IN_A_ROW", 2)
    tamr.faults.add(Fault.status(503, method="GET"), Fault.status(503, path=PAIRS))

    def start_and_wait() -> Operation:
        return client.start(UPDATE, poll_interval_seconds=QUICK)

    def start_two() -> Operation:
        client.start(UPDATE, asynchronous=True)
        return client.start(PAIRS, asynchronous=True)

    def use_another_package() -> None:
        raise requests.ConnectTimeout("no")  # it may be the error of a poll

    steps = [Step(each.__name__, each, after=()) for each in (start_and_wait, start_two)]
    chain = chain_of([*steps, Step("other", use_another_package, after=())]).start()

    assert chain.wait(10).state == "FAILED"
    assert states(chain) == "FAILED FAILED FAILED"
    assert all(step.may_have_started for step in chain.steps)
    assert len(tamr.jobs) == 2


START = requests.Request("POST", "http://tamr.test/projects/1:refresh").prepare()


@pytest.mark.parametrize(
    "error",
    [
        requests.ReadTimeout("no", request=START),
        requests.HTTPError(response=fake_response(500, {}), request=START),
        requests.HTTPError(response=fake_response(404, {})),
        requests.ReadTimeout("no"),
        WaitTimeout("no", Operation(None, {}), 1, None),
    ],
    ids=["lost", "500", "failed poll", "unknown request", "timeout"],
)
def test_a_step_that_fails_after_an_unrecorded_request_may_have_started_a_job(error):
    """The public client's requests are not recorded: its poll may fail after its start."""
    responses = iter([error])

    def start() -> None:
        for each in responses:
            raise each

    chain = chain_of({"a": start}).start().wait(10)
    assert chain.steps[0].may_have_started

    assert chain.resume().wait(10).state == "SUCCEEDED"
    assert not chain.steps[0].may_have_started


def test_a_step_whose_job_has_ended_has_no_job_that_may_run(client, tamr):
    """The function has waited for the end, so its job can be started again safely."""

    def start_and_check() -> Operation:
        operation = client.start(UPDATE, asynchronous=True)
        tamr.jobs.finish(operation.resource_id, "FAILED")
        return operation.poll().check()

    chain = chain_of({"a": start_and_check}).start().wait(10)

    assert isinstance(chain.steps[0].error, OperationFailed)
    assert not chain.steps[0].may_have_started


def test_a_step_with_a_rejected_request_has_not_started_a_job(client, tamr):
    """Such as for lack of a permission, with the client of either package."""
    tamr.faults.add(Fault.status(403, method="POST"))

    def be_rejected() -> None:
        raise requests.HTTPError(response=fake_response(403, {}), request=START)

    def not_connect() -> None:
        raise requests.ConnectTimeout("no", request=START)

    steps = [
        Step("ours", lambda: client.start(UPDATE)),
        Step("other", be_rejected, after=()),
        Step("unsent", not_connect, after=()),
    ]
    chain = chain_of(steps).start().wait(10)

    assert states(chain) == "FAILED FAILED FAILED"
    assert not any(step.may_have_started for step in chain.steps)


def test_a_job_that_cannot_be_polled_is_not_restarted(job, started, monkeypatch):
    """The job runs even if no thread can be started to poll it."""

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("can't start new thread")

    chain = chain_of({"a": job("a")})
    with monkeypatch.context() as broken:
        broken.setattr(Poller, "subscribe", fail)
        assert chain.start().wait(10).state == "FAILED"
    assert states(chain) == "UNKNOWN"

    assert chain.resume().wait(10).state == "SUCCEEDED"
    assert started == ["a"]


def test_stop_ends_the_retries_of_a_start(client, tamr):
    tamr.faults.add(Fault.status(429, headers={"Retry-After": "600"}, method="POST"))
    chain = Chain.of(client, {"a": UPDATE})
    wait_for = waiter_of(chain)
    chain.start()
    wait_for(lambda: chain.steps[0].error is not None)

    assert chain.stop().wait(10).state == "STOPPED"
    assert states(chain) == "WAITING"


def test_a_new_chain_can_resume_with_earlier_operations(job, started, client, tamr):
    done = client.operation(tamr.jobs.add("SUCCEEDED"))
    failed = client.operation(tamr.jobs.add("FAILED"))
    running = client.operation(tamr.jobs.add("RUNNING"))
    steps = [Step(name, job(name), after=()) for name in ("done", "failed", "running", "new")]
    chain = chain_of(steps)

    chain.resume({"done": done, "failed": failed, "running": running})
    tamr.jobs.finish(running.resource_id)

    assert chain.wait(10).state == "SUCCEEDED"
    assert started == ["failed", "new"]
    assert chain.steps[2].operation.resource_id == running.resource_id
    with pytest.raises(ValueError, match="was not started"):
        chain.resume({"done": done})
    with pytest.raises(ValueError, match="no such step"):
        chain_of(steps).resume({"don": done})


def test_all_running_operations_passed_to_resume_are_polled(job, started, client, tamr, finish):
    """Neither their dependencies nor the limit of parallel steps delay the polls."""
    first, second = (client.operation(tamr.jobs.add("RUNNING")) for _ in range(2))
    chain = chain_of([("new", job("a")), ("first", job("b")), Step("second", job("c"), after=())])
    wait_for = waiter_of(chain)
    chain.resume({"first": first, "second": second})

    wait_for(lambda: states(chain) == "WAITING RUNNING RUNNING")
    assert chain.stop().state == "STOPPING"
    finish(chain)
    assert chain.wait(10).state == "STOPPED"
    assert states(chain) == "WAITING SUCCEEDED SUCCEEDED"
    assert started == []


def test_a_step_resumed_with_a_deleted_job_waits_for_its_dependency(job, started, client, tamr):
    deleted = client.operation(tamr.jobs.start(queued_seconds=0, run_seconds=60))
    tamr.jobs.remove(deleted.resource_id)

    chain = chain_of({"a": job("a"), "b": job("b")}).resume({"b": deleted})

    assert chain.wait(10).state == "SUCCEEDED"
    assert started == ["a", "b"]


def test_resume_after_success_does_not_call_on_ended_again(job):
    """A script may call it after each run."""
    ends: list[str] = []
    chain = chain_of({"a": job("a")})
    chain.on_ended(lambda ended: ends.append(ended.state))
    chain.start().wait(10)
    wait_until(lambda: ends)

    chain.resume().wait(10)
    last = threading.Event()
    chain.on_ended(lambda _: last.set())
    assert last.wait(10)
    assert ends == ["SUCCEEDED"]


def test_a_chain_can_be_awaited(job):
    async def run() -> Chain:
        return await chain_of({"a": job("a")}).start()

    assert asyncio.run(run()).state == "SUCCEEDED"


def test_a_wait_for_a_chain_that_was_not_started_is_an_error(job):
    with pytest.raises(NotSupported, match=r"start\(\)"):
        chain_of({"a": job("a")}).wait()


def test_a_wait_that_times_out_leaves_the_chain_running(job, finish):
    chain = chain_of({"a": job("a", seconds=60)})
    start_first_step(chain)

    with pytest.raises(TimeoutError, match="did not end within 0 seconds"):
        chain.wait(0)
    finish(chain)
    assert chain.wait(10).state == "SUCCEEDED"


def test_callbacks_are_called_at_each_end_and_each_change(job):
    chain = chain_of({"a": job("a", "FAILED", "SUCCEEDED")})
    ends: list[str] = []
    called = threading.Condition()

    def on_ended(ended: Chain) -> None:
        with called:
            ends.append(ended.state)
            called.notify_all()

    chain.on_ended(on_ended)
    chain.on_ended(lambda _: sys.exit())
    remove = chain.on_change(lambda: 1 / 0)
    chain.start().wait(10)
    remove()
    with called:
        assert called.wait_for(lambda: ends == ["FAILED"], 10)
    chain.resume().wait(10)
    with called:
        assert called.wait_for(lambda: ends == ["FAILED", "SUCCEEDED"], 10)
    chain.on_ended(on_ended)
    with called:
        assert called.wait_for(lambda: len(ends) == 3, 10)


@pytest.mark.parametrize("kind", ["on_change", "on_ended"])
def test_a_removed_callback_is_not_called(job, kind):
    """Its queued calls are dropped, too, and it can be garbage-collected."""
    calls: list[tuple[Any, ...]] = []
    entered, release = threading.Event(), threading.Event()

    def callback(*args: Any) -> None:
        calls.append(args)
        entered.set()
        release.wait(10)

    chain = chain_of({"a": job("a", "FAILED")})
    remove = getattr(chain, kind)(callback)
    chain.start().wait(10)
    assert entered.wait(10)
    chain.resume().wait(10)

    remove()
    gone = weakref.ref(callback)
    del callback
    release.set()
    wait_until(lambda: not callback_threads())
    gc.collect()
    remove()

    assert len(calls) == 1
    assert gone() is None


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"at_once": 0}, ValueError),
        ({"at_once": True}, ValueError),
        ({"name": 7}, TypeError),
        ({"poll_interval_seconds": -1}, ValueError),
    ],
)
def test_arguments_are_checked_at_once(options, error):
    with pytest.raises(error):
        chain_of({"a": lambda: None}, **options)


def test_a_waiting_step_has_the_estimate_of_its_description(monkeypatch):
    monkeypatch.setattr(history_loader, "URGENT_SECONDS", 0.0)
    with Simulator(past_jobs=100, speed=20) as tamr, tamr.client() as client:
        chain = chain_of(
            [
                Step("first", partial(client.start, PAIRS, asynchronous=True)),
                Step("later", lambda: None, description="Train Mastering Model"),
                Step("unknown", lambda: None),
            ],
        )
        wait_for = waiter_of(chain)
        chain.start()

        wait_for(lambda: all(step.estimate for step in chain.steps[:2]))
        assert chain.steps[2].estimate is None
        chain.cancel().wait(10)


def test_the_start_of_a_queued_step_is_estimated_from_the_jobs_ahead(monkeypatch):
    """An OperationWidget of the same job has the same estimate, which is not from past queues."""
    monkeypatch.setattr(history_loader, "URGENT_SECONDS", 0.0)
    with Simulator(past_jobs=100, speed=20) as tamr, tamr.client() as client:
        client.start(UPDATE, asynchronous=True)
        start = partial(client.start, PAIRS, asynchronous=True)
        chain = chain_of({"second": start})
        wait_for = waiter_of(chain)
        chain.start()

        def place() -> QueuePlace | None:
            operation = chain.steps[0].operation
            return Poller.of(client).waiting(operation) if operation else None

        # Its first place may be from before the history is loaded.
        wait_for(lambda: (found := place()) is not None and found.estimate is not None)
        assert len(place().ahead) == 1
        assert chain.steps[0].queue == place().estimate
        chain.cancel().wait(10)


def test_repr_has_the_state_and_the_progress(job):
    chain = chain_of({"a": job("a"), "b": job("b")}, name="Nightly")

    assert repr(chain) == "<Chain 'Nightly': WAITING, 0 of 2 steps succeeded>"
    assert repr(chain.start().wait(10)) == "<Chain 'Nightly': SUCCEEDED, 2 of 2 steps succeeded>"
    assert repr(chain.steps[0]).startswith("<a: SUCCEEDED, operation ")


def test_a_notification_is_sent_at_each_end_of_a_chain(job):
    """Its text has the reason of each failed step."""
    chain = chain_of({"a": job("a"), "b": job("b", "FAILED", "SUCCEEDED")}, name="Nightly")
    received: list[tuple[str, str]] = []
    arrived = threading.Condition()

    def inbox(title: str, text: str) -> None:
        with arrived:
            received.append((title, text))
            arrived.notify_all()

    every, failures = notify(chain, inbox), notify(chain, inbox, when="failed")
    chain.start().wait(10)
    with arrived:
        assert arrived.wait_for(lambda: len(received) == 2, 10)
    failures.close()
    chain.resume().wait(10)
    with arrived:
        assert arrived.wait_for(lambda: len(received) == 3, 10)

    assert received[0] == received[1]
    title, text = received[0]
    assert title == "Failed: Nightly"
    assert text.startswith("Failed: Nightly, 1 of 2 steps succeeded: b, job 2 on 127.0.0.1:")
    assert received[2][1] == "Succeeded: Nightly, 2 of 2 steps succeeded"
    every.close()


def test_a_success_sends_no_notification_of_a_failure(job):
    """The notification stays open for the next end."""
    chain = chain_of({"a": job("a")})
    texts: list[str] = []
    with notify(chain, lambda _, text: texts.append(text), when="failed"):
        chain.start().wait(10)
        wait_until(lambda: not callback_threads())

    assert texts == []


def test_a_notification_is_sent_for_each_of_many_chains():
    """An id of an object does not identify its chain: Python reuses it after a deletion."""
    received: list[str] = []

    def inbox(_: str, text: str) -> None:
        received.append(text)

    for number in range(12):
        chain = chain_of({"a": lambda: None})
        notify(chain, inbox)
        chain.start().wait(10)
        wait_until(lambda number=number: len(received) == number + 1)
        del chain
        gc.collect()


@pytest.mark.parametrize("when", ["ended", "failed"])
def test_a_chain_does_not_reference_a_closed_notification(job, when):
    """The cell of a chain may run many times while the chain exists."""
    chain = chain_of({"a": job("a")})
    handle = notify(chain, print, when)
    gone = weakref.ref(handle)

    handle.close()
    del handle
    gc.collect()

    assert gone() is None
    assert chain.state == "WAITING"


def test_a_closed_notification_does_not_reference_its_chain(job):
    """The handle may be a variable of a notebook."""
    chain = chain_of({"a": job("a")})
    handle = notify(chain, print)
    gone = weakref.ref(chain)

    handle.close()
    handle.close()
    del chain
    gc.collect()

    assert gone() is None


def test_repr_has_no_control_characters_of_a_server(job, tamr):
    """A terminal would interpret them."""
    tamr.faults.add(Fault.job_state("\x1b[2JENDS\nSOON"))
    chain = chain_of({"a": job("a")})
    wait_for = waiter_of(chain)
    chain.start()
    wait_for(lambda: chain.steps[0].operation is not None)

    assert repr(chain.steps[0]) == "<a: [2JENDS SOON, operation 1>"
    tamr.faults.clear()
    chain.wait(10)


def test_notify_of_a_chain_rejects_late(job):
    with pytest.raises(ValueError, match="'ended' or 'failed'"):
        notify(chain_of({"a": job("a")}), print, when="late")
