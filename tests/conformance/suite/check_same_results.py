"""The public client's Operation and ours say the same about the same jobs."""

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
    """Everything that the public documentation lets one read from an operation."""
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


def test_every_job_of_the_past_reads_the_same(simulator, both):
    """Exports and imports, too, whose ids are names and whose times have a form of their own."""
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
def test_every_status_reads_the_same(simulator, both, status):
    """Also those that no document knows."""
    job = simulator.jobs.start()
    document = simulator.jobs.get(job) | {"status": status}
    simulator.jobs.put(document)

    theirs, ours = both(job)

    assert facts(ours) == facts(theirs)


def test_an_alias_is_the_path_to_ask_at(simulator, client):
    """`from_json` takes an `api_path` that goes before the document's own path."""
    document = simulator.jobs.get(simulator.jobs.start())

    for kind in (PublicOperation, Operation):
        assert kind.from_json(client, document).api_path == document["relativeId"]
        assert kind.from_json(client, document, "operations/alias").api_path == "operations/alias"


def test_polling_and_waiting_return_the_same(simulator, both):
    """New snapshots from both, equal in all that can be read; the old ones stay."""
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
    """Both make an operation of the response to a refresh, 204 included."""
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
    for kind, asker in ((PublicOperation, client), (Operation, our_client)):
        with pytest.raises(requests.HTTPError) as unknown:
            kind.from_resource_id(asker, "4711")
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
def test_every_public_member_is_there(public, ours, left_out):
    """What the public package's class has, ours has too, but for what is named here."""

    def members(kind):
        return {name for name in dir(kind) if not name.startswith("_")}

    assert members(public) - members(ours) - {"origin", "client"} == left_out
