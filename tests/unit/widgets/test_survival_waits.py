"""Rules of all waits: Operation.wait, the widget's, `await`, futures, and the extension's."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
import traceback
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fakes import document, fake_response, wait_until
from IPython.core.formatters import DisplayFormatter
from pages import QUICK, click, count_requests, follow, panel

from tamr_widgets import (
    DeadlockError,
    Forbidden,
    NotFound,
    Operation,
    OperationWidget,
    Poller,
    TamrError,
    WaitTimeout,
    ipython,
    wait_all,
)
from tamr_widgets._http.retry import MAX_ERRORS_IN_A_ROW
from tamr_widgets.simulator import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tamr_widgets import Client
    from tamr_widgets.simulator import Simulator


Wait = Any


def known(tamr: Simulator, client: Client, state: str = "RUNNING") -> Operation:
    """Returns a snapshot of a new operation, without a request."""
    return Operation(client, tamr.jobs.get(tamr.jobs.add(state)))


@pytest.fixture
def extension(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Operation], Any]]:
    original = Operation.wait
    shell = SimpleNamespace(kernel=object(), display_formatter=DisplayFormatter())
    monkeypatch.setattr(ipython, "display", lambda _: None)
    ipython.load_ipython_extension(shell)
    live, Operation.wait = Operation.wait, original
    yield live
    ipython.unload_ipython_extension(shell)


@pytest.fixture(params=["operation", "widget", "extension", "wait_all"])
def wait(request, extension) -> Wait:
    """Waits for an operation; arguments are those of Operation.wait."""

    def by_widget(operation: Operation, interval: Any = 3, timeout: Any = None) -> Operation:
        return OperationWidget(operation, poll_interval_seconds=interval).wait(timeout)

    def by_wait_all(operation: Operation, interval: Any = 3, timeout: Any = None) -> Operation:
        (resolved,) = wait_all([operation], timeout, poll_interval_seconds=interval)
        return resolved

    ways = {
        "operation": Operation.wait,
        "widget": by_widget,
        "extension": extension,
        "wait_all": by_wait_all,
    }
    return ways[request.param]


@pytest.fixture(
    params=["operation", "widget", "await", "extension", "future", "await future", "wait_all"]
)
def unlimited(request, extension) -> Wait:
    """Waits for an operation without a timeout."""

    def by_await(operation: Operation, interval: Any = 3) -> Operation:
        async def wait() -> Operation:
            return await OperationWidget(operation, poll_interval_seconds=interval)

        return asyncio.run(wait())

    def by_widget(operation: Operation, interval: Any = 3) -> Operation:
        return OperationWidget(operation, poll_interval_seconds=interval).wait()

    def by_await_future(operation: Operation, interval: Any = 3) -> Operation:
        async def wait() -> Operation:
            return await asyncio.wrap_future(operation.future(interval))

        return asyncio.run(wait())

    ways = {
        "operation": Operation.wait,
        "widget": by_widget,
        "await": by_await,
        "extension": extension,
        "future": lambda operation, interval=3: operation.future(interval).result(),
        "await future": by_await_future,
        "wait_all": lambda operation, interval=3: wait_all(
            [operation], poll_interval_seconds=interval
        )[0],
    }
    return ways[request.param]


def test_a_timeout_of_zero_detects_that_the_job_has_ended(tamr, client, wait):
    """A timeout of zero allows one poll."""
    operation = known(tamr, client)
    tamr.jobs.finish(operation.resource_id)

    assert wait(operation, 10, 0).succeeded()


def test_a_timeout_of_zero_is_one_poll_and_then_an_error(tamr, client, wait):
    """The error holds the snapshot of that poll."""
    job = tamr.jobs.add("PENDING")
    operation = client.operation(job)
    tamr.jobs.change(job, status={"state": "RUNNING"})
    before = count_requests(tamr, "GET", job)

    with pytest.raises(WaitTimeout) as raised:
        wait(operation, 10, 0)

    assert count_requests(tamr, "GET", job) == before + 1
    assert raised.value.operation.state == "RUNNING"
    assert 0 <= raised.value.waited_seconds < 1
    assert raised.value.last_error is None


def test_an_end_between_the_last_poll_and_the_deadline_is_detected(tamr, client, wait, monkeypatch):
    """One more poll is made at the deadline."""
    monkeypatch.setattr("tamr_widgets._polling.target.EARLY_SECONDS", 60.0)
    job = tamr.jobs.add("RUNNING")
    operation = client.operation(job)
    threading.Timer(0.1, tamr.jobs.finish, (job,)).start()

    assert wait(operation, 60, 0.3).succeeded()
    assert count_requests(tamr, "GET", f"operations/{job}") == 2


def test_a_response_after_the_deadline_is_used(tamr, client, wait):
    """The last poll of a slow server may take as long as an earlier one."""
    job = tamr.jobs.add("RUNNING")
    operation = client.operation(job)
    slow = partial(Fault.delay, method="GET", path=f"operations/{job}")
    tamr.faults.add(slow(0.6, times=1), slow(0.3))
    threading.Timer(1.25, tamr.jobs.finish, (job,)).start()

    assert wait(operation, 0.3, 1.2).succeeded()


def test_an_older_snapshot_in_a_late_response_is_not_shown(tamr, client, monkeypatch):
    """The last poll of a wait can take longer than a poll in which the job has ended."""
    monkeypatch.setattr("tamr_widgets.widgets.waits.LAST_POLL_SECONDS", 20.0)
    monkeypatch.setattr("tamr_widgets._polling.target.EARLY_SECONDS", 60.0)
    job = tamr.jobs.add("RUNNING")
    widget = OperationWidget(client.operation(job), poll_interval_seconds=60)
    late = Fault.body(json.dumps(tamr.jobs.get(job)), times=1, path=f"operations/{job}")
    tamr.faults.add(replace(late, delay_seconds=0.3))
    outcomes: list[str] = []

    def wait() -> None:
        try:
            widget.wait(0.05)
        except WaitTimeout as error:
            outcomes.append(error.operation.state)

    waiting = threading.Thread(target=wait)
    waiting.start()
    wait_until(lambda: len(tamr.faults) == 0)
    tamr.jobs.finish(job)
    Poller.of(client).refresh(widget.operation)
    wait_until(lambda: widget.resolved)
    waiting.join()
    time.sleep(0.05)

    assert outcomes == ["RUNNING"]
    assert (widget.state, widget.resolved) == ("SUCCEEDED", True)


def test_a_hanging_server_does_not_delay_the_timeout(tamr, client, wait):
    """The timeout holds the error of the last request."""
    operation = known(tamr, client)
    tamr.faults.add(Fault.hang())
    start = time.monotonic()

    with pytest.raises(WaitTimeout) as raised:
        wait(operation, 3, 0.1)

    assert time.monotonic() - start < 10  # a request may take 60 s
    assert raised.value.last_error is not None
    assert raised.value.waited_seconds >= 0.1


def test_a_timeout_names_the_last_transient_error(tamr, client, wait):
    """The error is an attribute of the timeout, and in its message."""
    operation = known(tamr, client)
    tamr.faults.add(Fault.status(502))

    with pytest.raises(WaitTimeout, match="502") as raised:
        wait(operation, 0.03, 0.1)

    assert "502" in str(raised.value.last_error)


@pytest.mark.parametrize("name", ["interval", "timeout"])
@pytest.mark.parametrize("state", ["RUNNING", "SUCCEEDED"])
def test_invalid_seconds_are_refused_by_all_waits(wait, name, state):
    """The error names the argument, also if the job has ended."""
    operation = Operation(BrokenClient(502), document(state))
    for value in (-1, float("nan"), float("inf"), True, "3", 10**400):
        arguments = {"interval": 3, "timeout": 5, name: value}
        with pytest.raises(Exception, match=name) as raised:
            wait(operation, arguments["interval"], arguments["timeout"])
        expected = TypeError if isinstance(value, (bool, str)) else ValueError
        assert type(raised.value) is expected


def test_a_resolved_job_is_returned_at_once(tamr, client, unlimited):
    """No request is sent, and the result is the same object."""
    operation = known(tamr, client, "FAILED")

    assert unlimited(operation) is operation
    assert len(tamr.requests) == 0


def test_the_resolved_job_is_returned_whatever_its_outcome(tamr, client, unlimited):
    """Failure is a result, not an error."""
    job = tamr.jobs.start(queued_seconds=0, run_seconds=0.02)
    assert unlimited(client.operation(job), QUICK).state == "SUCCEEDED"

    for outcome in ("FAILED", "CANCELED"):
        operation = known(tamr, client)
        tamr.jobs.finish(operation.resource_id, outcome)
        assert unlimited(operation, QUICK).state == outcome


def test_no_permission_ends_a_wait_at_once(tamr, client, unlimited):
    """403 is not retried."""
    operation = known(tamr, client)
    tamr.faults.add(Fault.status(403))

    with pytest.raises(Forbidden):
        unlimited(operation, QUICK)

    # A wait that begins after the first poll of its widget makes another one.
    assert count_requests(tamr, "GET", "operations/1") <= 2


def test_no_permission_at_the_deadline_is_no_timeout(tamr, client, wait):
    """The error of the last poll is raised."""
    operation = known(tamr, client)
    tamr.faults.add(Fault.status(403))

    with pytest.raises(Forbidden):
        wait(operation, 10, 0)


def test_a_job_that_was_deleted_ends_a_wait(tamr, client, unlimited, monkeypatch):
    """404 is not retried if the job was found before."""
    monkeypatch.setattr("tamr_widgets._http.retry.NOT_FOUND_GRACE_SECONDS", 0)
    operation = known(tamr, client)
    tamr.jobs.remove(operation.resource_id)

    with pytest.raises(NotFound):
        unlimited(operation, QUICK)


class BrokenClient:
    """A client whose requests fail in the same way, without a network."""

    origin, base_path, auth = "http://tamr.test", "/api/versioned/v1/", None

    def __init__(self, status: int) -> None:
        self.status = status
        self.requests = 0

    def request(self, *_: object, **__: object) -> Any:
        self.requests += 1
        return fake_response(self.status)


def test_too_many_consecutive_errors_end_a_wait(unlimited, monkeypatch):
    """A wait without a timeout ends if the server is not available any more."""
    for name in ("FIRST_BACKOFF_SECONDS", "MAX_BACKOFF_SECONDS"):
        monkeypatch.setattr(f"tamr_widgets._http.retry.{name}", 0.001)
    client = BrokenClient(502)

    with pytest.raises(TamrError, match=r"Given up after \d+ consecutive errors"):
        unlimited(Operation(client, document()), QUICK)
    assert client.requests >= MAX_ERRORS_IN_A_ROW


class GoneClient:
    """A client that does not find any operation."""

    origin, base_path, auth = "http://tamr.test", "/api/versioned/v1/", None

    def request(self, *_: object, **__: object) -> Any:
        response = SimpleNamespace(status_code=404)
        raise NotFound("It is gone.", response=response) from KeyError("x")


def test_a_traceback_does_not_grow_with_each_wait(monkeypatch):
    """Each wait raises a new error, with the same cause."""
    monkeypatch.setattr("tamr_widgets._http.retry.NOT_FOUND_GRACE_SECONDS", 0.0)
    widget = OperationWidget(Operation(GoneClient(), document()), poll_interval_seconds=QUICK)
    wait_until(lambda: widget.error)
    lengths, errors = set(), []
    for _ in range(5):
        with pytest.raises(NotFound) as raised:
            widget.wait()
        errors.append(raised.value)
        lengths.add(len(traceback.format_exception(raised.value)))

    assert len(lengths) == 1
    assert len({id(each) for each in errors}) == 5
    assert errors[0].response is errors[1].response is not None
    assert isinstance(errors[0].__cause__, KeyError)


@pytest.mark.parametrize("make", ["wait_for", "cancel", "gather", "closed loop"])
def test_an_await_that_ends_early_leaves_no_waiter(tamr, client, make, caplog):
    """It leaves no callback either, and the end of the job causes no error."""
    operation = known(tamr, client)
    widget = OperationWidget(operation, poll_interval_seconds=0.03)

    async def one() -> None:
        await widget

    async def both() -> None:
        await asyncio.gather(widget, widget)

    async def give_up() -> None:
        if make == "wait_for":
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(widget, 0.05)
            return
        task = asyncio.ensure_future(both() if make == "gather" else one())
        await asyncio.sleep(0.05)
        if make != "closed loop":
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(give_up())
    if make == "closed loop":
        gc.collect()
    assert not widget._controller.subscriptions.waited_for
    tamr.jobs.finish(operation.resource_id)
    wait_until(lambda: widget.resolved)
    time.sleep(0.05)

    assert widget.callback_error == widget.error == ""
    assert not caplog.records


def test_a_cancelled_await_raises_a_cancelled_error(tamr, client):
    """IPython shows a short text for it."""
    widget = OperationWidget(client.operation(tamr.jobs.add("RUNNING")))

    async def give_up() -> str:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        loop.call_later(0.05, task.cancel)
        try:
            await widget
        except asyncio.CancelledError as error:
            return type(error).__name__ + error._render_traceback_()[0]
        return ""

    assert asyncio.run(give_up()).startswith("CancelledErrorStopped waiting.")


def test_awaits_in_several_loops_and_threads_all_end(tamr, client):
    """Each returns the same operation."""
    job = tamr.jobs.add("RUNNING")
    widget = OperationWidget(client.operation(job), poll_interval_seconds=QUICK)
    results: list[Operation] = []

    async def wait() -> None:
        results.append(await widget)

    threads = [threading.Thread(target=asyncio.run, args=(wait(),)) for _ in range(3)]
    threads.append(threading.Thread(target=lambda: results.append(widget.wait())))
    for thread in threads:
        thread.start()
    tamr.jobs.finish(job)
    for thread in threads:
        thread.join(5)

    assert len(results) == 4
    assert len(set(map(id, results))) == 1


def test_a_wait_on_the_polling_thread_is_refused(tamr, client):
    """It would wait for itself."""
    widget = OperationWidget(client.operation(tamr.jobs.add("RUNNING")))
    refused: list[BaseException] = []

    def wait() -> None:
        try:
            widget.wait(1)
        except DeadlockError as error:
            refused.append(error)

    Poller.of(client).submit(wait, print)
    wait_until(lambda: refused)


def test_a_callback_may_wait_for_another_job(tamr, client):
    """It runs on a thread of its own."""
    first, second = tamr.jobs.add("RUNNING"), tamr.jobs.add("RUNNING")
    one, two = (
        OperationWidget(client.operation(job), poll_interval_seconds=QUICK)
        for job in (first, second)
    )
    ended: list[str] = []
    one.on_resolved(lambda _: ended.append(two.wait(5).state))
    one.on_resolved(lambda operation: ended.append(one.wait(5).state))
    tamr.jobs.finish(first)
    wait_until(lambda: one.resolved)
    tamr.jobs.finish(second, "FAILED")

    wait_until(lambda: ended == ["FAILED", "SUCCEEDED"])


def test_the_traits_show_the_last_poll_of_a_wait(tamr, client):
    """It detects that the job has ended."""
    job = tamr.jobs.add("RUNNING")
    widget = OperationWidget(client.operation(job), poll_interval_seconds=60)
    tamr.jobs.finish(job)

    assert widget.wait(0).succeeded()
    assert (widget.state, widget.resolved) == ("SUCCEEDED", True)


@pytest.mark.parametrize("waiting", ["wait", "await", "on_resolved", "click"])
def test_a_wait_for_a_hidden_widget_polls_at_its_interval(tamr, client, monkeypatch, waiting):
    """Without a wait, polls are rare if no page has shown the widget for long."""
    monkeypatch.setattr("tamr_widgets._polling.page_visibility.HIDDEN_AFTER_SECONDS", -1.0)
    monkeypatch.setattr("tamr_widgets._polling.target.HIDDEN_FACTOR", 10_000)
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    polls = partial(count_requests, tamr, "GET", f"operations/{job}")
    wait_until(lambda: polls() == 2)
    time.sleep(3 * QUICK)
    assert polls() == 2

    async def wait() -> None:
        await widget

    begin = {
        "wait": lambda: threading.Thread(target=widget.wait).start(),
        "await": lambda: threading.Thread(target=asyncio.run, args=(wait(),)).start(),
        "on_resolved": lambda: widget.on_resolved(lambda _: None),
        "click": lambda: click(widget, "wait"),
    }
    begin[waiting]()
    wait_until(lambda: polls() >= 5)

    tamr.jobs.finish(job)
    wait_until(lambda: widget.resolved)


@pytest.mark.parametrize("again", ["click", "wait", "cancel", "display"])
def test_polling_that_was_refused_is_started_again_on_request(tamr, client, again, monkeypatch):
    """403 ended it; a click on Wait, code that waits, a cancel or a display starts it."""
    monkeypatch.setattr("tamr_widgets.widgets.base.display", lambda *_, **__: None)
    job = tamr.jobs.start(queued_seconds=0, run_seconds=60)
    widget = OperationWidget(client.operation(job), poll_interval_seconds=QUICK)
    received: list[str] = []
    widget.on_resolved(lambda operation: received.append(operation.state))
    tamr.faults.add(Fault.status(403, method="GET"))
    wait_until(lambda: panel(widget).get("error_kind") == "refused")
    tamr.faults.clear()
    polls = count_requests(tamr, "GET", job)
    time.sleep(3 * QUICK)
    assert count_requests(tamr, "GET", job) == polls

    begin = {
        "click": lambda: click(widget, "wait"),
        "wait": lambda: threading.Thread(target=widget.wait).start(),
        "cancel": lambda: click(widget, "cancel"),
        "display": widget._ipython_display_,
    }
    begin[again]()
    wait_until(lambda: not widget.error and count_requests(tamr, "GET", job) > polls + 1)
    tamr.jobs.finish(job)

    wait_until(lambda: received and widget.resolved)
    wait_until(lambda: "error" not in panel(widget))
    assert len(received) == 1


def test_each_wait_that_is_refused_raises_an_error(tamr, client):
    """Each wait polls again, and none hangs."""
    widget = follow(client, tamr.jobs.add("RUNNING"))
    tamr.faults.add(Fault.status(403))
    for _ in range(3):
        with pytest.raises(Forbidden):
            widget.wait()


@pytest.mark.parametrize("gone", ["deleted", "not found"])
def test_a_click_on_wait_starts_no_wait_for_a_deleted_job(tamr, client, gone, monkeypatch):
    """The panel shows that the job is no longer in Tamr."""
    monkeypatch.setattr("tamr_widgets._http.retry.NOT_FOUND_GRACE_SECONDS", 0.0)
    job = tamr.jobs.add("RUNNING")
    widget = OperationWidget(client.operation(job), poll_interval_seconds=QUICK)
    if gone == "deleted":
        tamr.jobs.allow_delete(job)
        click(widget, "delete")
        wait_until(lambda: widget.deleted)
    else:
        tamr.faults.add(Fault.status(404))
        wait_until(lambda: panel(widget).get("error_kind") == "gone")

    click(widget, "wait")

    wait_until(lambda: "no longer in Tamr" in panel(widget).get("outcome", ""))
    assert not widget.waiting


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_cancel_that_was_not_found_ends_no_wait(tamr, client, method, monkeypatch):
    """A server may not support that address, or not find the job for a moment."""
    job = tamr.jobs.add("RUNNING")
    widget = OperationWidget(client.operation(job), poll_interval_seconds=1)
    monkeypatch.setattr(Poller, "refresh", lambda *_: None)  # so that the error stays
    waits: list[Any] = []
    thread = threading.Thread(target=lambda: waits.append(widget.wait(60)))
    thread.start()
    wait_until(lambda: count_requests(tamr, "GET", job) > 1)
    tamr.faults.add(Fault.status(404, times=1, method=method))

    click(widget, "cancel")
    wait_until(lambda: "404" in widget.error)
    time.sleep(0.15)  # a wait checks ten times a second whether it is over
    tamr.jobs.finish(job)
    thread.join()

    assert [each.state for each in waits] == ["SUCCEEDED"]
