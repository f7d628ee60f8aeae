"""Operations of tamr_client, the functional public package, adopted on their own session."""

from __future__ import annotations

import os
from types import SimpleNamespace

os.environ["TAMR_CLIENT_BETA"] = "1"  # without it, the import ends the process

import pytest
import tamr_client as tc
from IPython.core.formatters import DisplayFormatter

from tamr_widgets import (
    Operation,
    OperationTypeError,
    OperationWidget,
    Poller,
    Unauthorized,
    ipython,
    wait_all,
)
from tamr_widgets.simulator import DEMO_PASSWORD, DEMO_USERNAME

QUICK = {"poll_interval_seconds": 0.02, "timeout_seconds": 20}


@pytest.fixture
def instance(simulator):
    return tc.Instance(protocol="http", host="127.0.0.1", port=simulator.port)


@pytest.fixture
def session():
    with tc.session.from_auth(tc.UsernamePasswordAuth(DEMO_USERNAME, DEMO_PASSWORD)) as session:
        yield session


@pytest.fixture
def fetch(simulator, session, instance):
    """Start a job, and fetch it with the public package."""

    def fetched(**options):
        return tc.operation.by_resource_id(session, instance, simulator.jobs.start(**options))

    return fetched


def test_an_operation_is_adopted_with_its_session(session, fetch):
    """It has the attributes of the dataclass; the others are set by the first poll."""
    public = fetch(queued_seconds=600)

    adopted = Operation.adopt(public, session)

    assert adopted.client.session is session
    assert str(public.url).endswith(adopted.api_path)
    facts = (adopted.type, adopted.description, adopted.status)
    assert facts == (public.type, public.description, public.status)
    assert adopted.created_by is None
    assert adopted.poll().created_by == "admin"


def test_an_adopted_operation_is_waited_for_cancelled_and_drawn(session, fetch):
    """Everything that takes an operation works with an adopted one."""
    assert Operation.adopt(fetch(), session).wait(**QUICK).succeeded()

    running = Operation.adopt(fetch(run_seconds=600), session)
    widget = OperationWidget(running, poll_interval_seconds=0.05)
    assert running.cancel().state in {"CANCELING", "CANCELED"}
    assert widget.wait(20).state == "CANCELED"
    widget.close()


def test_a_noop_is_adopted_without_a_request(session, instance):
    """Nothing was started, so nothing is polled."""
    noop = tc.operation._from_response(instance, SimpleNamespace(status_code=204))

    adopted = Operation.adopt(noop, session)

    assert adopted.succeeded()
    assert adopted.poll() is adopted


def test_many_operations_share_one_poller(session, simulator, fetch):
    """Operations of one session and server cost about one list request per interval."""
    operations = [
        Operation.adopt(fetch(queued_seconds=0, run_seconds=100), session) for _ in range(20)
    ]
    simulator.requests.clear()

    with pytest.raises(TimeoutError):
        wait_all(operations, 2, poll_interval_seconds=0.5)

    assert len({Poller.of(each.client) for each in operations}) == 1
    assert len(simulator.requests) <= 15


def test_all_kinds_of_operations_are_waited_for_together(simulator, session, client, fetch):
    """These are ours, those of both public packages, and widgets."""
    with simulator.client() as own_client:
        own = own_client.operation(simulator.jobs.start())
        dataset = client.projects.by_name("minimal_mastering").unified_dataset()
        widget = OperationWidget(own_client.operation(simulator.jobs.start()))
        mixed = [
            own,
            dataset.refresh(asynchronous=True),
            Operation.adopt(fetch(), session),
            widget,
        ]

        resolved = wait_all(mixed, 20, poll_interval_seconds=0.1)

        assert [each.state for each in resolved] == ["SUCCEEDED"] * 4
        assert resolved[0].resource_id == own.resource_id
        widget.close()


def test_the_error_for_a_missing_session_names_the_solution(fetch):
    """An operation of this package has no reference to its session."""
    with pytest.raises(OperationTypeError, match=r"Operation\.adopt\(operation, session\)"):
        OperationWidget(fetch(queued_seconds=600))


def test_a_refused_login_raises_our_error(simulator, instance, fetch):
    """The session renews its login by itself; a wrong password causes no endless loop."""
    public = fetch(queued_seconds=600)
    wrong = tc.session.from_auth(tc.UsernamePasswordAuth(DEMO_USERNAME, "wr0ng-pass"))

    with wrong, pytest.raises(Unauthorized) as raised:
        Operation.adopt(public, wrong).poll()

    assert "wr0ng-pass" not in str(raised.value)


def test_an_expired_session_is_renewed(simulator, session, fetch):
    """The public package renews it during our wait."""
    operation = Operation.adopt(fetch(), session)
    simulator.expire_sessions()

    assert operation.wait(**QUICK).succeeded()


@pytest.fixture
def extension(monkeypatch):
    """The IPython extension in a notebook, and the widgets that it shows."""
    shown: list[OperationWidget] = []
    monkeypatch.setattr(ipython, "display", shown.append)
    shell = SimpleNamespace(kernel=object(), display_formatter=DisplayFormatter())
    ipython.load_ipython_extension(shell)
    yield SimpleNamespace(shell=shell, shown=shown)
    ipython.unload_ipython_extension(shell)
    for widget in shown:
        widget.close()


def test_the_extension_draws_an_operation_with_the_last_session(extension, fetch):
    """This is the session that sent the last request to the operation's server."""
    public = fetch(queued_seconds=600)

    extension.shell.display_formatter.format(public)

    assert [each.state for each in extension.shown] == [public.status["state"]]


def test_the_extension_shows_a_blocking_wait(extension, session, fetch):
    """The result is the public package's own; `mastering` and the others call this function."""
    public = fetch(queued_seconds=0, run_seconds=1)

    resolved = tc.operation.wait(session, public, poll_interval_seconds=0.05)

    assert isinstance(resolved, tc.Operation)
    assert (resolved.url, resolved.status["state"]) == (public.url, "SUCCEEDED")
    assert len(extension.shown) == 1


def test_unloading_restores_the_public_package(extension):
    """The original functions are back."""
    ipython.unload_ipython_extension(extension.shell)

    assert tc.operation.wait.__module__ == "tamr_client.operation"
    assert not hasattr(tc.operation.wait, "__wrapped__")
    assert not hasattr(tc.Session.request, "__wrapped__")
