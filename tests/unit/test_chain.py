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
    # By its speed, cancellations take 0.05 seconds.
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
    """Makes functions that start jobs, which end with each of the outcomes in turn."""

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
    """Ends the jobs of a chain that run."""

    def finish(chain: Chain) -> None:
        for step in chain.steps:
            if step.state == "RUNNING":
                tamr.jobs.finish(step.operation.resource_id)

    return finish


def chain_of(steps: Any, **options: Any) -> Chain:
    return Chain(steps, **{"poll_interval_seconds": QUICK, **options})


def states(chain: Chain) -> str:
    return " ".join(step.state for step in chain.steps)


def changes(chain: Chain) -> Callable[[Callable[[], bool]], None]:
    """A way to wait until something holds, woken by each change of the chain."""
    changed = threading.Event()
    chain.on_change(changed.set)

    def until(condition: Callable[[], bool]) -> None:
        while not condition():
            assert changed.wait(10), f"{chain}: {chain.steps}"
            changed.clear()

    return until


def start_first_step(chain: Chain) -> Callable[[Callable[[], bool]], None]:
    """Starts a chain and waits until its first step runs; returns a way to wait for more."""
    until = changes(chain)
    chain.start()
    until(lambda: chain.steps[0].state == "RUNNING")
    return until


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


def test_starting_twice_starts_nothing_twice(job, started):
    chain = chain_of({"a": job("a"), "b": job("b")})

    chain.start().start()
    chain.wait(10)
    chain.start()

    assert chain.wait(10).state == "SUCCEEDED"
    assert started == ["a", "b"]


@pytest.mark.parametrize("end", [Chain.stop, Chain.cancel])
def test_a_chain_that_was_not_started_has_nothing_to_end(job, started, end):
    """It can be started after that."""
    chain = chain_of({"a": job("a")})

    assert end(chain) is chain
    assert chain.state == "WAITING"
    assert started == []
    assert chain.start().wait(10).state == "SUCCEEDED"


def test_endpoints_of_a_server_are_a_chain(tamr):
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


def test_nothing_to_do_passes(client, job, started):
    noop = Operation.from_json(
        client, {"id": "-1", "type": "NOOP", "status": {"state": "SUCCEEDED"}}
    )
    chain = chain_of({"none": lambda: None, "noop": lambda: noop, "job": job("a")}).start()

    assert chain.wait(10).state == "SUCCEEDED"
    assert [step.operation is None for step in chain.steps] == [True, False, False]


def test_a_failure_holds_up_what_depends_on_it_and_nothing_else(job, started):
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
    """Nothing would ever end."""

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


def test_an_exception_of_another_kind_is_named(job):
    """The text of a KeyError is only the key."""
    chain = chain_of({"a": lambda: {}["customers"]}).start().wait(10)

    assert reason(chain.steps[0]) == "KeyError: 'customers'"


@pytest.mark.parametrize("endpoints", [["projects/1"], "projects/1", {"a": 7}, {"a": None}])
def test_endpoints_that_are_none_are_refused_at_once(client, tamr, endpoints):
    with pytest.raises(TypeError, match="by the names of their steps"):
        Chain.of(client, endpoints)
    assert len(tamr.requests) == 0


def test_a_forked_child_can_start_a_chain_that_its_parent_has_not_started(job, finish):
    """Only a chain that runs belongs to its process."""
    chain = chain_of({"a": job("a")})
    chain.renew_after_fork()
    assert chain.start().wait(10).state == "SUCCEEDED"

    running = chain_of({"a": job("a", seconds=60)})
    until = changes(running)
    running.start()
    until(lambda: running.steps[0].state == "RUNNING")
    running.renew_after_fork()
    with pytest.raises(NotSupported, match="the process that started it"):
        running.wait()
    with pytest.raises(NotSupported, match="the process that started it"):
        running.resume()  # no poll of this process would ever end it
    running.stop()
    finish(running)


def test_a_callback_that_blocks_delays_no_other(job):
    """Such as the update of a page, while another callback sends a mail."""
    go_on, changed, heard = threading.Event(), threading.Event(), threading.Event()
    chain = chain_of({"a": job("a")})
    chain.on_ended(lambda _: go_on.wait(10))
    chain.on_ended(lambda _: heard.set())
    chain.on_change(lambda: chain.state == "SUCCEEDED" and changed.set())
    chain.start()

    assert changed.wait(10)
    assert heard.wait(10)
    go_on.set()


