"""Records whether code has changed anything on a server, which decides whether it is repeated.

Only requests of this package's clients are recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import requests

from ..errors import TamrError
from .retry import REFUSED, was_not_carried_out

# Methods that change nothing on a server.
_SAFE = ("GET", "HEAD")

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
    if changes is None or method in _SAFE:
        return
    if isinstance(outcome, requests.Response):
        changes.append(outcome.status_code not in REFUSED)
    else:
        changes.append(not isinstance(outcome, TamrError) or not was_not_carried_out(outcome))
