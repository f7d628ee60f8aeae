"""tamr-unify-client works with the simulator, unchanged."""

from __future__ import annotations

import pytest
import requests
from tamr_unify_client.operation import Operation

QUICK = {"poll_interval_seconds": 0.02, "timeout_seconds": 20}
RESOLVED = {"SUCCEEDED", "FAILED", "CANCELED"}


def test_a_project_is_found_by_name(client):
    """The project has its unified dataset."""
    project = client.projects.by_name("minimal_mastering")

    assert project.name == "minimal_mastering"
    assert project.unified_dataset().name == "minimal_mastering_unified_dataset"
    assert client.projects.by_resource_id(project.resource_id).name == project.name


def test_an_unknown_project_is_not_found(client):
    """An unknown name raises KeyError, an unknown id HTTPError."""
    with pytest.raises(KeyError):
        client.projects.by_name("no such project")
    with pytest.raises(requests.HTTPError):
        client.projects.by_resource_id("4711")


def test_datasets_are_listed_and_found(client):
    """The collection of datasets streams, and is searched by name and by id."""
    names = [dataset.name for dataset in client.datasets.stream()]
    found = client.datasets.by_name("customers.csv")

    assert "customers.csv" in names
    assert client.datasets.by_resource_id(found.resource_id).name == "customers.csv"
    assert len(list(found.attributes.stream())) > 1


def test_an_asynchronous_refresh_returns_at_once(client):
    """The operation is unresolved and does not change; waiting returns a resolved one."""
    dataset = client.projects.by_name("minimal_mastering").unified_dataset()

    operation = dataset.refresh(asynchronous=True)
    done = operation.wait(**QUICK)

    assert operation.type == "SPARK"
    assert operation.state in {"PENDING", "RUNNING"}
    assert "minimal_mastering" in operation.description
    assert done.succeeded()
    assert done.resource_id == operation.resource_id


def test_a_synchronous_refresh_waits(client):
    """Without `asynchronous` a refresh returns the resolved operation; options go to `wait`."""
    dataset = client.projects.by_name("minimal_mastering").unified_dataset()

    assert dataset.refresh(**QUICK).succeeded()


def test_each_poll_returns_the_current_state(client, simulator):
    """It is a new snapshot; the earlier ones do not change."""
    job = simulator.jobs.start(queued_seconds=600)
    pending = Operation.from_resource_id(client, job)
    simulator.jobs.change(job, status={"state": "RUNNING"})

    running = pending.poll()
    simulator.jobs.finish(job)

    assert [pending.state, running.state, running.poll().state] == [
        "PENDING",
        "RUNNING",
        "SUCCEEDED",
    ]


def test_options_are_applied(client, simulator):
    """`apply_options` waits, unless `asynchronous` is true."""
    operation = Operation.from_resource_id(client, simulator.jobs.start())

    assert operation.apply_options(asynchronous=True) is operation
    assert operation.apply_options(**QUICK).succeeded()


def test_refreshing_a_current_dataset_returns_a_noop(client, simulator):
    """The server responds with 204, which the client turns into a NOOP."""
    dataset = client.projects.by_name("already_up_to_date").unified_dataset()

    operation = dataset.refresh(asynchronous=True)

    assert (operation.type, operation.resource_id) == ("NOOP", "-1")
    assert operation.succeeded()
    assert simulator.requests[-1].status == 204


def test_a_failed_job_has_a_message(client):
    """Waiting returns the failed operation, whose status has the exception and its trace."""
    dataset = client.projects.by_name("broken_transformations").unified_dataset()

    operation = dataset.refresh(**QUICK)

    assert not operation.succeeded()
    assert operation.state == "FAILED"
    assert "Exception" in operation.status["message"].splitlines()[0]
    assert "\n\tat " in operation.status["message"]


def test_waiting_ends_at_its_timeout(client, simulator):
    """It raises TimeoutError, and the job continues."""
    job = simulator.jobs.start(queued_seconds=600)

    with pytest.raises(TimeoutError):
        Operation.from_resource_id(client, job).wait(0.02, timeout_seconds=0.1)

    assert simulator.jobs.state(job) == "PENDING"


def test_an_unknown_operation_is_not_found(client):
    """An unknown id raises HTTPError with status 404."""
    with pytest.raises(requests.HTTPError) as raised:
        Operation.from_resource_id(client, "4711")

    assert raised.value.response.status_code == 404


def test_a_delete_is_refused(client, simulator):
    """A server that does not delete operations responds with 405, an HTTPError; the job is kept."""
    operation = Operation.from_resource_id(client, simulator.jobs.start())

    with pytest.raises(requests.HTTPError) as raised:
        operation.delete()

    assert raised.value.response.status_code == 405
    assert operation.resource_id in simulator.jobs


def test_a_delete_is_allowed(client, simulator):
    """A server that deletes operations responds with success, and removes the operation."""
    job = simulator.jobs.start()
    simulator.jobs.allow_delete(job)

    assert Operation.from_resource_id(client, job).delete().ok
    assert job not in simulator.jobs


def test_a_cancelled_job_passes_through_canceling(client, simulator):
    """After the request the state is CANCELING, which is undocumented, and then CANCELED."""
    job = simulator.jobs.start(run_seconds=600)
    operation = Operation.from_resource_id(client, job)

    assert client.post(f"/api/dataset/jobs/{job}/cancel").ok
    states = {operation.poll().state}
    while not states & RESOLVED:
        states.add(operation.poll().state)

    assert states - {"CANCELING"} == {"CANCELED"}


@pytest.mark.parametrize(
    "start",
    [
        lambda project: project.pairs().refresh,
        lambda project: project.pair_matching_model().train,
        lambda project: project.pair_matching_model().predict,
        lambda project: project.high_impact_pairs().refresh,
        lambda project: project.record_clusters().refresh,
        lambda project: project.published_clusters().refresh,
        lambda project: project.estimate_pairs().refresh,
        lambda project: project.unified_dataset().create_profile,
    ],
    ids=["pairs", "train", "predict", "questions", "clusters", "publish", "estimate", "profile"],
)
def test_every_step_of_mastering_starts_a_job(client, start):
    """Each step that the client offers becomes an operation of its own."""
    project = client.projects.by_name("minimal_mastering").as_mastering()

    operation = start(project)(asynchronous=True)

    assert operation.type == "SPARK"
    assert operation.wait(**QUICK).succeeded()


def test_a_wrong_password_is_refused(connect):
    """Wrong credentials raise HTTPError with status 401."""
    with pytest.raises(requests.HTTPError) as raised:
        connect("wrong").projects.by_name("minimal_mastering")

    assert raised.value.response.status_code == 401


def test_a_stored_cookie_replaces_the_password(client, simulator):
    """The client sends the cookie, and no password any more."""
    client.set_auth_cookie()
    client.projects.by_name("minimal_mastering")

    assert simulator.requests[-1].credentials == "cookie"


def test_an_expired_session_is_renewed(client, simulator):
    """The client logs in again when its session has expired."""
    client.set_auth_cookie()
    simulator.expire_sessions()

    assert client.projects.by_name("minimal_mastering").name == "minimal_mastering"
