"""Any response of a server becomes a readable operation or an error of the package."""

from __future__ import annotations

import json
import math
import pickle
from contextlib import contextmanager, suppress

import pytest
import requests
from fakes import PATH, CannedAdapter, FakeClock, document
from hypothesis import example, given
from hypothesis import strategies as st

from tamr_widgets import Client, Operation, TamrError, TokenAuth, _clock
from tamr_widgets._operation.html import html_table, plain_text
from tamr_widgets._operation.wait import wait_timeout
from tamr_widgets.widgets.payload import compact, snapshot_facts

ODD_TEXTS = [
    "",
    "\x00",
    "\ud800",
    "\udfff\ud800",
    "\u202e",
    "\u2028",
    "<script>",
    "'\"&",
    "%s %(x)s {0}",
    "x" * 20_000,
    "0000-00-00T00:00:00.000Z",
    "9999-12-31T23:59:59-23:59",
    "2021-07-05_16-16-30-425",
    "{}",
    "[" * 3000,
    '{"message": 7}',
    "//evil.test",
    "operations/../x",
    "SUCCEEDED",
    "CANCELING",
    "NOOP",
]
ODD_NUMBERS = [10**400, -(10**4000), math.nan, -math.inf, -0.0, True]
TEXT = st.text(st.characters(), max_size=20) | st.sampled_from(ODD_TEXTS)
NUMBERS = st.integers() | st.sampled_from(ODD_NUMBERS) | st.floats()
LEAVES = st.none() | st.booleans() | NUMBERS | TEXT
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
STATUS = VALUES | st.fixed_dictionaries(
    {},
    optional={"state": VALUES, "startTime": VALUES, "endTime": VALUES, "message": VALUES},
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "id": VALUES,
        "type": VALUES,
        "description": VALUES,
        "status": STATUS,
        "created": VALUES | st.fixed_dictionaries({"username": VALUES, "time": VALUES}),
        "relativeId": VALUES,
        "result": VALUES,
    },
)
PROPERTIES = [
    name for name in dir(Operation) if isinstance(getattr(Operation, name, None), property)
]


def deep(levels, kind=list):
    """Returns a document that is nested deeper than Python can recurse."""
    value = "bottom"
    for _ in range(levels):
        value = [value] if kind is list else {"status": value}
    return value


DEEP = [
    {"status": deep(5000)},
    {"status": {"state": deep(5000), "message": deep(5000, dict)}},
    {"description": deep(5000), "type": deep(5000), "id": deep(5000), "relativeId": deep(5000)},
    {"created": deep(5000, dict), "extra": deep(5000)},
    deep(5000, dict),
]


def read_all(operation):
    """Reads all properties and representations of an operation, none of which may raise."""
    for name in PROPERTIES:
        getattr(operation, name)
    assert operation.state is None or isinstance(operation.state, str)
    assert isinstance(operation.resolved, bool)
    for text in (operation.message, repr(operation), html_table(operation), plain_text(operation)):
        text.encode()
    assert operation == pickle.loads(pickle.dumps(operation))
    assert hash(operation) == hash(Operation(None, operation.to_json(), operation.api_path))
    json.dumps(operation.to_json()).encode()
    facts = json.dumps(compact(snapshot_facts(operation)), ensure_ascii=False, allow_nan=False)
    facts.encode()
    str(wait_timeout(operation, 1, None)).encode()
    if not operation.succeeded():
        with pytest.raises(TamrError) as raised:
            operation.check()
        assert len(str(raised.value).encode()) < 4000


@contextmanager
def responding(*bodies, **headers):
    """Yields a client, and the adapter that returns these bodies to it."""
    adapter = CannedAdapter(*bodies, **headers)
    with requests.Session() as session:
        session.mount("http://", adapter)
        with Client(TokenAuth("t"), "tamr.test", session=session) as client:
            yield client, adapter


def poll(body):
    """Returns the operation that a poll returns, or None after an error of the package."""
    with responding(body) as (client, _):
        try:
            return Operation(client, document()).poll()
        except TamrError as error:
            str(error).encode()
            return None


