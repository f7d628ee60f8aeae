"""Finds the failed jobs that have not succeeded since, and the next success of the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from ..operation import Operation

Kind = tuple[str, str]
T = TypeVar("T")
Run = tuple[datetime, bool, T]

# Cancelled jobs count as neither.
ENDS = ("FAILED", "SUCCEEDED")

_EARLIEST = datetime.min.replace(tzinfo=timezone.utc)
# Exports and imports have the time of their start in their description.
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[T_ ]\d\d[-:]\d\d[-:]\d\d(?:[-.,]\d+)?")


def still_failing(operations: Iterable[Operation]) -> list[Operation]:
    """Returns the newest failed operation of each kind that has not succeeded since, newest first.

    Operations are of one kind if they have the same type and description, apart from times.
    Cancelled and unresolved ones are no successes.

    Args:
        operations: Operations of one server, the newest first where creation times are missing.
    """
    newest: dict[Kind, Operation] = {}
    for operation, success in successes_since(operations):
        if success is None:
            newest.setdefault(job_kind(operation), operation)
    return list(newest.values())


def successes_since(
    operations: Iterable[Operation],
) -> Iterator[tuple[Operation, Operation | None]]:
    """Yields each failed operation, newest first, with the next success of its kind, or None.

    Args:
        operations: As for `still_failing`.
    """
    kinds: dict[Kind, list[Run[Operation]]] = {}
    for operation in operations:
        if operation.state in ENDS:
            run = creation_order(operation), operation.succeeded(), operation
            kinds.setdefault(job_kind(operation), []).append(run)
    failures = [failure for runs in kinds.values() for failure in next_successes(runs)]
    yield from sorted(failures, key=lambda failure: creation_order(failure[0]), reverse=True)


def next_successes(runs: Iterable[Run[T]]) -> Iterator[tuple[T, T | None]]:
    """Yields each failed run of one kind, newest first, with the next one that succeeded.

    Args:
        runs: The time of the creation, whether it succeeded, and anything that identifies the run.
    """
    success = None
    for _, succeeded, run in sorted(runs, key=itemgetter(0), reverse=True):
        if succeeded:
            success = run
        else:
            yield run, success


def job_kind(operation: Operation) -> Kind:
    """Returns what runs of the same job have in common: the type, and the description."""
    return operation.type or "", _without_times(operation.description or "")


@lru_cache(maxsize=10_000)
def _without_times(description: str) -> str:
    return _TIMESTAMP.sub("#", description)


def creation_order(operation: Operation) -> datetime:
    """Returns the sort key by creation; jobs without a creation time are the oldest."""
    return operation.created_at or _EARLIEST