def test_a_function_that_returns_something_else_fails_its_step(client):
    async def start() -> None:
        """Would start a job."""

    chain = chain_of([("number", lambda: 17), Step("async", start, after=())]).start()

    assert chain.wait(10).state == "FAILED"
    assert "not something of type int" in str(chain.steps[0].error)
    assert "async function" in str(chain.steps[1].error)


def test_independent_steps_run_at_once_as_far_as_allowed(job, started, finish):
    chain = chain_of([Step(name, job(name, seconds=60), after=()) for name in "abc"], at_once=2)
    until = changes(chain)
    chain.start()

    until(lambda: states(chain).count("RUNNING") == 2)
    assert started == ["a", "b"]
    assert chain.steps[2].state == "WAITING"
    finish(chain)
    until(lambda: chain.steps[2].state == "RUNNING")
    finish(chain)
    assert chain.wait(10).state == "SUCCEEDED"


def test_stopping_lets_the_running_step_end_and_starts_no_more(job, started, finish):
    chain = chain_of({"a": job("a", seconds=60), "b": job("b")})
    start_first_step(chain)

    assert chain.stop() is chain
    assert chain.state == "STOPPING"
    finish(chain)
    assert chain.wait(10).state == "STOPPED"
    assert states(chain) == "SUCCEEDED WAITING"

    assert chain.resume().wait(10).state == "SUCCEEDED"
    assert started == ["a", "b"]


def test_a_stop_can_be_reverted_while_the_step_runs(job, started, finish):
    chain = chain_of({"a": job("a", seconds=60), "b": job("b")})
    start_first_step(chain)

    chain.stop().resume()
    finish(chain)

    assert chain.wait(10).state == "SUCCEEDED"
    assert started == ["a", "b"]


def test_cancelling_cancels_the_job_that_runs_and_starts_no_more(job, started, tamr):
    chain = chain_of({"a": job("a", seconds=60), "b": job("b")})
    start_first_step(chain)

    assert chain.cancel().wait(10).state == "CANCELED"
    assert states(chain) == "CANCELED BLOCKED"
    assert len(tamr.requests.matching("POST", "cancel")) == 1
    assert started == ["a"]


def test_a_double_click_cancels_once(job, tamr):
    chain = chain_of({"a": job("a", seconds=60)})
    start_first_step(chain)
    tamr.faults.add(Fault.delay(0.1, method="GET"))

    chain.cancel().cancel()

    assert chain.wait(10).state == "CANCELED"
    assert len(tamr.requests.matching("POST", "cancel")) == 1


def test_a_cancellation_that_is_refused_is_said_until_the_job_ends(job, tamr, finish):
    """The reason would be gone with the next poll, and the chain would seem to stop."""
    tamr.faults.add(Fault.status(403, path="cancel"))
    chain = chain_of({"a": job("a", seconds=60), "b": job("b")})
    until = start_first_step(chain)
    chain.cancel()
    until(lambda: chain.steps[0].error is not None)
    seen = len(tamr.requests)

    until(lambda: len(tamr.requests) > seen + 2 or chain.steps[0].error is None)
    assert isinstance(chain.steps[0].error, Forbidden)
    finish(chain)
    chain.wait(10)
    assert states(chain) == "SUCCEEDED WAITING"
    assert chain.steps[0].error is None


def test_a_job_that_is_being_started_is_cancelled_when_it_is_there(job, started, tamr):
    begun, go_on = threading.Event(), threading.Event()
    start = job("a", seconds=60)

    def slowly() -> Operation:
        begun.set()
        go_on.wait(10)
        return start()

    chain = chain_of({"a": slowly, "b": job("b")}).start()
    begun.wait(10)
    chain.cancel()
    assert chain.state == "STOPPING"
    go_on.set()

    assert chain.wait(10).state == "CANCELED"