def test_unusual_values_in_any_field_can_be_read():
    """Each value is in each field, alone and in a list."""
    for odd in (*ODD_TEXTS, *ODD_NUMBERS):
        for each in (odd, [odd]):
            times = {"state": each, "startTime": each, "endTime": each, "message": each}
            names = {"id": each, "type": each, "description": each, "relativeId": each}
            created = {"username": each, "time": each}
            try:
                read_all(Operation(None, {**names, "status": times, "created": created}))
            except Exception as error:
                raise AssertionError(f"{each!a:.80}") from error


@given(DOCUMENTS)
def test_an_operation_of_any_document_can_be_read(written):
    """Fields may be missing, null, of the wrong type, huge or malformed."""
    read_all(Operation(None, written))


@given(DOCUMENTS)
@example({"created": {"time": "2021-07-05_16-16-30-425"}})
def test_any_document_can_be_the_response_to_a_poll(written):
    """It becomes this operation, or an error of the package."""
    try:
        body = json.dumps(written)
    except ValueError:  # Python does not write integers of that length
        return
    for fields in ({}, {"id": "17", "relativeId": PATH}):
        operation = poll(json.dumps({**json.loads(body), **fields}))
        if operation is not None:
            read_all(operation)
        else:
            # With another creation time, the document is of another job with this number.
            assert not fields or Operation(None, document()).is_replaced_by(json.loads(body))


@given(st.binary(max_size=200) | TEXT.map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_can_be_the_response_to_a_poll(body):
    """They become an error of the package."""
    assert poll(body) is None


@given(VALUES)
def test_any_value_can_be_in_the_response_to_a_list(value):
    """Documents become operations, other values are left out."""
    try:
        body = json.dumps([value, document()])
    except ValueError:
        return
    with responding(body) as (client, _):
        listed = client.operations()

    assert listed[-1].resource_id == "17"
    for each in listed:
        read_all(each)


@pytest.mark.parametrize("written", DEEP, ids=range(len(DEEP)))
def test_a_deeply_nested_document_can_be_read(written):
    """A value that is deeper than Python's stack is cut off."""
    read_all(Operation(None, written))


@pytest.mark.parametrize("levels", [10, 300, 600, 900, 5000, 100_000])
@pytest.mark.parametrize("where", ["status", "description", "extra"])
def test_a_deeply_nested_response_can_be_read_or_is_refused(levels, where):
    """Its depth is below and above the limit of the parser."""
    nested = "[" * levels + "]" * levels
    operation = poll('{"id": "17", "%s": %s}' % (where, nested))  # noqa: UP031

    if operation is not None:
        read_all(operation)
        read_all(operation.from_same_response(operation.to_json()))


@given(st.lists(DOCUMENTS, min_size=1, max_size=2))
def test_any_responses_end_a_wait_in_time(written):
    """A wait ends with a resolved operation or one of our errors, and without a tight loop."""
    try:
        bodies = [json.dumps({**each, "id": "17"}) for each in written]
    except ValueError:
        return
    clock = FakeClock()
    with pytest.MonkeyPatch.context() as patch, responding(*bodies) as (client, adapter):
        for name in ("monotonic", "wall", "sleep"):
            patch.setattr(_clock.clock, name, getattr(clock, name))
        with suppress(TamrError):
            assert Operation(client, document()).wait(1, timeout_seconds=3).resolved
        assert adapter.requests <= 4


@given(
    date=TEXT.map(lambda text: text.encode("latin-1", "replace").decode("latin-1")),
    retry_after=TEXT.map(lambda text: text.encode("latin-1", "replace").decode("latin-1")),
)
def test_any_date_and_retry_after_can_be_in_a_response(date, retry_after):
    """Malformed headers have no effect."""
    clean = str.maketrans("", "", "\r\n")
    headers = {"Date": date.translate(clean), "Retry-After": retry_after.translate(clean)}
    with responding(json.dumps(document()), headers=headers) as (client, _):
        operation = Operation(client, document()).poll()

    assert 0 <= operation.retry_after <= 120
    read_all(operation)
