"""Bulk action: cancels or deletes many operations one after another, and reports progress."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from .._clock import clock
from .._http.retry import concerns_all_operations
from ..errors import (
    CertificateError,
    ClientClosed,
    Forbidden,
    HTTPStatusError,
    MethodNotAllowed,
    TamrError,
    Unauthorized,
)
from ..operation import Operation
from ..poller import Poller, Subscription

# The least number of seconds between two reports to the page.
REPORT_SECONDS = 0.2
# After so many consecutive errors that probably affect all operations, the rest is not tried.
MAX_CONSECUTIVE_ERRORS = 3

_NOT_TRIED = "Not tried, since the same would have happened."


class BulkAction:
    """Cancels or deletes operations in turn, on the poller's thread, between its polls.

    It ends early after an error that affects all operations: the server does not support deletion
    (405), it does not accept the user (401), or there are several consecutive refusals or failures
    (403, 503, no response).

    Args:
        poller: The poller whose thread runs the actions.
        action: `cancel` or `delete`.
        operations: The operations by the page's keys.
        on_done: Gets the key and the action's result, after each success.
        on_report: Gets the progress at most every `REPORT_SECONDS`, and at the end.

    Attributes:
        no_delete: Whether the server responded that it does not support deletion.
    """

    def __init__(
        self,
        poller: Poller,
        action: str,
        operations: dict[str, Operation],
        on_done: Callable[[str, Any], object],
        on_report: Callable[[dict[str, Any]], object],
    ) -> None:
        self.action = action
        self.no_delete = False
        self._poller = poller
        self._count = len(operations)
        self._remaining = deque(operations.items())
        self._failed: list[tuple[str, str]] = []
        self._not_tried = self._consecutive_errors = 0
        self._on_done, self._on_report = on_done, on_report
        self._reported_at = clock.monotonic()
        self._command: Subscription | None = None
        self._run_next()

    @property
    def over(self) -> bool:
        """Whether all operations were processed, or the rest was given up."""
        return self._command is None

    def close(self) -> None:
        """Cancels the remaining actions."""
        self._remaining.clear()
        if self._command is not None:
            self._command.close()
            self._command = None

    def _run_next(self) -> None:
        """Submits the next action; commands of other owners may run in between."""
        if not self._remaining:
            self._command = None
            return
        key, operation = self._remaining.popleft()
        self._command = self._poller.submit(
            getattr(operation, self.action),
            partial(self._done, key),
            partial(self._failed_with, key),
            owner=self,
            _inline=True,
        )

    def _done(self, key: str, result: Any) -> None:
        self._consecutive_errors = 0
        self._run_next()
        try:
            self._on_done(key, result)
        finally:
            self._report()

    def _failed_with(self, key: str, error: TamrError) -> None:
        self._failed.append((key, str(error)))
        self.no_delete = self.no_delete or isinstance(error, MethodNotAllowed)
        self._consecutive_errors = self._consecutive_errors + 1 if _concerns_many(error) else 0
        if _concerns_all(error) or self._consecutive_errors >= MAX_CONSECUTIVE_ERRORS:
            self._not_tried = len(self._remaining)
            self._failed += [(each, _NOT_TRIED) for each, _ in self._remaining]
            self._remaining.clear()
        self._run_next()
        self._report()

    def _report(self) -> None:
        if self.over or clock.monotonic() - self._reported_at >= REPORT_SECONDS:
            self._reported_at = clock.monotonic()
            running = 0 if self.over else 1
            self._on_report(
                {
                    "action": self.action,
                    "done": self._count - len(self._remaining) - running,
                    "of": self._count,
                    "failed": list(self._failed),
                    "not_tried": self._not_tried,
                    "over": self.over,
                }
            )


def _concerns_all(error: TamrError) -> bool:
    """Whether the next action would certainly fail with the same error."""
    if isinstance(error, HTTPStatusError) and error.response is not None:
        return error.response.status_code in (401, 405, 501)
    return isinstance(error, (ClientClosed, MethodNotAllowed, Unauthorized, CertificateError))


def _concerns_many(error: TamrError) -> bool:
    """Whether the next action would probably fail with the same error."""
    return isinstance(error, Forbidden) or concerns_all_operations(error)