def test_resuming_starts_only_what_has_not_succeeded(job, started):
    chain = chain_of({"a": job("a"), "b": job("b", "FAILED", "SUCCEEDED"), "c": job("c")}).start()
    assert chain.wait(10).state == "FAILED"

    assert chain.resume() is chain
    assert chain.wait(10).state == "SUCCEEDED"
    assert started == ["a", "b", "b", "c"]
    assert chain.steps[1].error is None


def test_a_step_whose_end_is_not_known_is_polled_again_rather_than_started_again(
    job, started, tamr, finish
):
    chain = chain_of({"a": job("a", seconds=60), "b": job("b")})
    until = start_first_step(chain)
    tamr.faults.add(Fault.status(403, times=1, method="GET"))

    assert chain.wait(10).state == "FAILED"
    assert states(chain) == "UNKNOWN BLOCKED"
    assert isinstance(chain.steps[0].error, Forbidden)

    chain.resume()
    until(lambda: chain.steps[0].state == "RUNNING")
    finish(chain)
    assert chain.wait(10).state == "SUCCEEDED"
    assert started == ["a", "b"]


def test_a_step_whose_end_remains_unknown_is_not_started_again(job, started, tamr):
    """Its job may run."""
    chain = chain_of({"a": job("a", seconds=60)})
    start_first_step(chain)
    tamr.faults.add(Fault.status(403, method="GET"))
    chain.wait(10)

    assert chain.resume().wait(10).state == "FAILED"
    assert states(chain) == "UNKNOWN"
    assert isinstance(chain.steps[0].error, Forbidden)
    assert started == ["a"]


def test_an_error_that_passes_is_shown_until_it_has_passed(job, tamr):
    """The step goes on meanwhile."""
    chain = chain_of({"a": job("a", seconds=60)})
    until = start_first_step(chain)
    tamr.faults.add(Fault.status(502, method="GET"))
    until(lambda: chain.steps[0].error is not None)
    assert states(chain) == "RUNNING"

    tamr.faults.clear()
    until(lambda: chain.steps[0].error is None)
    tamr.jobs.finish(chain.steps[0].operation.resource_id)
    assert chain.wait(10).state == "SUCCEEDED"


def test_a_step_whose_job_is_gone_is_started_anew(job, started, tamr, finish):
    chain = chain_of({"a": job("a", seconds=60)})
    until = start_first_step(chain)
    tamr.faults.add(Fault.status(403, times=1, method="GET"))
    chain.wait(10)
    tamr.jobs.remove(chain.steps[0].operation.resource_id)

    chain.resume()
    until(lambda: chain.steps[0].state == "RUNNING")
    finish(chain)
    assert chain.wait(10).state == "SUCCEEDED"
    assert started == ["a", "a"]


@pytest.mark.parametrize("path", ["", r"operations/\d+$"], ids=["nothing", "not the job"])
def test_a_job_is_not_gone_because_a_gateway_does_not_find_it(job, started, tamr, finish, path):
    """Gateways respond with 404, too, while the server behind them is started again."""
    chain = chain_of({"a": job("a", seconds=60)})
    until = start_first_step(chain)
    tamr.faults.add(Fault.status(403, times=1, method="GET"), Fault.status(404, path=path))
    chain.wait(10)

    assert chain.resume().wait(10).state == "FAILED"
    assert states(chain) == "UNKNOWN"
    tamr.faults.clear()
    chain.resume()
    until(lambda: chain.steps[0].state == "RUNNING")
    finish(chain)
    assert chain.wait(10).state == "SUCCEEDED"
    assert started == ["a"]


def test_a_start_is_repeated_while_the_server_is_away(client, tamr):
    tamr.faults.add(Fault.status(503, times=2, method="POST"))
    tamr.stop()
    chain = Chain.of(client, {"a": UPDATE}, poll_interval_seconds=QUICK)
    until = changes(chain)
    chain.start()
    until(lambda: isinstance(chain.steps[0].error, ConnectionFailed))
    tamr.start()

    until(lambda: chain.steps[0].operation is not None)
    assert chain.steps[0].error is None
    assert len(tamr.jobs) == 1
    assert chain.cancel().wait(10).state == "CANCELED"


def test_a_start_that_the_server_may_have_received_is_not_repeated(job, started):
    calls = []

    def start() -> None:
        calls.append(1)
        raise requests.ConnectionError("reset")

    chain = chain_of({"a": start}).start()

    assert chain.wait(10).state == "FAILED"
    assert len(calls) == 1


