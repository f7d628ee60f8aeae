from __future__ import annotations

import pytest
from doubles import answer, document
from polling import LIST, FakeTamr

from tamr_widgets import TamrError, UnexpectedAnswer
from tamr_widgets._operation.operation_list import Listing


@pytest.fixture
def tamr(hands):
    tamr = FakeTamr(hands)
    tamr.add_many(3)
    return tamr


def test_documents_are_in_the_servers_order(tamr):
    """Newest first, and found by their path."""
    listing = Listing(tamr)

    assert [each["id"] for each in listing.documents] == ["3", "2", "1"]
    assert list(listing.by_path) == ["operations/3", "operations/2", "operations/1"]
    assert listing.bytes > 3 * 300
    assert tamr.count(LIST) == tamr.count() == 1


def test_snapshots_are_those_of_single_polls(tamr):
    """Same client, same facts, the time of the answer, an address to ask at."""
    tamr.headers["Retry-After"] = "7"
    listing = Listing(tamr)
    operation = listing.operation(listing.documents[0])

    assert operation == operation.poll()
    assert operation.client is tamr
    assert operation.as_of == listing.as_of
    assert operation.retry_after == listing.retry_after == 7
    assert listing.operation(listing.documents[0], "elsewhere/3").api_path == "elsewhere/3"
    assert [each.resource_id for each in listing.operations()] == ["3", "2", "1"]


def test_without_a_list_before_everything_is_news(tamr):
    """Nothing is gone."""
    listing = Listing(tamr)

    assert listing.news == listing.documents
    assert listing.gone == []


def test_what_changed_came_or_went_is_told(tamr):
    """What did not is the very document of the list before: it needs no memory of its own."""
    before = Listing(tamr)
    tamr.end("2")
    tamr.add("4")
    del tamr.jobs["1"]

    listing = Listing(tamr, before)

    assert [each["id"] for each in listing.news] == ["4", "2"]
    assert listing.gone == ["operations/1"]
    assert listing.documents[1] is before.documents[0]
    assert [each["id"] for each in listing.documents] == ["4", "3", "2"]


def test_an_answer_that_is_the_same_is_not_parsed_again(tamr, monkeypatch):
    """An idle server costs next to nothing."""
    before = Listing(tamr)
    monkeypatch.setattr(
        "tamr_widgets._operation.operation_list.json_of", lambda *_: pytest.fail("parsed")
    )

    listing = Listing(tamr, before)

    assert listing.documents is before.documents
    assert listing.by_path is before.by_path
    assert listing.news == listing.gone == []
    assert listing.as_of >= before.as_of


def test_the_first_of_two_documents_with_one_path_counts(tamr):
    """The newest comes first."""
    tamr.jobs["5"] = document("SUCCEEDED", id="5", relativeId="operations/1")
    listing = Listing(tamr)

    assert listing.by_path["operations/1"]["id"] == "5"
    assert len(listing.documents) == 4


def test_documents_without_a_path_are_kept(tamr):
    """They can be shown, though not asked about."""
    tamr.jobs["5"] = {"id": "5"}
    tamr.jobs["6"] = {"id": "6", "relativeId": {}}
    listing = Listing(tamr)

    assert len(listing.documents) == 5
    assert len(listing.by_path) == 3
    assert len(Listing(tamr, listing).documents) == 5


@pytest.mark.parametrize("body", [b"null", b"{}", b'"x"', b"3"])
def test_what_is_not_a_list_is_refused(tamr, body):
    """With a typed error that names the path."""
    tamr.faults[LIST] = answer(200, body)

    with pytest.raises(UnexpectedAnswer, match="GET operations"):
        Listing(tamr)


def test_an_error_status_is_raised(tamr):
    """As by any request."""
    tamr.faults[LIST] = answer(502)

    with pytest.raises(TamrError, match="502"):
        Listing(tamr)
