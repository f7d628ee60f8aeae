"""Defines the requests and responses of the API, independent of the HTTP server."""

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
        method: GET, POST, ...
        path: The percent-decoded path, without the query.
        query: The part after the question mark.
        headers: The headers; names in any case.
        body: The body.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def fields(self) -> dict[str, Any]:
        """Returns the JSON object in the body, or an empty dict if there is none."""
        try:
            found = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Response:
    """A response.

    Attributes:
        status: The status code.
        body: The body, not compressed.
        headers: The headers in addition to Content-Type and Content-Length.
        content_type: The value of Content-Type.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    @classmethod
    def of(cls, value: object, status: int = 200) -> Response:
        """Returns a response with a JSON body."""
        return cls(status, encode(value))


def unauthorised() -> Response:
    """Returns Tamr's response to a request without valid credentials."""
    return Response(401, NO_CREDENTIALS.encode(), {}, "text/plain")


def wrong_password() -> Response:
    """Returns the response to a login that fails.

    Its text differs from that of other requests: the public client logs in again without end
    whenever a 401 contains "credentials", even in the response to its own login.
    """
    return _failure(401, "javax.ws.rs.NotAuthorizedException", "Invalid username or password")


def not_found() -> Response:
    """Returns Tamr's response to a request for a missing resource."""
    name = "com.tamr.common.exceptions.ResourceNotFoundException"
    return _failure(404, name, "No result found")


def not_allowed(methods: Iterable[str]) -> Response:
    """Returns the response to an unsupported method; its `Allow` lists the supported ones."""
    name = "javax.ws.rs.NotAllowedException"
    response = _failure(405, name, "HTTP 405 Method Not Allowed")
    return Response(405, response.body, {"Allow": ", ".join(methods)})


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