def test_an_error_of_this_package_is_the_step_s_own(job):
    """The same object, with its text as the reason."""
    error = Forbidden("No permission.")

    def start() -> None:
        raise error

    chain = chain_of({"a": start}).start().wait(10)

    assert chain.state == "FAILED"
    assert chain.steps[0].error is error
    assert reason(chain.steps[0]) == "No permission."


def test_an_error_status_of_the_public_client_is_one_of_this_package():
    """With what the server said."""

    def start() -> None:
        raise requests.HTTPError(response=fake_response(403, {"message": "Not for ada."}))

    chain = chain_of({"a": start}).start().wait(10)

    assert chain.state == "FAILED"
    assert isinstance(chain.steps[0].error, Forbidden)
    assert "Not for ada." in reason(chain.steps[0])


def test_a_start_is_not_repeated_forever(client, tamr, monkeypatch):
    """The last error says how often it was tried."""
    monkeypatch.setattr("tamr_widgets._chain.running.MAX_ERRORS_IN_A_ROW", 2)
    tamr.faults.add(Fault.status(503, method="POST"))
    chain = Chain.of(client, {"a": UPDATE}, poll_interval_seconds=QUICK).start()

    assert chain.wait(10).state == "FAILED"
    assert len(tamr.requests.matching("POST")) == 2
    assert "Given up after 2 consecutive errors" in reason(chain.steps[0])


def test_a_function_that_has_started_a_job_is_not_repeated(client, tamr, monkeypatch):
    """Although its last request was refused: another job would run beside the first one."""
    monkeypatch.setattr(wait, "MAX_ERRORS_IN_A_ROW", 2)
    tamr.faults.add(Fault.status(503, method="GET"), Fault.status(503, path=PAIRS))

    def start_and_wait() -> Operation:
        return client.start(UPDATE, poll_interval_seconds=QUICK)

    def start_two() -> Operation:
        client.start(UPDATE, asynchronous=True)
        return client.start(PAIRS, asynchronous=True)

    def of_another_package() -> None:
        raise requests.ConnectTimeout("no")  # perhaps that of a poll

    steps = [Step(each.__name__, each, after=()) for each in (start_and_wait, start_two)]
    chain = chain_of([*steps, Step("other", of_another_package, after=())]).start()

    assert chain.wait(10).state == "FAILED"
    assert states(chain) == "FAILED FAILED FAILED"
    assert [step.may_have_started for step in chain.steps] == [True, True, False]
    assert len(tamr.jobs) == 2


@pytest.mark.parametrize(
    "error", [requests.ReadTimeout("no"), requests.HTTPError(response=fake_response(500, {}))]
)
def test_a_step_whose_response_was_lost_may_have_started_a_job(error):
    """Also one of the public client, whose requests are not recorded."""
    responses = iter([error])

    def start() -> None:
        for each in responses:
            raise each

    chain = chain_of({"a": start}).start().wait(10)
    assert chain.steps[0].may_have_started

    assert chain.resume().wait(10).state == "SUCCEEDED"
    assert not chain.steps[0].may_have_started


def test_a_step_that_was_refused_has_not_started_a_job(client, tamr):
    """By a client of either package, for example for lack of permission."""
    tamr.faults.add(Fault.status(403, method="POST"))

    def of_another_package() -> None:
        raise requests.HTTPError(response=fake_response(403, {}))

    steps = Step("ours", lambda: client.start(UPDATE)), Step("other", of_another_package, after=())
    chain = chain_of(steps).start().wait(10)

    assert states(chain) == "FAILED FAILED"
    assert not any(step.may_have_started for step in chain.steps)


def test_a_job_that_cannot_be_followed_is_not_started_again(job, started, monkeypatch):
    """Such as where no thread can be started: the job runs all the same."""

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("can't start new thread")

    chain = chain_of({"a": job("a")})
    with monkeypatch.context() as broken:
        broken.setattr(Poller, "subscribe", fail)
        assert chain.start().wait(10).state == "FAILED"
    assert states(chain) == "UNKNOWN"

    assert chain.resume().wait(10).state == "SUCCEEDED"
    assert started == ["a"]


