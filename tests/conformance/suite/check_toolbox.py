"""tamr-toolbox, unchanged, finds a Tamr in the simulator."""

from __future__ import annotations

import pytest
from tamr_toolbox.utils import client as clients
from tamr_toolbox.utils import operation as operations
from tamr_toolbox.utils import version

from tamr_widgets.simulator import DEMO_PASSWORD, DEMO_USERNAME


def test_a_client_is_created_for_a_healthy_server(simulator):
    """The toolbox asks for the server's health before it hands out a client."""
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
    """The whole past is there, the newest operation first."""
    assert [each.resource_id for each in operations.get_all(client)] == list(simulator.jobs)


def test_the_latest_operation_is_the_last_one_started(client, simulator):
    """A job that was just started is the latest."""
    job = simulator.jobs.start()

    assert operations.get_latest(client).resource_id == job


def test_active_operations_are_those_under_way(client, simulator):
    """Only what is pending or running is active."""
    jobs = {simulator.jobs.start(queued_seconds=600), simulator.jobs.start(run_seconds=600)}

    assert {each.resource_id for each in operations.get_active(client)} == jobs


def test_an_operation_is_found_by_its_id(client, simulator):
    """An id may be a number; -1 stands for nothing to do."""
    job = simulator.jobs.start()

    assert operations.from_resource_id(client, job_id=int(job)).resource_id == job
    assert operations.from_resource_id(client, job_id=-1).type == "NOOP"


def test_details_are_told(client, simulator):
    """The toolbox's own description of a job has its id and what it does."""
    operation = operations.from_resource_id(client, job_id=simulator.jobs.start("train"))

    told = operations.get_details(operation=operation)

    assert f"Job: {operation.resource_id}" in told
    assert "Train Mastering Model" in told


def test_waiting_returns_the_resolved_operation(client, simulator):
    """`wait` goes through every state up to the end."""
    operation = operations.from_resource_id(client, job_id=simulator.jobs.start())

    done = operations.wait(operation, poll_interval_seconds=0.02, timeout_seconds=20)

    operations.enforce_success(done)


def test_monitoring_returns_with_the_next_state(client, simulator):
    """`monitor` comes back as soon as the state has changed, before the end."""
    job = simulator.jobs.start(queued_seconds=0.2, run_seconds=600)
    operation = operations.from_resource_id(client, job_id=job)

    changed = operations.monitor(
        operation=operation, poll_interval_seconds=0.02, timeout_seconds=20
    )

    assert (operation.state, changed.state) == ("PENDING", "RUNNING")


def test_a_failure_is_enforced(client, simulator):
    """The toolbox raises what the server said about a failed job."""
    job = simulator.jobs.start()
    simulator.jobs.finish(job, "FAILED")

    with pytest.raises(RuntimeError, match=job):
        operations.enforce_success(operations.from_resource_id(client, job_id=job))


def test_an_export_can_be_waited_for(client):
    """Exports have ids that are names, and a result in the end."""
    project = client.projects.by_name("minimal_mastering")
    started = client.post(f"/api/versioned/v1/projects/{project.resource_id}:export", json={})

    operation = operations.from_resource_id(client, job_id=started.json()["id"])
    done = operations.wait(operation, poll_interval_seconds=0.02, timeout_seconds=20)

    assert operation.type == "projectExport"
    assert done.succeeded()
