"""Clients and operations that are odd: they work, or a sentence says what is missing."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from fakes import PATH, URL, PublicOperation, document

from tamr_widgets import (
    ClientClosed,
    JobsWidget,
    NotAClient,
    Operation,
    OperationTypeError,
    OperationWidget,
    TamrError,
)
from tamr_widgets._http.unify_client import send_request
from tamr_widgets._operation.operation_list import OperationList

ORIGIN, BASE_PATH = "http://tamr.test:9100", "/api/versioned/v1/"


def send(self, method, endpoint, **kwargs):
    """Sends a request, for each of the odd clients."""
    url = self.origin + (endpoint if endpoint[0] == "/" else self.base_path + endpoint)
    return requests.request(method, url, **kwargs)


@dataclass
class Unhashable:
    """A dataclass compares by its fields, and so has no hash."""

    origin: str = ORIGIN
    base_path: str = BASE_PATH
    auth: Any = None
    request = send


@dataclass(frozen=True)
class Frozen:
    """Nothing may be written to it."""

    origin: str = ORIGIN
    base_path: str = BASE_PATH
    auth: Any = None
    options: dict[str, Any] = field(default_factory=dict)
    request = send


class Slotted:
    """It takes no attributes and no weak references."""

    __slots__ = ("auth", "base_path", "origin")
    request = send

    def __init__(self):
        self.origin, self.base_path, self.auth = ORIGIN, BASE_PATH, None


class Bare:
    """It has no `auth`."""

    origin, base_path = ORIGIN, BASE_PATH
    request = send


class Part:
    """A part of a client."""

    def __init__(self, **has):
        for name, value in has.items():
            setattr(self, name, value)


HALVES = [
    (Part(), ["request", "origin", "base_path"]),
    (Part(request=print, origin=ORIGIN), ["base_path"]),
    (Part(request=print, base_path=BASE_PATH), ["origin"]),
    (Part(origin=ORIGIN, base_path=BASE_PATH), ["request"]),
    (Part(origin=ORIGIN, base_path=BASE_PATH, request="GET"), ["request method"]),
    (requests.Session(), ["origin", "base_path"]),
    ("http://tamr.test:9100", ["request", "origin", "base_path"]),
]


@pytest.mark.parametrize("make", [Unhashable, Frozen, Slotted, Bare])
def test_an_odd_client_is_as_good_as_any(wire, make):
    """Each operation on it works: fetch, poll, list, wait, cancel, delete, compare."""
    client = make()
    wire.get(URL + PATH, json=document("RUNNING"))
    wire.get(f"{URL}operations", json=[document("RUNNING")])
    wire.post("http://tamr.test:9100/api/dataset/jobs/17/cancel", json={})
    wire.delete(URL + PATH, status=204)
    operation = Operation.from_resource_id(client, "17")

    assert operation == operation.poll() == OperationList(client).operations()[0]
    assert operation == Operation.adopt(PublicOperation(client, document("RUNNING")))
    assert len({operation, Operation(make(), document("RUNNING"))}) == 1
    assert operation.cancel().state == "RUNNING"
    assert operation.delete().status_code == 204
    with pytest.raises(TimeoutError):
        operation.wait(0, timeout_seconds=0)
    assert pickle.loads(pickle.dumps(operation)) == operation


@pytest.mark.parametrize(("half", "missing"), HALVES, ids=[str(m) for _, m in HALVES])
def test_half_a_client_is_named_with_what_it_lacks(half, missing):
    """A TypeError of ours, wherever it is met first."""
    operation = Operation(half, document())
    for act in (
        lambda: send_request(half, "GET", "x"),
        lambda: Operation.from_resource_id(half, "17"),
        lambda: Operation.adopt(PublicOperation(half, document())),
        lambda: Operation.adopt(operation),
        lambda: OperationWidget(operation),
        lambda: OperationList(half),
        operation.poll,
        operation.wait,
        operation.cancel,
        operation.delete,
    ):
        with pytest.raises(NotAClient) as raised:
            act()
        assert isinstance(raised.value, (TamrError, TypeError))
        assert type(half).__name__ in str(raised.value)
        for name in missing:
            assert name in str(raised.value)


@pytest.mark.parametrize("half", [None, 17, *(half for half, _ in HALVES)])
def test_half_a_client_has_no_jobs_to_show(half):
    """The list's widget says so at once."""
    with pytest.raises(TypeError, match=f"needs a client.*{type(half).__name__}"):
        JobsWidget(half)


def test_half_a_client_does_not_matter_where_none_is_needed():
    """An operation that has ended is shown, compared and pickled."""
    operation = Operation(Part(), document("SUCCEEDED"))

    assert operation.wait() is Operation.adopt(operation) is operation
    assert pickle.loads(pickle.dumps(operation)) == Operation(Part(), document("SUCCEEDED"))


def test_an_unpickled_operation_is_read_without_a_client():
    """A method that needs the server says how to fetch the operation again."""
    ended = pickle.loads(pickle.dumps(Operation(Bare(), document("SUCCEEDED"))))
    running = pickle.loads(pickle.dumps(Operation(Bare(), document("RUNNING"))))

    assert Operation.adopt(ended).wait().check() is ended
    assert "Train Mastering Model" in ended._repr_html_()
    for act in (running.poll, running.wait, running.cancel, running.delete, ended.delete):
        with pytest.raises(ClientClosed, match=r"from_resource_id\(client, id\)"):
            act()


@pytest.mark.parametrize("thing", [None, 17, "17", document(), Bare()])
def test_what_is_no_operation_is_no_client_error(thing):
    """The sentence is about the operation that is missing."""
    with pytest.raises(OperationTypeError):
        Operation.adopt(thing)