def test_stopping_ends_the_repetition_of_a_start(client, tamr):
    tamr.faults.add(Fault.status(429, headers={"Retry-After": "600"}, method="POST"))
    chain = Chain.of(client, {"a": UPDATE})
    until = changes(chain)
    chain.start()
    until(lambda: chain.steps[0].error is not None)

    assert chain.stop().wait(10).state == "STOPPED"
    assert states(chain) == "WAITING"


def test_a_chain_that_is_made_anew_takes_over_the_operations_that_ran(job, started, client, tamr):
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


def test_all_jobs_that_are_taken_over_are_followed_at_once(job, started, client, tamr, finish):
    """They run, whatever came before them, and however many may be started."""
    first, second = (client.operation(tamr.jobs.add("RUNNING")) for _ in range(2))
    chain = chain_of([("new", job("a")), ("first", job("b")), Step("second", job("c"), after=())])
    until = changes(chain)
    chain.resume({"first": first, "second": second})

    until(lambda: states(chain) == "WAITING RUNNING RUNNING")
    assert chain.stop().state == "STOPPING"
    finish(chain)
    assert chain.wait(10).state == "STOPPED"
    assert states(chain) == "WAITING SUCCEEDED SUCCEEDED"
    assert started == []


def test_a_job_that_is_gone_when_it_is_taken_over_waits_for_its_turn(job, started, client, tamr):
    gone = client.operation(tamr.jobs.start(queued_seconds=0, run_seconds=60))
    tamr.jobs.remove(gone.resource_id)

    chain = chain_of({"a": job("a"), "b": job("b")}).resume({"b": gone})

    assert chain.wait(10).state == "SUCCEEDED"
    assert started == ["a", "b"]


def test_resuming_a_chain_that_has_succeeded_is_no_other_end(job):
    """A script may do so after each run; nobody is to be notified again."""
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


def test_waiting_for_a_chain_that_was_not_started_is_refused(job):
    with pytest.raises(NotSupported, match=r"start\(\)"):
        chain_of({"a": job("a")}).wait()


def test_a_wait_that_times_out_leaves_the_chain_running(job, finish):
    chain = chain_of({"a": job("a", seconds=60)})
    start_first_step(chain)

    with pytest.raises(TimeoutError, match="did not end within 0 seconds"):
        chain.wait(0)
    finish(chain)
    assert chain.wait(10).state == "SUCCEEDED"


def test_callbacks_hear_of_each_end_and_of_each_change(job):
    chain = chain_of({"a": job("a", "FAILED", "SUCCEEDED")})
    ends: list[str] = []
    heard = threading.Condition()

    def on_ended(ended: Chain) -> None:
        with heard:
            ends.append(ended.state)
            heard.notify_all()

    chain.on_ended(on_ended)
    chain.on_ended(lambda _: sys.exit())
    forget = chain.on_change(lambda: 1 / 0)
    chain.start().wait(10)
    forget()
    with heard:
        assert heard.wait_for(lambda: ends == ["FAILED"], 10)
    chain.resume().wait(10)
    with heard:
        assert heard.wait_for(lambda: ends == ["FAILED", "SUCCEEDED"], 10)
    chain.on_ended(on_ended)
    with heard:
        assert heard.wait_for(lambda: len(ends) == 3, 10)


@pytest.mark.parametrize("kind", ["on_change", "on_ended"])
def test_a_callback_that_was_removed_is_not_called_any_more(job, kind):
    """Also if calls waited for one that blocked; and the code that removed it lets go of it."""
    calls: list[tuple[Any, ...]] = []
    entered, go_on = threading.Event(), threading.Event()

    def callback(*args: Any) -> None:
        calls.append(args)
        entered.set()
        go_on.wait(10)

    chain = chain_of({"a": job("a", "FAILED")})
    remove = getattr(chain, kind)(callback)
    chain.start().wait(10)
    assert entered.wait(10)
    chain.resume().wait(10)

    remove()
    gone = weakref.ref(callback)
    del callback
    go_on.set()
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


