"""Cases in which a wait of the public client breaks, and one of ours on the same client goes on.

These tests also fail when the public client mends its side; then the case can go.
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


def polls_of(simulator, seconds, wait):
    """Count the requests of a wait, which must time out after so many seconds."""
    simulator.requests.clear()
    with pytest.raises(TimeoutError):
        wait(poll_interval_seconds=0.05, timeout_seconds=seconds)
    return len(simulator.requests)


@pytest.mark.parametrize("status", [{"state": "CANCELING"}, None], ids=["canceling", "null"])
def test_a_state_that_it_does_not_know(simulator, start, status):
    """The public client asks without a pause; ours keeps to its interval."""
    operation = start(queued_seconds=600)
    simulator.jobs.put(simulator.jobs.get(operation.resource_id) | {"status": status})
    operation = operation.poll()

    theirs = polls_of(simulator, 0.5, operation.wait)
    ours = polls_of(simulator, 0.5, Operation.adopt(operation).wait)

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
def test_a_fault_that_passes(simulator, start, fault, theirs):
    """The public client's wait ends with it; ours ends with the job."""
    operation = start(queued_seconds=600)

    with simulator.faults.on(fault), pytest.raises(theirs):
        operation.wait(**WAIT)
    simulator.jobs.finish(operation.resource_id)
    with simulator.faults.on(fault):
        assert Operation.adopt(operation).wait(**WAIT).succeeded()
        assert not simulator.faults


def test_no_time_for_a_job_that_has_ended(simulator, start):
    """With a limit of 0 the public client gives up on a finished job; ours returns it."""
    operation = start()
    simulator.jobs.finish(operation.resource_id)
    operation = operation.poll()

    with pytest.raises(TimeoutError):
        operation.wait(timeout_seconds=0)
    assert Operation.adopt(operation).wait(timeout_seconds=0).succeeded()


def test_a_server_that_hangs(simulator, start):
    """The public client outlasts its limit as long as the server says nothing; ours does not."""
    operation = start(queued_seconds=600)
    limit = 0.2
    with simulator.faults.on(Fault.hang()):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            Operation.adopt(operation).wait(0.02, timeout_seconds=limit)
        assert time.monotonic() - began < limit + 0.5

        theirs = threading.Thread(target=_wait_until_cut_off, args=(operation, limit))
        theirs.start()
        theirs.join(limit + 0.5)
        assert theirs.is_alive()
        simulator.stop()
        theirs.join()


def _wait_until_cut_off(operation, limit):
    with pytest.raises(requests.ConnectionError):
        operation.wait(0.02, timeout_seconds=limit)
