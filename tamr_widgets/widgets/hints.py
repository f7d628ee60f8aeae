"""Hints of the Jobs page that follow from several jobs at once."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import timedelta

from ..operation import Operation

READ_ONLY = "An export or import is running. Tamr is read-only meanwhile, and other actions fail."
DISK = (
    "All running jobs were cancelled within seconds of one another, and no user is named. Tamr "
    "cancels all jobs automatically when its disk is nearly full (less than 10% free): check the "
    "disk before you start them again."
)

# Running jobs, and those that were cancelled last, are among the newest ones.
MAX_JOBS = 2000
# Jobs that were cancelled within this time were cancelled together.
TOGETHER = timedelta(seconds=10)
# An older cancellation gives no hint.
RECENTLY = timedelta(days=1)
_PORTABLE = frozenset({"projectExport", "projectImport"})


def hints(operations: Sequence[Operation], cancelled_here: Container[str] = ()) -> list[str]:
    """Returns the sentences that apply to the jobs of a server, newest first.

    Args:
        operations: Snapshots of all jobs.
        cancelled_here: The `identity` of the jobs that were cancelled from here.
    """
    newest = operations[:MAX_JOBS]
    found = []
    if any(each.type in _PORTABLE and _is_running(each) for each in newest):
        found.append(READ_ONLY)
    if _all_were_cancelled(newest, cancelled_here):
        found.append(DISK)
    return found


def _is_running(operation: Operation) -> bool:
    return not operation.resolved and operation.state != "PENDING"


def _all_were_cancelled(newest: Sequence[Operation], cancelled_here: Container[str]) -> bool:
    """Whether the last jobs that were running, two or more, were cancelled by no user together."""
    ends = {
        each: each.ended_at
        for each in newest
        if each.state == "CANCELED" and each.started_at and not _is_by_user(each, cancelled_here)
    }
    last = max(filter(None, ends.values()), default=None)
    if last is None:
        return False
    first = last - TOGETHER
    together = {each for each, ended in ends.items() if ended and ended >= first}
    if len(together) < 2 or max(each.as_of for each in together) - last > RECENTLY:
        return False
    for other in newest:
        started, ended = other.started_at, other.ended_at
        if other in together or started is None:
            continue
        if started > last and other.succeeded():
            return False  # jobs work again
        if started < first and (ended is None or ended > last):
            return False  # this one went on
    return True


def _is_by_user(operation: Operation, cancelled_here: Container[str]) -> bool:
    return operation.reason.startswith("Cancelled by ") or operation.identity in cancelled_here
