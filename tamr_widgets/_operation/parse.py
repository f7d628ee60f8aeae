"""Reads the document of an operation from a response."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import requests

from .._http.response import parse_json, raise_for_status, unexpected
from .._text import sanitize
from .identity import is_named, is_operation, names_in, only_name

_NEVER = "0000-00-00T00:00:00.000Z"
NOOP = {
    "id": "-1",
    "type": "NOOP",
    "description": "Everything was up to date: Tamr had nothing to do (HTTP 204).",
    "status": {"state": "SUCCEEDED", "startTime": _NEVER, "endTime": _NEVER, "message": ""},
    "created": {"username": "", "time": _NEVER, "version": "-1"},
    "lastModified": {"username": "", "time": _NEVER, "version": "-1"},
    "relativeId": "operations/-1",
}


def document_of(operation: Any) -> dict[str, Any]:
    """Returns the document of an operation of `tamr_client`, which keeps only a part of it."""
    path = operation.url.path
    return {
        "id": path.rpartition("/")[2],
        "type": operation.type,
        "description": operation.description,
        "status": operation.status,
        "relativeId": path,
    }


def parse_started(response: requests.Response, auth: Any) -> dict[str, Any]:
    """Returns the document of the operation that a request started; the NOOP's for a 204.

    Raises:
        HTTPStatusError: The response has an error status.
        UnexpectedResponse: The response is not an operation.
    """
    if response.status_code == 204:
        return NOOP
    request = response.request
    request_line = f"{request.method} {response.url}" if request else "The request"
    data: dict[str, Any] = parse_json(raise_for_status(response, request_line, auth), request_line)
    if not is_operation(data):
        raise unexpected(response, request_line, "something that is not an operation")
    return data


def parse_named(name: str, response: requests.Response, request_line: str) -> dict[str, Any]:
    """Returns the document of the operation with this name from a response.

    Raises:
        UnexpectedResponse: The response is something else.
    """
    data: dict[str, Any] = parse_json(response, request_line)
    if not is_named(name, data):
        names = names_in(data) if isinstance(data, dict) else set()
        shown = " and ".join(sorted(sanitize(each) for each in names if each))
        received = "something that is not this operation" + (f" but {shown}" if shown else "")
        raise unexpected(response, request_line, received)
    return data


def derived_path(data: dict[str, Any]) -> str | None:
    """Derives the path from the id, for servers that write no `relativeId`."""
    name = only_name(names_in(data))
    return None if data.get("relativeId") or name is None else f"operations/{quote(name, ':')}"
