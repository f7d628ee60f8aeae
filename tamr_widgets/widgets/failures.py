"""Failures: the failed jobs of a JobsWidget, and which of them still stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .._operation.failing import Kind, job_kind, successes_since
from ..operation import Operation
from .payload import milliseconds

# Of a failed job: True if its kind still fails and this is the newest failure; False for an older
# one; else the time of the next success of its kind, in milliseconds.
Since = bool | float | None


class Failures:
    """Keeps track of the jobs that failed, by the keys of the page's rows.

    Args:
        get: Returns the latest snapshot of a job by its key.
    """

    def __init__(self, get: Callable[[str], Operation | None]) -> None:
        self._get = get
        self._keys: dict[Kind, set[str]] = {}
        self._kinds: dict[str, Kind] = {}
        self._since: dict[str, Since] = {}

    def update(self, changed: Iterable[tuple[str, Operation]], removed: Iterable[str]) -> set[str]:
        """Takes over changes of the jobs, and returns the keys of failed jobs that look different.

        Args:
            changed: The jobs that have changed, by key.
            removed: The keys of the jobs that are no longer there.
        """
        kinds: set[Kind] = set()
        for key in removed:
            self._since.pop(key, None)
            if key in self._kinds:
                kinds.add(self._kinds.pop(key))
        for key, operation in changed:
            kind = job_kind(operation)
            before = self._kinds.get(key, kind)
            self._kinds[key] = kind
            self._keys.setdefault(kind, set()).add(key)
            if operation.state in ("FAILED", "SUCCEEDED") or key in self._since:
                kinds |= {kind, before}
        moved: set[str] = set()
        for kind in kinds:
            moved |= self._renew(kind)
        return moved

    def since(self, key: str) -> Since:
        """Returns what became of a failed job; None if it has not failed."""
        return self._since.get(key)

    def failing(self) -> tuple[Operation, ...]:
        """Returns the newest failure of each kind that has not succeeded since, newest first."""
        found = [self._get(key) for key, since in self._since.items() if since is True]
        operations = [operation for operation, _ in successes_since(filter(None, found))]
        return tuple(operations)

    def _renew(self, kind: Kind) -> set[str]:
        """Renews all jobs of a kind, and returns the keys of those that look different."""
        keys = self._keys[kind] = {key for key in self._keys[kind] if self._kinds.get(key) == kind}
        jobs = {key: operation for key in keys if (operation := self._get(key)) is not None}
        renewed: dict[str, Since] = {}
        # Most kinds have no failure, and nothing to compare.
        if any(each.state == "FAILED" for each in jobs.values()):
            keys_of = {id(each): key for key, each in jobs.items()}
            is_newest = True
            for operation, success in successes_since(jobs.values()):
                since: Since = is_newest
                if success is not None:
                    since = milliseconds(success.ended_at or success.created_at) or False
                renewed[keys_of[id(operation)]] = since
                is_newest = False
        before = {key: self._since.pop(key) for key in keys if key in self._since}
        self._since |= renewed
        return {
            key for key in before.keys() | renewed.keys() if before.get(key) != renewed.get(key)
        }