def test_a_step_to_come_has_the_usual_time_of_its_description(monkeypatch):
    monkeypatch.setattr(history_loader, "URGENT_SECONDS", 0.0)
    with Simulator(past_jobs=100, speed=20) as tamr, tamr.client() as client:
        chain = chain_of(
            [
                Step("first", partial(client.start, PAIRS, asynchronous=True)),
                Step("later", lambda: None, description="Train Mastering Model"),
                Step("unknown", lambda: None),
            ],
        )
        until = changes(chain)
        chain.start()

        until(lambda: all(step.estimate for step in chain.steps[:2]))
        assert chain.steps[2].estimate is None
        chain.cancel().wait(10)


def test_a_step_that_waits_starts_after_the_jobs_ahead(monkeypatch):
    """As an OperationWidget of the same job says, not as in the last queues of the history."""
    monkeypatch.setattr(history_loader, "URGENT_SECONDS", 0.0)
    with Simulator(past_jobs=100, speed=20) as tamr, tamr.client() as client:
        client.start(UPDATE, asynchronous=True)
        start = partial(client.start, PAIRS, asynchronous=True)
        chain = chain_of({"second": start})
        until = changes(chain)
        chain.start()

        def place() -> QueuePlace | None:
            operation = chain.steps[0].operation
            return Poller.of(client).waiting(operation) if operation else None

        # Its first place may be from before the history is loaded.
        until(lambda: (found := place()) is not None and found.estimate is not None)
        assert len(place().ahead) == 1
        assert chain.steps[0].queue == place().estimate
        chain.cancel().wait(10)


def test_it_says_in_words_what_it_is(job):
    chain = chain_of({"a": job("a"), "b": job("b")}, name="Nightly")

    assert repr(chain) == "<Chain 'Nightly': WAITING, 0 of 2 steps succeeded>"
    assert repr(chain.start().wait(10)) == "<Chain 'Nightly': SUCCEEDED, 2 of 2 steps succeeded>"
    assert repr(chain.steps[0]).startswith("<a: SUCCEEDED, operation ")


def test_the_end_of_a_chain_is_notified(job):
    """Once for each end, with the reason of each step that has failed."""
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


def test_a_success_is_no_failure_to_notify_of(job):
    """A notification of failures waits for the next end."""
    chain = chain_of({"a": job("a")})
    texts: list[str] = []
    with notify(chain, lambda _, text: texts.append(text), when="failed"):
        chain.start().wait(10)
        wait_until(lambda: not callback_threads())

    assert texts == []


def test_the_ends_of_many_chains_are_notified():
    """One for each night, in a kernel that runs for weeks: Python reuses the ids of objects."""
    received: list[str] = []

    def inbox(_: str, text: str) -> None:
        received.append(text)

    for night in range(12):
        chain = chain_of({"a": lambda: None})
        notify(chain, inbox)
        chain.start().wait(10)
        wait_until(lambda night=night: len(received) == night + 1)
        del chain
        gc.collect()


@pytest.mark.parametrize("when", ["ended", "failed"])
def test_a_closed_notification_leaves_its_chain(job, when):
    """A chain may live for weeks, in which its cell runs many times."""
    chain = chain_of({"a": job("a")})
    handle = notify(chain, print, when)
    gone = weakref.ref(handle)

    handle.close()
    del handle
    gc.collect()

    assert gone() is None
    assert chain.state == "WAITING"


def test_a_closed_notification_lets_go_of_its_chain(job):
    """A notebook keeps the handle, as it keeps each variable."""
    chain = chain_of({"a": job("a")})
    handle = notify(chain, print)
    gone = weakref.ref(chain)

    handle.close()
    handle.close()
    del chain
    gc.collect()

    assert gone() is None


def test_text_of_a_server_shows_as_text_in_a_repr(job, tamr):
    """A terminal would take it for commands."""
    tamr.faults.add(Fault.job_state("\x1b[2JENDS\nSOON"))
    chain = chain_of({"a": job("a")})
    until = changes(chain)
    chain.start()
    until(lambda: chain.steps[0].operation is not None)

    assert repr(chain.steps[0]) == "<a: [2JENDS SOON, operation 1>"
    tamr.faults.clear()
    chain.wait(10)


def test_a_chain_is_never_late(job):
    with pytest.raises(ValueError, match="'ended' or 'failed'"):
        notify(chain_of({"a": job("a")}), print, when="late")
