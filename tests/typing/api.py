"""The public API as a user's code calls it: checked by mypy in strict mode, never run.

`assert_type` fails where a name loses its type, or its type becomes another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import requests
from typing_extensions import assert_type

import tamr_widgets
from tamr_widgets import (
    CertificateError,
    Chain,
    ChainWidget,
    Client,
    ClientClosed,
    ConnectionFailed,
    CrossOriginError,
    DeadlockError,
    Estimate,
    Forbidden,
    HTTPStatusError,
    InternalError,
    InvalidRequest,
    JobHistory,
    JobsWidget,
    JwtTokenAuth,
    MethodNotAllowed,
    NotAClient,
    NotFound,
    NotSucceeded,
    NotSupported,
    Operation,
    OperationCanceled,
    OperationFailed,
    OperationReplaced,
    OperationTypeError,
    OperationUnresolved,
    OperationWidget,
    PastRun,
    Poller,
    ProxyFailed,
    ProxyUnauthorized,
    QueuePlace,
    RequestTimeout,
    Step,
    TamrError,
    TokenAuth,
    Trend,
    Unauthorized,
    UnexpectedResponse,
    UsernamePasswordAuth,
    WaitTimeout,
    as_completed,
    load_ipython_extension,
    notify,
    recorded,
    unload_ipython_extension,
    wait_all,
)
from tamr_widgets.simulator import DEMO_PASSWORD, DEMO_USERNAME, Fault, Simulator, history


def clients() -> None:
    Client(TokenAuth("token"))
    Client(JwtTokenAuth("token"), "tamr.test", "https", None, "/api/versioned/v1/")
    auth = UsernamePasswordAuth("admin", password="secret")
    session = requests.Session()
    with Client(auth, port=9100, session=session, store_auth_cookie=True) as client:
        assert_type(client, Client)
        assert_type(client.origin, str)
        assert_type(client.request("GET", "operations", params={"limit": "10"}), requests.Response)
        assert_type(client.get("operations"), requests.Response)
        assert_type(client.post("operations/1/cancel"), requests.Response)
        assert_type(client.put("projects/1", json={}), requests.Response)
        assert_type(client.delete("operations/1"), requests.Response)
        assert_type(client.operations(), list[Operation])
        assert_type(client.active(), list[Operation])
        client.set_auth_cookie()
        assert_type(client.operation(17), Operation)
        assert_type(client.operation("17"), Operation)
        assert_type(client.start("projects/1/unifiedDataset:refresh"), Operation)
        client.start("projects/1/unifiedDataset:refresh", asynchronous=True)
        client.start("projects/1/unifiedDataset:refresh", timeout_seconds=60)
    assert_type(Client.from_env(), Client)
    Client.from_env({"TAMR_URL": "https://tamr.test"}, session=session).close()


def operations(client: Client, response: requests.Response, document: dict[str, Any]) -> None:
    operation = Operation(client, document, alias="operations/17")
    assert_type(Operation.from_json(client, document), Operation)
    assert_type(Operation.from_response(client, response), Operation)
    assert_type(Operation.from_resource_id(client, "17"), Operation)
    assert_type(Operation.adopt(object()), Operation)

    assert_type(operation.api_path, str | None)
    assert_type(operation.relative_id, str | None)
    assert_type(operation.resource_id, str | None)
    assert_type(operation.type, str | None)
    assert_type(operation.description, str | None)
    assert_type(operation.status, dict[str, Any] | None)
    assert_type(operation.state, str | None)
    assert_type(operation.resolved, bool)
    assert_type(operation.message, str)
    assert_type(operation.reason, str)
    assert_type(operation.artifact, str | None)
    assert_type(operation.created_at, datetime | None)
    assert_type(operation.started_at, datetime | None)
    assert_type(operation.ended_at, datetime | None)
    assert_type(operation.created_by, str | None)
    assert_type(operation.elapsed, timedelta | None)
    assert_type(operation.queued, timedelta | None)
    assert_type(operation.as_of, datetime)
    assert_type(operation.to_json(), dict[str, Any])

    assert_type(operation.poll(), Operation)
    assert_type(operation.wait(poll_interval_seconds=1, timeout_seconds=60), Operation)
    assert_type(operation.wait(0.5).check(), Operation)
    assert_type(operation.apply_options(asynchronous=True, timeout_seconds=60), Operation)
    assert_type(operation.succeeded(), bool)
    assert_type(operation.cancel(), Operation)
    assert_type(operation.delete(), requests.Response)
    assert_type(operation.snapshots(timeout_seconds=60), Iterator[Operation])
    assert_type(operation.future().result(), Operation)
    assert_type(Operation.adopt(object(), requests.Session()), Operation)


async def many(first: Operation, second: OperationWidget) -> None:
    assert_type(await first, Operation)
    assert_type(wait_all([first, second], 60, poll_interval_seconds=1), list[Operation])
    for operation in as_completed([first, second], timeout_seconds=60):
        assert_type(operation, Operation)
    async for operation in as_completed([first, second]):
        assert_type(operation, Operation)


async def chains(client: Client) -> None:
    chain = Chain.of(client, {"Update": "projects/1/unifiedDataset:refresh"}, "Nightly", at_once=2)
    steps = [Step("Pairs", lambda: client.operation(17), after=(), description="Generate")]
    assert_type(Chain(steps, poll_interval_seconds=1).start(), Chain)
    assert_type(await chain, Chain)
    assert_type(chain.wait(timeout_seconds=60), Chain)
    assert_type(chain.stop().cancel().resume({"Update": client.operation(17)}), Chain)
    assert_type(chain.state, str)
    for step in chain.steps:
        assert_type(step.operation, Operation | None)
        assert_type(step.may_have_started, bool)
        assert_type(step.error, BaseException | None)
        assert_type(step.estimate, Estimate | None)
    assert_type(chain.on_ended(lambda ended: print(ended.state)), Callable[[], None])
    assert_type(chain.on_change(lambda: None), Callable[[], None])
    assert_type(ChainWidget(chain).state, str)
    with recorded("Nightly") as recording:
        assert_type(recording.state, str)


def notifications(client: Client, operation: Operation, widget: JobsWidget) -> None:
    handle = notify(operation, print)
    assert_type(handle.error, str)
    assert_type(handle.closed, bool)
    handle.close()
    notify(widget, "slack://token", "failed").close()
    notify(client, "mailto://user:password@example.com", when="late", poll_interval_seconds=60)


def errors(operation: Operation) -> None:
    try:
        operation.poll().check()
    except (
        OperationReplaced,
        ProxyUnauthorized,
        Unauthorized,
        Forbidden,
        NotFound,
        MethodNotAllowed,
    ) as error:
        code: int = error.response.status_code
        print(code)
    except HTTPStatusError as error:
        as_requests: requests.HTTPError = error
        raise as_requests from None
    except (ConnectionFailed, ProxyFailed, CertificateError, InvalidRequest) as error:
        lost: requests.ConnectionError = error
        raise lost from None
    except RequestTimeout as error:
        slow: requests.Timeout = error
        raise slow from None
    except (UnexpectedResponse, CrossOriginError, NotSupported) as error:
        wrong_value: ValueError = error
        raise wrong_value from None
    except (NotAClient, OperationTypeError) as error:
        wrong_type: TypeError = error
        raise wrong_type from None
    except WaitTimeout as error:
        late: TimeoutError = error
        raise late from None
    except (OperationFailed, OperationCanceled, OperationUnresolved) as error:
        not_succeeded: NotSucceeded = error
        raise not_succeeded from None
    except (ClientClosed, DeadlockError, InternalError) as error:
        root: TamrError = error
        assert_type(root.retry_in_seconds, float | None)


def polling(client: Client, operation: Operation) -> None:
    poller = Poller.of(client)
    assert_type(poller, Poller)

    def on_operation(snapshot: Operation) -> None:
        print(snapshot.state)

    def on_error(error: TamrError) -> None:
        print(error.retry_in_seconds)

    subscription = poller.subscribe(operation, on_operation, on_error, interval=5)
    subscription.close()
    poller.subscribe(operation, print, with_queue=True).close()
    poller.subscribe(operation, print, with_queue=lambda: operation.state == "PENDING").close()
    assert_type(poller.waiting(operation), QueuePlace | None)
    assert_type(poller.place_and_estimate(operation), tuple[QueuePlace | None, Estimate | None])
    poller.subscribe(operation, lambda snapshot: snapshot.resolved).close()
    poller.refresh(operation)
    assert_type(Poller(client, background=False).run_once(), float)


def estimates(client: Client, operation: Operation) -> None:
    jobs = JobHistory(client.operations())
    jobs.add(operation)
    estimate = jobs.estimate(operation)
    assert_type(estimate, Estimate | None)
    assert_type(jobs.estimate_queue(operation), Estimate | None)
    assert_type(jobs.estimate_queue(operation, client.operations()), Estimate | None)
    for run in jobs.runs(operation):
        assert_type(run, PastRun)
        print(run.when, run.queued, run.ran, run.state)
    trend = jobs.trend(operation)
    assert_type(trend, Trend | None)
    if trend is not None:
        print(trend.change, trend.since, trend.samples)
    for place in jobs.waiting(client.operations(), operation.as_of):
        assert_type(place, QueuePlace)
        print(place.operation, place.ahead, place.estimate)
    if estimate is not None:
        assert_type(estimate.median_seconds, float)
        assert_type(estimate.low_seconds, float)
        assert_type(estimate.high_seconds, float)
        assert_type(estimate.samples, int)


async def one_widget(operation: Operation) -> None:
    widget = OperationWidget(operation, poll_interval_seconds=1, timeout_seconds=60, estimate=False)
    assert_type(widget.operation, Operation)
    assert_type(widget.state, str | None)
    assert_type(widget.resolved, bool)
    assert_type(widget.description, str)
    assert_type(widget.message, str)
    # traitlets says `int | None` of a Float that may be None.
    progress: float | None = widget.progress
    print(progress)
    assert_type(widget.waiting, bool)
    assert_type(widget.deleted, bool)
    assert_type(widget.error, str)
    widget.on_resolved(lambda resolved: print(resolved.state))
    assert_type(widget.wait(timeout_seconds=60), Operation)
    assert_type(await widget, Operation)
    widget.close()


def all_jobs(client: Client) -> None:
    widget = JobsWidget(client, poll_interval_seconds=10)
    widget.filter_state = "RUNNING"
    widget.search = "cluster"
    assert_type(widget.error, str)
    for operation in (*widget.operations, *widget.selection):
        print(operation)
    widget.on_resolved(lambda resolved: print(resolved.state))
    widget.to_frame()
    widget.close()


def simulated(shell: Any) -> None:
    with Simulator(port=0, speed=1000, seed=1, past_jobs=10, password=DEMO_PASSWORD) as simulator:
        assert_type(simulator, Simulator)
        assert_type(simulator.url, str)
        assert_type(simulator.username == DEMO_USERNAME, bool)
        assert_type(simulator.client(store_auth_cookie=True), Client)
        assert_type(simulator.jobs.add("RUNNING"), str)
        print(simulator.requests)
        simulator.faults.add(Fault.status(502, times=3))
    simulator.start().stop()
    assert_type(history(10, seed=1), list[dict[str, Any]])
    load_ipython_extension(shell)
    unload_ipython_extension(shell)
    assert_type(tamr_widgets.__version__, str)
    asyncio.run(one_widget(Operation.adopt(shell)))
