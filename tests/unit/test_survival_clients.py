"""Clients of any class work, and incomplete ones raise an error that names what is missing."""

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
    """Sends a request; it is the method of each of the clients below."""
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
    """A frozen dataclass has no attributes that can be set."""

    origin: str = ORIGIN
    base_path: str = BASE_PATH
    auth: Any = None
    options: dict[str, Any] = field(default_factory=dict)
    request = send


class Slotted:
    """A class with slots takes no other attributes and no weak references."""

    __slots__ = ("auth", "base_path", "origin")
    request = send

    def __init__(self):
        self.origin, self.base_path, self.auth = ORIGIN, BASE_PATH, None


class WithoutAuth:
    """A client without the attribute `auth`."""

    origin, base_path = ORIGIN, BASE_PATH
    request = send


class PartialClient:
    """An object with only some attributes of a client."""

    def __init__(self, **attributes):
        for name, value in attributes.items():
            setattr(self, name, value)


INCOMPLETE = [
    (PartialClient(), ["request", "origin", "base_path"]),
    (PartialClient(request=print, origin=ORIGIN), ["base_path"]),
    (PartialClient(request=print, base_path=BASE_PATH), ["origin"]),
    (PartialClient(origin=ORIGIN, base_path=BASE_PATH), ["request"]),
    (PartialClient(origin=ORIGIN, base_path=BASE_PATH, request="GET"), ["request method"]),
    (requests.Session(), ["origin", "base_path"]),
    ("http://tamr.test:9100", ["request", "origin", "base_path"]),
]


@pytest.mark.parametrize("make", [Unhashable, Frozen, Slotted, WithoutAuth])
def test_an_operation_works_with_a_client_of_any_class(wire, make):
    """It is fetched, polled, listed, waited for, cancelled, deleted and compared."""
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


@pytest.mark.parametrize(("incomplete", "missing"), INCOMPLETE, ids=[str(m) for _, m in INCOMPLETE])
def test_an_incomplete_client_is_named_with_what_it_lacks(incomplete, missing):
    """Each method that needs a client raises the same error."""
    operation = Operation(incomplete, document())
    for act in (
        lambda: send_request(incomplete, "GET", "x"),
        lambda: Operation.from_resource_id(incomplete, "17"),
        lambda: Operation.adopt(PublicOperation(incomplete, document())),
        lambda: Operation.adopt(operation),
        lambda: OperationWidget(operation),
        lambda: OperationList(incomplete),
        operation.poll,
        operation.wait,
        operation.cancel,
        operation.delete,
    ):
        with pytest.raises(NotAClient) as raised:
            act()
        assert isinstance(raised.value, (TamrError, TypeError))
        assert type(incomplete).__name__ in str(raised.value)
        for name in missing:
            assert name in str(raised.value)


@pytest.mark.parametrize("incomplete", [None, 17, *(incomplete for incomplete, _ in INCOMPLETE)])
def test_jobs_widget_refuses_an_incomplete_client(incomplete):
    """The constructor raises the error."""
    with pytest.raises(TypeError, match=f"needs a client.*{type(incomplete).__name__}"):
        JobsWidget(incomplete)


def test_an_ended_operation_needs_no_complete_client():
    """It is waited for, adopted, compared and pickled without requests."""
    operation = Operation(PartialClient(), document("SUCCEEDED"))

    assert operation.wait() is Operation.adopt(operation) is operation
    assert pickle.loads(pickle.dumps(operation)) == Operation(
        PartialClient(), document("SUCCEEDED")
    )


def test_an_unpickled_operation_can_be_read_without_a_client():
    """A method that needs the server says how to fetch the operation again."""
    ended = pickle.loads(pickle.dumps(Operation(WithoutAuth(), document("SUCCEEDED"))))
    running = pickle.loads(pickle.dumps(Operation(WithoutAuth(), document("RUNNING"))))

    assert Operation.adopt(ended).wait().check() is ended
    assert "Train Mastering Model" in ended._repr_html_()
    for act in (running.poll, running.wait, running.cancel, running.delete, ended.delete):
        with pytest.raises(ClientClosed, match=r"from_resource_id\(client, id\)"):
            act()


@pytest.mark.parametrize("no_operation", [None, 17, "17", document(), WithoutAuth()])
def test_adopting_a_value_that_is_no_operation_is_a_type_error(no_operation):
    """The error is about the operation, not about its client."""
    with pytest.raises(OperationTypeError):
        Operation.adopt(no_operation)
