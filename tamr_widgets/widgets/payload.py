"""Facts of an operation in the format that is sent to the page.

`PanelFacts` has the keys of the type `Facts` in static/shared/protocol.js. Times are milliseconds
since 1970.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict

from .._clock import Seconds, clock
from .._http.urls import server_name
from .._operation.html import code_for
from .._operation.status_message import has_details
from .._text import MAX_DETAILS_CHARS, cut
from ..auth import username_of
from ..errors import (
    ConnectionFailed,
    Forbidden,
    HTTPStatusError,
    MethodNotAllowed,
    NotFound,
    ProxyFailed,
    RequestTimeout,
    TamrError,
    Unauthorized,
    UnexpectedResponse,
)
from ..history import Estimate
from ..operation import Operation

NO_DELETE = "This server does not delete operations (405). Nothing has changed."


class PanelFacts(TypedDict, total=False):
    """The facts of an operation that a page draws. Unknown, empty and false ones are omitted."""

    id: str
    type: str
    server: str
    code: str
    artifact: str
    description: str
    state: str
    resolved: bool
    message: str
    details: str
    created_by: str
    by_other: bool
    created_at: float
    started_at: float
    ended_at: float
    as_of: float
    waiting: bool
    timeout: float
    busy: str
    deleted: bool
    outcome: str
    notified: list[str]
    callback_error: str
    error: str
    error_kind: str
    checked_at: float
    retry_at: float
    no_delete: bool
    estimate: dict[str, float]
    queue: dict[str, float]
    ahead: dict[str, Any]
    past: dict[str, Any]


def snapshot_facts(operation: Operation) -> dict[str, Any]:
    """Returns the facts of a snapshot."""
    status = operation.status
    raw = status.get("message") if isinstance(status, dict) else None
    return {
        "id": cut(operation.resource_id) or "?",
        "type": cut(operation.type),
        "server": server_name(operation.client),
        "code": code_for(operation),
        "artifact": cut(operation.artifact),
        "description": cut(operation.description),
        "state": cut(operation.state),
        "resolved": operation.resolved,
        "message": operation.reason or operation.message,
        "details": cut(raw, MAX_DETAILS_CHARS) if has_details(raw) else "",
        "created_by": cut(operation.created_by),
        "by_other": is_by_other(operation),
        "created_at": milliseconds(operation.created_at),
        "started_at": milliseconds(operation.started_at),
        "ended_at": milliseconds(operation.ended_at),
        "as_of": milliseconds(operation.as_of),
    }


def is_by_other(operation: Operation) -> bool:
    """Whether another user than the client's started the job; False if that is not known."""
    user = username_of(getattr(operation.client, "auth", None))
    return bool(user and operation.created_by and user != operation.created_by)


def estimate_facts(estimate: Estimate | None) -> dict[str, float] | None:
    """Returns the facts of an estimate, in seconds; None without one."""
    if estimate is None:
        return None
    return {
        "median": round(estimate.median_seconds, 1),
        "low": round(estimate.low_seconds, 1),
        "high": round(estimate.high_seconds, 1),
        "samples": estimate.samples,
    }


def poll_error_facts(error: TamrError, checked_at: Seconds) -> dict[str, Any]:
    """Returns the facts of a polling error: a temporary one, or one that ended the polling.

    Args:
        error: The error that the poller reported.
        checked_at: The time of the last successful poll, in seconds since 1970.
    """
    if error.retry_in_seconds is not None:
        return {
            "error": brief_message(error),
            "error_kind": "retrying",
            "checked_at": round(checked_at * 1000),
            "retry_at": round((clock.wall() + error.retry_in_seconds) * 1000),
        }
    kind = "refused" if isinstance(error, (Forbidden, Unauthorized)) else "stopped"
    return {"error": str(error), "error_kind": "gone" if isinstance(error, NotFound) else kind}


def action_error_facts(error: TamrError) -> dict[str, Any]:
    """Returns the facts of an action's error; its kind is `gone` if the operation was deleted."""
    if isinstance(error, MethodNotAllowed):
        return {"error": NO_DELETE, "error_kind": "action"}
    request = getattr(getattr(error, "response", None), "request", None)
    # A POST has another path, which a server may not support.
    gone = isinstance(error, NotFound) and getattr(request, "method", "") != "POST"
    return {"error": str(error), "error_kind": "gone" if gone else "action"}


def brief_message(error: TamrError) -> str:
    """Returns a temporary error in a few words, which the page makes a sentence of."""
    if isinstance(error, HTTPStatusError) and error.response is not None:
        return f"the server answered {error.response.status_code}"
    if isinstance(error, ProxyFailed):
        return "the proxy did not connect"
    if isinstance(error, ConnectionFailed):
        return "the server could not be reached"
    if isinstance(error, RequestTimeout):
        return "the server did not answer in time"
    if isinstance(error, UnexpectedResponse):
        return "something else than Tamr answered"
    return str(error)


def milliseconds(time: datetime | None) -> float | None:
    """Returns a time in milliseconds since 1970, as in JavaScript."""
    return None if time is None else round(time.timestamp() * 1000)


def look_the_same(facts: Mapping[str, Any], drawn: Mapping[str, Any]) -> bool:
    """Whether two sets of facts differ at most in `as_of`, which a page need not be sent for."""
    return {**facts, "as_of": 0} == {**drawn, "as_of": 0}


def compact(facts: dict[str, Any]) -> dict[str, Any]:
    """Returns the facts without unknown, empty and false ones, to keep messages small."""
    return {name: value for name, value in facts.items() if value not in (None, "", False)}
