"""Requests and answers as the API sees them, without their wire."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..jobs.job import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NO_CREDENTIALS = "Credentials are required to access this resource."


@dataclass(frozen=True)
class Request:
    """A request.

    Attributes:
        path: Percent-decoded, without the query.
        query: What follows the question mark.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def fields(self) -> dict[str, Any]:
        """Return the JSON object in the body, or an empty dict when there is none."""
        try:
            found = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Response:
    """What the server answers, before it becomes bytes on the wire."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    @classmethod
    def of(cls, value: object, status: int = 200) -> Response:
        """Return an answer with a JSON body."""
        return cls(status, encode(value))


def unauthorised() -> Response:
    """Return what Tamr answers to a request without valid credentials."""
    return Response(401, NO_CREDENTIALS.encode(), {}, "text/plain")


def wrong_password() -> Response:
    """Return the answer to a login that fails.

    It uses other words than elsewhere: the public client logs in again without end whenever it
    reads "credentials" in a 401, even in the answer to its own login.
    """
    return _failure(401, "javax.ws.rs.NotAuthorizedException", "Invalid username or password")


def not_found() -> Response:
    """Return what Tamr answers where there is nothing."""
    name = "com.tamr.common.exceptions.ResourceNotFoundException"
    return _failure(404, name, "No result found")


def not_allowed(methods: Iterable[str]) -> Response:
    """Return the answer to a method that a resource does not support; it names those it does."""
    name = "javax.ws.rs.NotAllowedException"
    answer = _failure(405, name, "HTTP 405 Method Not Allowed")
    return Response(405, answer.body, {"Allow": ", ".join(methods)})


def _failure(status: int, exception: str, message: str) -> Response:
    frames = [
        {
            "declaringClass": "com.tamr.common.api.OperationsResource",
            "methodName": method,
            "fileName": "OperationsResource.java",
            "lineNumber": line,
        }
        for method, line in (("lookup", 88), ("handle", 61), ("dispatch", 42))
    ]
    failure = {"status": status, "class": exception, "message": message, "stackTrace": frames}
    return Response.of(failure, status)
