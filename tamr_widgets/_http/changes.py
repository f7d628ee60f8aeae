"""Records whether code has changed anything on a server, which decides whether it is repeated.

Only requests of this package's clients are recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import requests

from ..errors import TamrError
from .retry import REFUSED

# Methods that change nothing on a server.
SAFE_METHODS = ("GET", "HEAD")
# A gateway's, whose server may have received the request.
_TIMED_OUT = 408

_recording: ContextVar[list[bool] | None] = ContextVar("tamr_widgets_changes", default=None)


@contextmanager
def changes_recorded() -> Iterator[list[bool]]:
    """Yields a list that gets, for each change, whether the server may have carried it out."""
    changes: list[bool] = []
    token = _recording.set(changes)
    try:
        yield changes
    finally:
        _recording.reset(token)


def record_change(method: str, outcome: requests.Response | BaseException) -> None:
    """Records a request that has ended, unless its method (in upper case) changes nothing."""
    changes = _recording.get()
    if changes is not None and method not in SAFE_METHODS:
        changes.append(may_be_carried_out(outcome))


def may_be_carried_out(outcome: requests.Response | BaseException) -> bool:
    """Whether the server may have carried out a request: it got it, and has not refused it."""
    response: requests.Response | None = (
        outcome if isinstance(outcome, requests.Response) else getattr(outcome, "response", None)
    )
    if response is not None:
        status = response.status_code
        return status not in REFUSED and (status == _TIMED_OUT or not 400 <= status < 500)
    return not isinstance(outcome, TamrError) or outcome.request_sent
