"""Operations of the public client, adopted as ours; they keep their client."""

from __future__ import annotations

import pytest
import requests
from tamr_unify_client.operation import Operation as PublicOperation

from tamr_widgets import Operation, TamrError
from tamr_widgets.history import JobHistory

QUICK = {"poll_interval_seconds": 0.02, "timeout_seconds": 20}


@pytest.fixture
def adopt(client, simulator):
    """Start a job, fetch it with the public client, and adopt it."""

    def adopted(**options):
        return Operation.adopt(
            PublicOperation.from_resource_id(client, simulator.jobs.start(**options))
        )

    return adopted


def test_an_adopted_operation_polls_through_the_public_client(client, simulator, adopt):
    """Polling returns a new snapshot; the public client sends the request."""
    operation = adopt(queued_seconds=600)
    simulator.jobs.finish(operation.resource_id)

    polled = operation.poll()

    assert isinstance(polled, Operation)
    assert polled.client is client
    assert (operation.state, polled.state) == ("PENDING", "SUCCEEDED")


def test_an_adopted_operation_is_waited_for(adopt):
    """Waiting returns the resolved operation as one of ours."""
    done = adopt().wait(**QUICK)

    assert isinstance(done, Operation)
    assert done.succeeded()


def test_a_wait_ends_at_its_timeout(adopt):
    """It raises TimeoutError, which has the last snapshot."""
    operation = adopt(queued_seconds=600)

    with pytest.raises(TimeoutError) as raised:
        operation.wait(0.02, timeout_seconds=0.1)

    assert raised.value.operation == operation


def test_an_adopted_operation_is_cancelled(adopt):
    """Cancelling works through a public client, too, although it has no such method."""
    operation = adopt(run_seconds=600)

    cancelled = operation.cancel()

    assert cancelled.state in {"CANCELING", "CANCELED"}
    assert cancelled.wait(**QUICK).state == "CANCELED"


def test_a_refused_delete_is_an_http_error(adopt):
    """A 405 response raises an error of ours that is also requests' HTTPError."""
    with pytest.raises(requests.HTTPError) as raised:
        adopt().delete()

    assert isinstance(raised.value, TamrError)
    assert raised.value.response.status_code == 405


def test_an_allowed_delete_returns_the_response(simulator, adopt):
    """The result is the server's response, as with the public client."""
    operation = adopt()
    simulator.jobs.allow_delete(operation.resource_id)

    assert isinstance(operation.delete(), requests.Response)
    assert operation.resource_id not in simulator.jobs


def test_a_history_learns_from_public_operations(client, simulator, adopt):
    """It also estimates their queue time, without a conversion."""
    past = adopt(run_seconds=0.2).wait(**QUICK)
    public = PublicOperation.from_resource_id(client, past.resource_id)

    history = JobHistory([public])

    assert history.estimate_queue(public) == JobHistory([past]).estimate_queue(past)
    assert [run.state for run in history.runs(public)] == ["SUCCEEDED"]


def test_a_noop_is_adopted(client, simulator):
    """The public client's operation of a 204 can be polled and waited for without a request."""
    dataset = client.projects.by_name("already_up_to_date").unified_dataset()
    operation = Operation.adopt(dataset.refresh(asynchronous=True))
    requested = len(simulator.requests)

    assert operation.poll() is operation
    assert operation.wait() is operation
    assert len(simulator.requests) == requested


def test_an_expired_session_is_renewed(client, simulator, adopt):
    """The public client renews it during our wait."""
    client.set_auth_cookie()
    operation = adopt()
    simulator.expire_sessions()

    assert operation.wait(**QUICK).succeeded()


def test_an_adopted_operation_has_our_additional_attributes(adopt):
    """The public client's operation has no times and no user."""
    done = adopt(created_by="ada").wait(**QUICK)

    assert done.created_by == "ada"
    assert done.created_at <= done.started_at <= done.ended_at
    assert done.elapsed == done.ended_at - done.started_at
