"""tamr-toolbox works with the simulator, unchanged."""

from __future__ import annotations

import pytest
from tamr_toolbox.utils import client as clients
from tamr_toolbox.utils import operation as operations
from tamr_toolbox.utils import version

from tamr_widgets.simulator import DEMO_PASSWORD, DEMO_USERNAME


def test_a_client_is_created_for_a_healthy_server(simulator):
    """The toolbox checks the server's health before it returns a client."""
    client = clients.create(
        username=DEMO_USERNAME,
        password=DEMO_PASSWORD,
        host="127.0.0.1",
        port=simulator.port,
        enforce_healthy=True,
    )

    assert clients.health_check(client)
    client.session.close()


def test_the_version_is_read(client):
    """The server names a release that the toolbox can compare."""
    release = version.current(client)

    assert version.is_version_condition_met(
        tamr_version=release, min_version="2022.010.0", max_version=None
    )


def test_all_operations_are_listed(client, simulator):
    """All past operations are listed, the newest first."""
    assert [each.resource_id for each in operations.get_all(client)] == list(simulator.jobs)


def test_the_latest_operation_is_the_last_one_started(client, simulator):
    """A job that was just started is the latest."""
    job = simulator.jobs.start()

    assert operations.get_latest(client).resource_id == job


def test_active_operations_are_pending_or_running(client, simulator):
    """Operations that have ended are not active."""
    jobs = {simulator.jobs.start(queued_seconds=600), simulator.jobs.start(run_seconds=600)}

    assert {each.resource_id for each in operations.get_active(client)} == jobs


def test_an_operation_is_found_by_its_id(client, simulator):
    """An id may be a number; -1 is the id of a NOOP."""
    job = simulator.jobs.start()

    assert operations.from_resource_id(client, job_id=int(job)).resource_id == job
    assert operations.from_resource_id(client, job_id=-1).type == "NOOP"


def test_details_are_described(client, simulator):
    """The toolbox's description of a job contains its id and its description."""
    operation = operations.from_resource_id(client, job_id=simulator.jobs.start("train"))

    details = operations.get_details(operation=operation)

    assert f"Job: {operation.resource_id}" in details
    assert "Train Mastering Model" in details


def test_waiting_returns_the_resolved_operation(client, simulator):
    """`wait` goes through every state up to the end."""
    operation = operations.from_resource_id(client, job_id=simulator.jobs.start())

    done = operations.wait(operation, poll_interval_seconds=0.02, timeout_seconds=20)

    operations.enforce_success(done)


def test_monitoring_returns_with_the_next_state(client, simulator):
    """`monitor` returns as soon as the state has changed, before the end."""
    job = simulator.jobs.start(queued_seconds=0.2, run_seconds=600)
    operation = operations.from_resource_id(client, job_id=job)

    changed = operations.monitor(
        operation=operation, poll_interval_seconds=0.02, timeout_seconds=20
    )

    assert (operation.state, changed.state) == ("PENDING", "RUNNING")


def test_a_failure_raises_an_error(client, simulator):
    """`enforce_success` raises an error with the id of the failed job."""
    job = simulator.jobs.start()
    simulator.jobs.finish(job, "FAILED")

    with pytest.raises(RuntimeError, match=job):
        operations.enforce_success(operations.from_resource_id(client, job_id=job))


def test_an_export_can_be_waited_for(client):
    """The id of an export is a name."""
    project = client.projects.by_name("minimal_mastering")
    started = client.post(f"/api/versioned/v1/projects/{project.resource_id}:export", json={})

    operation = operations.from_resource_id(client, job_id=started.json()["id"])
    done = operations.wait(operation, poll_interval_seconds=0.02, timeout_seconds=20)

    assert operation.type == "projectExport"
    assert done.succeeded()
