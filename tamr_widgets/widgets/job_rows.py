"""JobRows: the rows of all jobs with their estimates, and the messages that update the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from .._operation.operation_list import OperationList
from ..history import JobHistory
from ..operation import Operation
from .failures import Failures
from .job_table import JobTable, Row, row
from .job_times import JobTimes

# A full list is sent to the page in chunks, so that the first rows are visible at once.
CHUNK = 1000
# The number of jobs in the state of a saved notebook.
MAX_KEPT_ROWS = 200


class RowChanges(NamedTuple):
    """The changes from one list to the next.

    Attributes:
        changed: The keys of jobs that are new or have changed.
        moved: The keys of jobs whose estimates or failures have changed.
        removed: The keys of jobs that are not in the list any more.
        ended: The jobs that have ended since the list before, new ones included.
    """

    changed: list[str]
    moved: set[str]
    removed: list[str]
    ended: list[Operation]


class JobRows:
    """Keeps the jobs of a server with what follows from them, and sends their rows to the page.

    Args:
        history: The history of the server, from which the estimates are.
        send: Sends a message to the page.

    Attributes:
        table: The latest snapshots by key.
    """

    def __init__(self, history: JobHistory, send: Callable[[dict[str, Any]], object]) -> None:
        self.table = JobTable()
        self._history = history
        self._send_message = send
        self._times = JobTimes(history)
        self._failures = Failures(self.table.get)

    def failing(self) -> tuple[Operation, ...]:
        """Returns the newest failed job of each kind that has not succeeded since."""
        return self._failures.failing()

    def take(self, listing: OperationList, *, is_first: bool) -> RowChanges:
        """Updates the rows to a new list, and returns the changes.

        Args:
            listing: The list.
            is_first: Whether it is the first one, all jobs of which are new.
        """
        changed, removed, ended = self.table.take(listing)
        for each in () if is_first else ended:
            # Starts of others depend on its end, and the poller's turn for it comes later.
            self._history.add(each)
        pairs = self._pairs(changed)
        moved = self._times.update(pairs, removed, listing.as_of)
        moved |= self._failures.update(pairs, removed)
        return RowChanges(changed, moved, removed, ended)

    def put(self, key: str, operation: Operation) -> None:
        """Updates one job, and sends the rows that changed."""
        self.table.put(key, operation)
        self._times.put(key, operation)
        moved = self._failures.update([(key, operation)], [])
        self.send({key, *moved}, [])

    def remove(self, key: str) -> None:
        """Removes a job that was deleted, and sends the rows that changed."""
        self.table.remove(key)
        self._times.remove(key)
        moved = self._failures.update([], [key])
        self.send(moved, [key])

    def renew_estimates(self) -> range:
        """Renews all estimates; returns the beginnings of the chunks to send."""
        self._times.renew()
        return range(0, len(self.table), CHUNK)

    def send_estimates(self, start: int) -> None:
        """Sends the rows of a chunk again that have estimates now."""
        chunk = self._pairs(self.table.keys()[start : start + CHUNK])
        known = [key for key, each in chunk if self._times.has_any(key, each)]
        if known:
            self.send(known, [])

    def send_all(self) -> None:
        """Sends the full list."""
        keys = self.table.keys()
        for start in range(0, max(1, len(keys)), CHUNK):
            chunk, more = keys[start : start + CHUNK], start + CHUNK < len(keys)
            reset = {"reset": True, "total": len(keys)} if start == 0 else {}
            self.send(chunk, [], more=more, **reset)

    def send(self, changed: Iterable[str], removed: list[str], **more: Any) -> None:
        """Sends rows by their keys, and the keys of removed ones."""
        rows = [
            row(
                key,
                each,
                self._times.duration(key, each),
                self._times.start(key),
                self._failures.since(key),
            )
            for key, each in self._pairs(changed)
        ]
        self._send_message({"rows": {"jobs": rows, "gone": removed, **more}})

    def newest(self) -> list[Row]:
        """Returns the newest rows, without estimates, for a saved notebook."""
        newest = self._pairs(self.table.keys()[:MAX_KEPT_ROWS])
        return [row(key, each, since=self._failures.since(key)) for key, each in newest]

    def _pairs(self, keys: Iterable[str]) -> list[tuple[str, Operation]]:
        found = ((key, self.table.get(key)) for key in keys)
        return [(key, each) for key, each in found if each is not None]
