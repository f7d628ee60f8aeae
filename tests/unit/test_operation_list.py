from __future__ import annotations

import json
import operator

import pytest
from fakes import document, fake_response
from polling import LIST, FakeTamr

from tamr_widgets import TamrError, UnexpectedResponse
from tamr_widgets._operation.operation_list import OperationList


@pytest.fixture
def tamr(clock):
    tamr = FakeTamr(clock)
    tamr.add_many(3)
    return tamr


def test_documents_are_in_the_servers_order(tamr):
    """The newest is first, and each is found by its path."""
    listing = OperationList(tamr)

    assert [each["id"] for each in listing.documents] == ["3", "2", "1"]
    assert list(listing.by_path) == ["operations/3", "operations/2", "operations/1"]
    assert listing.bytes > 3 * 300
    assert tamr.count(LIST) == tamr.count() == 1


def test_snapshots_equal_those_of_single_polls(tamr):
    """They have the client, the time and Retry-After of the response, and a path to poll."""
    tamr.headers["Retry-After"] = "7"
    listing = OperationList(tamr)
    operation = listing.operation(listing.documents[0])

    assert operation == operation.poll()
    assert operation.client is tamr
    assert operation.as_of == listing.as_of
    assert operation.retry_after == listing.retry_after == 7
    assert listing.operation(listing.documents[0], "elsewhere/3").api_path == "elsewhere/3"
    assert [each.resource_id for each in listing.operations()] == ["3", "2", "1"]


def test_without_a_previous_list_all_documents_are_changed(tamr):
    """None is removed."""
    listing = OperationList(tamr)

    assert listing.changed == listing.documents
    assert listing.removed == []


def test_changed_added_and_removed_documents_are_reported(tamr):
    """An unchanged document is the object of the previous list, which saves memory."""
    before = OperationList(tamr)
    tamr.end("2")
    tamr.add("4")
    del tamr.jobs["1"]

    listing = OperationList(tamr, before)

    assert [each["id"] for each in listing.changed] == ["4", "2"]
    assert listing.removed == ["operations/1"]
    assert listing.documents[1] is before.documents[0]
    assert [each["id"] for each in listing.documents] == ["4", "3", "2"]


def test_an_identical_response_is_not_parsed_again(tamr, monkeypatch):
    """Polls of an idle server are cheap."""
    before = OperationList(tamr)
    monkeypatch.setattr(
        "tamr_widgets._operation.operation_list.parse_json", lambda *_: pytest.fail("parsed")
    )

    listing = OperationList(tamr, before)

    assert listing.documents is before.documents
    assert listing.by_path is before.by_path
    assert listing.changed == listing.removed == []
    assert listing.as_of >= before.as_of


def test_a_document_in_another_format_is_not_changed(tamr):
    """A server or proxy may change the order and the white space of fields."""
    before = OperationList(tamr)
    listed = [dict(reversed(each.items())) for each in before.documents]
    tamr.faults[LIST] = fake_response(200, json.dumps(listed, indent=1).encode())

    listing = OperationList(tamr, before)

    assert listing.changed == listing.removed == []
    assert all(map(operator.is_, listing.documents, before.documents))


def test_the_first_of_two_documents_with_one_path_counts(tamr):
    """The newest comes first."""
    tamr.jobs["5"] = document("SUCCEEDED", id="5", relativeId="operations/1")
    listing = OperationList(tamr)

    assert listing.by_path["operations/1"]["id"] == "5"
    assert len(listing.documents) == 4


def test_documents_without_a_path_are_kept(tamr):
    """They can be shown, though not polled."""
    tamr.jobs["5"] = {"id": "5"}
    tamr.jobs["6"] = {"id": "6", "relativeId": {}}
    listing = OperationList(tamr)

    assert len(listing.documents) == 5
    assert len(listing.by_path) == 3
    assert len(OperationList(tamr, listing).documents) == 5


@pytest.mark.parametrize("body", [b"null", b"{}", b'"x"', b"3"])
def test_a_document_that_is_no_list_is_refused(tamr, body):
    """The error is typed and names the path."""
    tamr.faults[LIST] = fake_response(200, body)

    with pytest.raises(UnexpectedResponse, match="GET operations"):
        OperationList(tamr)


def test_an_error_status_is_raised(tamr):
    tamr.faults[LIST] = fake_response(502)

    with pytest.raises(TamrError, match="502"):
        OperationList(tamr)
