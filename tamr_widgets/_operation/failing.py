"""Finds the kinds of job that are still failing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..operation import Operation

_UNKNOWN = datetime.min.replace(tzinfo=timezone.utc)


def still_failing(operations: Iterable[Operation]) -> list[Operation]:
    """Returns the newest failed operation of each kind that has not succeeded since, newest first.

    Operations are of one kind if they have the same type and description. Cancelled and unresolved
    ones are no successes.

    Args:
        operations: Operations of one server, the newest first where creation times are missing.
    """
    newest_first = sorted(operations, key=_created_at, reverse=True)
    last_ended: dict[tuple[str | None, str | None], Operation] = {}
    for operation in newest_first:
        if operation.state in ("FAILED", "SUCCEEDED"):
            last_ended.setdefault((operation.type, operation.description), operation)
    return [operation for operation in last_ended.values() if operation.state == "FAILED"]


def _created_at(operation: Operation) -> datetime:
    return operation.created_at or _UNKNOWN
