"""Bulk: one action on many operations, one after another, with a report."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from .._clock import clock
from .._polling.fetcher import concerns_all_targets
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

# How often a page hears of the progress.
REPORT_SECONDS = 0.2
# After so many errors in a row that hardly concern one operation alone, the rest is not tried.
MAX_ERRORS_IN_A_ROW = 3

_NOT_TRIED = "Not tried, since the same would have happened."


class Bulk:
    """Cancels or deletes operations in turn, on the poller's thread, between its polls.

    It ends early where the error of one is that of all: the server deletes no operations (405), it
    does not accept the user (401), or it refuses or fails several in a row (403, 503, no answer).

    Args:
        poller: Whose thread does it.
        action: `cancel` or `delete`.
        operations: By the keys that the page knows them by.
        on_done: Gets the key and what the action returned, after each one.
        on_report: Gets the state of affairs now and then, and at the end.

    Attributes:
        no_delete: Whether the server answered that it deletes no operations.
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
        self._left = deque(operations.items())
        self._failed: list[tuple[str, str]] = []
        self._not_tried = self._in_a_row = 0
        self._on_done, self._on_report = on_done, on_report
        self._reported_at = clock.monotonic()
        self._command: Subscription | None = None
        self._go_on()

    @property
    def over(self) -> bool:
        """Whether all have been done, or refused, or given up."""
        return self._command is None

    def close(self) -> None:
        """Do not begin with those that are left."""
        self._left.clear()
        if self._command is not None:
            self._command.close()
            self._command = None

    def _go_on(self) -> None:
        """Submit the next one; those of other owners take their turns in between."""
        if not self._left:
            self._command = None
            return
        key, operation = self._left.popleft()
        self._command = self._poller.submit(
            getattr(operation, self.action),
            partial(self._done, key),
            partial(self._refused, key),
            owner=self,
            _inline=True,
        )

    def _done(self, key: str, result: Any) -> None:
        self._in_a_row = 0
        self._go_on()
        try:
            self._on_done(key, result)
        finally:
            self._report()

    def _refused(self, key: str, error: TamrError) -> None:
        self._failed.append((key, str(error)))
        self.no_delete = self.no_delete or isinstance(error, MethodNotAllowed)
        self._in_a_row = self._in_a_row + 1 if _concerns_many(error) else 0
        if _concerns_all(error) or self._in_a_row >= MAX_ERRORS_IN_A_ROW:
            self._not_tried = len(self._left)
            self._failed += [(each, _NOT_TRIED) for each, _ in self._left]
            self._left.clear()
        self._go_on()
        self._report()

    def _report(self) -> None:
        if self.over or clock.monotonic() - self._reported_at >= REPORT_SECONDS:
            self._reported_at = clock.monotonic()
            running = 0 if self.over else 1
            self._on_report(
                {
                    "action": self.action,
                    "done": self._count - len(self._left) - running,
                    "of": self._count,
                    "failed": list(self._failed),
                    "not_tried": self._not_tried,
                    "over": self.over,
                }
            )


def _concerns_all(error: TamrError) -> bool:
    """Whether the next one would certainly fail in the same way."""
    if isinstance(error, HTTPStatusError) and error.response is not None:
        return error.response.status_code in (401, 405, 501)
    return isinstance(error, (ClientClosed, MethodNotAllowed, Unauthorized, CertificateError))


def _concerns_many(error: TamrError) -> bool:
    """Whether the next one would probably fail in the same way."""
    return isinstance(error, Forbidden) or concerns_all_targets(error)
