"""Cases in which a wait of the public client fails, and one of ours on the same client succeeds.

These tests also fail when the public client is fixed; the case can then be removed.
"""

from __future__ import annotations

import threading
import time

import pytest
import requests
from tamr_unify_client.operation import Operation as PublicOperation

from tamr_widgets import Operation
from tamr_widgets.simulator import Fault

WAIT = {"poll_interval_seconds": 0.05, "timeout_seconds": 20}


@pytest.fixture
def start(client, simulator):
    """Start a job and fetch it with the public client."""

    def started(**options):
        return PublicOperation.from_resource_id(client, simulator.jobs.start(**options))

    return started


def count_requests(simulator, seconds, wait):
    """Count the requests of a wait that times out after `seconds`."""
    simulator.requests.clear()
    with pytest.raises(TimeoutError):
        wait(poll_interval_seconds=0.05, timeout_seconds=seconds)
    return len(simulator.requests)


@pytest.mark.parametrize("status", [{"state": "CANCELING"}, None], ids=["canceling", "null"])
def test_an_unknown_state(simulator, start, status):
    """The public client polls without a pause; ours keeps its interval."""
    operation = start(queued_seconds=600)
    simulator.jobs.put(simulator.jobs.get(operation.resource_id) | {"status": status})
    operation = operation.poll()

    theirs = count_requests(simulator, 0.5, operation.wait)
    ours = count_requests(simulator, 0.5, Operation.adopt(operation).wait)

    assert ours <= 0.5 / 0.05 + 2
    assert theirs > 3 * ours


@pytest.mark.parametrize(
    ("fault", "theirs"),
    [
        (Fault.status(502, times=1), requests.HTTPError),
        (Fault.reset(times=1), requests.ConnectionError),
        (Fault.login_page(times=1), ValueError),
        (Fault.body("[]", times=1), AttributeError),
    ],
    ids=["502", "reset", "login page", "empty list"],
)
def test_a_temporary_fault(simulator, start, fault, theirs):
    """The public client's wait raises an error; ours continues to the end of the job."""
    operation = start(queued_seconds=600)

    with simulator.faults.on(fault), pytest.raises(theirs):
        operation.wait(**WAIT)
    simulator.jobs.finish(operation.resource_id)
    with simulator.faults.on(fault):
        assert Operation.adopt(operation).wait(**WAIT).succeeded()
        assert not simulator.faults


def test_a_timeout_of_zero_for_a_job_that_has_ended(simulator, start):
    """The public client's wait raises TimeoutError; ours returns the operation."""
    operation = start()
    simulator.jobs.finish(operation.resource_id)
    operation = operation.poll()

    with pytest.raises(TimeoutError):
        operation.wait(timeout_seconds=0)
    assert Operation.adopt(operation).wait(timeout_seconds=0).succeeded()


def test_a_server_that_hangs(simulator, start):
    """The public client's wait exceeds its timeout until the server responds; ours does not."""
    operation = start(queued_seconds=600)
    timeout = 0.2
    with simulator.faults.on(Fault.hang()):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            Operation.adopt(operation).wait(0.02, timeout_seconds=timeout)
        assert time.monotonic() - began < timeout + 0.5

        theirs = threading.Thread(target=_wait_until_disconnected, args=(operation, timeout))
        theirs.start()
        theirs.join(timeout + 0.5)
        assert theirs.is_alive()
        simulator.stop()
        theirs.join()


def _wait_until_disconnected(operation, timeout):
    with pytest.raises(requests.ConnectionError):
        operation.wait(0.02, timeout_seconds=timeout)
