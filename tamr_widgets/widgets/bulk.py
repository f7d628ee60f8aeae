"""Bulk: one action on many operations, one after another, with a report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import MethodNotAllowed, TamrError
from ..operation import Operation
from ..poller import Poller, Subscription
from ..timing import clock

# How often a page hears of the progress.
REPORT_SECONDS = 0.2


class Bulk:
    """Cancels or deletes operations in turn, on the poller's thread, between its polls.

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
        self._count = len(operations)
        self._done = 0
        self._failed: list[tuple[str, str]] = []
        self._on_done, self._on_report = on_done, on_report
        self._reported_at = clock.monotonic()
        self._orders: list[Subscription] = [
            self._submit(poller, key, operation) for key, operation in operations.items()
        ]

    @property
    def over(self) -> bool:
        """Whether all have been done, or refused."""
        return self._done == self._count

    def close(self) -> None:
        """Do not begin with those that are left."""
        for order in self._orders:
            order.close()

    def _submit(self, poller: Poller, key: str, operation: Operation) -> Subscription:
        def done(result: Any) -> None:
            self._on_done(key, result)
            self._count_one()

        def refused(error: TamrError) -> None:
            self._failed.append((key, str(error)))
            self.no_delete = self.no_delete or isinstance(error, MethodNotAllowed)
            self._count_one()

        return poller.submit(getattr(operation, self.action), done, refused)

    def _count_one(self) -> None:
        self._done += 1
        if self.over or clock.monotonic() - self._reported_at >= REPORT_SECONDS:
            self._reported_at = clock.monotonic()
            self._on_report(
                {
                    "action": self.action,
                    "done": self._done,
                    "of": self._count,
                    "failed": list(self._failed),
                    "over": self.over,
                }
            )
