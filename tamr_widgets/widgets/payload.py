"""The facts of a panel, as they are sent to the page.

`PanelFacts` has the keys of the type `Facts` in static/shared/protocol.js. Times are milliseconds
since 1970.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

from .._clock import Seconds, clock
from .._operation.status_message import has_details
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
from ..snapshot import Snapshot

MAX_DETAILS_CHARS = 100_000
MAX_TEXT_CHARS = 1000
NO_DELETE = "This server does not delete operations (405). Nothing has changed."


class PanelFacts(TypedDict, total=False):
    """What a page draws of an operation. Facts that are unknown, empty or false are left out."""

    id: str
    type: str
    description: str
    state: str
    resolved: bool
    message: str
    details: str
    created_by: str
    created_at: float
    started_at: float
    ended_at: float
    as_of: float
    waiting: bool
    timeout: float
    busy: str
    deleted: bool
    outcome: str
    callback_error: str
    fault: str
    fault_kind: str
    checked_at: float
    retry_at: float
    no_delete: bool
    estimate: dict[str, float]
    queue: dict[str, float]


def snapshot_facts(operation: Snapshot) -> dict[str, Any]:
    """What the server said."""
    status = operation.status
    raw = status.get("message") if isinstance(status, dict) else None
    return {
        "id": cut(operation.resource_id) or "?",
        "type": cut(operation.type),
        "description": cut(operation.description),
        "state": cut(operation.state),
        "resolved": operation.resolved,
        "message": operation.message,
        "details": cut(raw, MAX_DETAILS_CHARS) if has_details(raw) else "",
        "created_by": cut(operation.created_by),
        "created_at": milliseconds(operation.created_at),
        "started_at": milliseconds(operation.started_at),
        "ended_at": milliseconds(operation.ended_at),
        "as_of": milliseconds(operation.as_of),
    }


def estimate_facts(estimate: Estimate | None) -> dict[str, float] | None:
    """An estimate, in seconds."""
    if estimate is None:
        return None
    return {
        "median": round(estimate.median_seconds, 1),
        "low": round(estimate.low_seconds, 1),
        "high": round(estimate.high_seconds, 1),
        "samples": estimate.samples,
    }


def fault_facts(error: TamrError, checked_at: Seconds) -> dict[str, Any]:
    """A fault of polling as a page draws it: one that passes, or one that ended the polling.

    Args:
        error: What the poller reported.
        checked_at: When the server last answered, in seconds since 1970.
    """
    if error.retry_in_seconds is not None:
        return {
            "fault": in_short(error),
            "fault_kind": "retrying",
            "checked_at": round(checked_at * 1000),
            "retry_at": round((clock.wall() + error.retry_in_seconds) * 1000),
        }
    kind = "refused" if isinstance(error, (Forbidden, Unauthorized)) else "stopped"
    return {"fault": str(error), "fault_kind": "gone" if isinstance(error, NotFound) else kind}


def action_facts(error: TamrError) -> dict[str, Any]:
    """A fault of an action: of one on an operation that is gone, that it is gone."""
    if isinstance(error, MethodNotAllowed):
        return {"fault": NO_DELETE, "fault_kind": "action"}
    request = getattr(getattr(error, "response", None), "request", None)
    # A POST goes to another address, which a server may not have.
    gone = isinstance(error, NotFound) and getattr(request, "method", "") != "POST"
    return {"fault": str(error), "fault_kind": "gone" if gone else "action"}


def in_short(error: TamrError) -> str:
    """A fault that passes, in a few words: the page says the rest around it."""
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


def cut(text: str | None, most: int = MAX_TEXT_CHARS) -> str:
    """Text that a page can bear; what is left out is said."""
    if not text or len(text) <= most:
        return text or ""
    return f"{text[:most]}… ({len(text) - most:,} more characters)"


def milliseconds(time: datetime | None) -> float | None:
    """A time as JavaScript counts it."""
    return None if time is None else round(time.timestamp() * 1000)


def compact(facts: dict[str, Any]) -> dict[str, Any]:
    """Without what is unknown, empty or false, to keep messages small."""
    return {name: value for name, value in facts.items() if value not in (None, "", False)}
