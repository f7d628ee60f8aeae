"""The public client's Operation and ours return the same for the same jobs."""

from __future__ import annotations

import pytest
import requests
from tamr_unify_client import Client as PublicClient
from tamr_unify_client.operation import Operation as PublicOperation

from tamr_widgets import Client, Operation

NAMES = (
    "type",
    "description",
    "status",
    "state",
    "relative_id",
    "resource_id",
    "api_path",
)
WAIT = {"poll_interval_seconds": 0.02, "timeout_seconds": 20}


@pytest.fixture
def our_client(simulator):
    """A client of ours for the same server."""
    with simulator.client() as client:
        yield client


def facts(operation):
    """All documented attributes of an operation."""
    return {name: getattr(operation, name) for name in NAMES} | {"succeeded": operation.succeeded()}


@pytest.fixture
def both(client, our_client):
    """Fetch an operation with the public client and with ours."""

    def fetched(job):
        return (
            PublicOperation.from_resource_id(client, job),
            Operation.from_resource_id(our_client, job),
        )

    return fetched


def test_all_past_jobs_have_the_same_facts(simulator, both):
    """Exports and imports are included: their ids are names, their times have another format."""
    assert len(simulator.jobs) > 20

    for job in simulator.jobs:
        theirs, ours = both(job)
        assert facts(ours) == facts(theirs)


@pytest.mark.parametrize(
    "status",
    [
        {"state": "PENDING", "startTime": "", "endTime": "", "message": ""},
        {"state": "RUNNING", "startTime": "2021-01-29T18:24:53.326Z", "endTime": ""},
        {"state": "CANCELING", "message": "Job has been marked for cancellation"},
        {"state": "CANCELED"},
        {"state": "RESTARTING"},
        {},
        None,
    ],
    ids=["pending", "running", "canceling", "canceled", "unknown", "empty", "null"],
)
def test_every_status_has_the_same_facts(simulator, both, status):
    """Undocumented statuses are included."""
    job = simulator.jobs.start()
    document = simulator.jobs.get(job) | {"status": status}
    simulator.jobs.put(document)

    theirs, ours = both(job)

    assert facts(ours) == facts(theirs)


def test_an_alias_replaces_the_api_path(simulator, client):
    """`from_json` takes an `api_path` that overrides the document's own path."""
    document = simulator.jobs.get(simulator.jobs.start())

    for cls in (PublicOperation, Operation):
        assert cls.from_json(client, document).api_path == document["relativeId"]
        assert cls.from_json(client, document, "operations/alias").api_path == "operations/alias"


def test_polling_and_waiting_return_the_same_facts(simulator, both):
    """Both return new snapshots with equal facts; the old ones do not change."""
    job = simulator.jobs.start(queued_seconds=600)
    theirs, ours = both(job)
    simulator.jobs.finish(job)

    assert facts(ours.poll()) == facts(theirs.poll())
    assert facts(ours.wait(**WAIT)) == facts(theirs.wait(**WAIT))
    assert facts(ours) == facts(theirs)
    assert ours.state == "PENDING"


def test_options_are_applied_alike(simulator, both):
    """Asynchronous returns the operation itself, synchronous the resolved one."""
    theirs, ours = both(simulator.jobs.start())

    assert ours.apply_options(asynchronous=True) is ours
    assert theirs.apply_options(asynchronous=True) is theirs
    waited = ours.apply_options(**WAIT)
    assert facts(waited) == facts(theirs.apply_options(**WAIT))


def test_a_response_becomes_the_same_operation(client, our_client):
    """Both create an operation from the response to a refresh, 204 included."""
    for project in ("1", "7"):
        response = client.post(f"projects/{project}/unifiedDataset:refresh")
        theirs = PublicOperation.from_response(client, response)
        ours = Operation.from_response(our_client, response)

        expected = facts(theirs)
        if theirs.type == "NOOP":
            expected["description"] = ours.description
        assert facts(ours) == expected


def test_errors_are_caught_alike(simulator, both, client, our_client):
    """404 and 405 are HTTPErrors with the same status, a late job a TimeoutError."""
    job = simulator.jobs.start(queued_seconds=600)

    for operation in both(job):
        with pytest.raises(requests.HTTPError) as refused:
            operation.delete()
        assert refused.value.response.status_code == 405
        with pytest.raises(TimeoutError):
            operation.wait(0.02, timeout_seconds=0.05)
    for cls, its_client in ((PublicOperation, client), (Operation, our_client)):
        with pytest.raises(requests.HTTPError) as unknown:
            cls.from_resource_id(its_client, "4711")
        assert unknown.value.response.status_code == 404


@pytest.mark.parametrize(
    ("public", "ours", "left_out"),
    [
        # Projects and datasets are no operations: use the public client beside ours.
        (PublicClient, Client, {"projects", "datasets"}),
        # Of the base class of all resources; `from_json` is the documented way.
        (PublicOperation, Operation, {"from_data"}),
    ],
    ids=["Client", "Operation"],
)
def test_every_public_member_exists(public, ours, left_out):
    """Ours has each attribute of the public package's class, apart from those named here."""

    def members(cls):
        return {name for name in dir(cls) if not name.startswith("_")}

    assert members(public) - members(ours) - {"origin", "client"} == left_out
