"""Failures: the failed jobs of a JobsWidget, and which of them have not succeeded since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from .._operation.failing import ENDS, Kind, Run, creation_order, job_kind, next_successes
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
        self._kinds: dict[str, Kind] = {}
        # The runs that failed or succeeded, by kind and key.
        self._runs: defaultdict[Kind, dict[str, Run[str]]] = defaultdict(dict)
        self._since: dict[str, Since] = {}

    def update(self, changed: Iterable[tuple[str, Operation]], removed: Iterable[str]) -> set[str]:
        """Takes over changes of the jobs, and returns the keys of failed jobs that look different.

        Args:
            changed: The jobs that have changed, by key.
            removed: The keys of the jobs that are no longer there.
        """
        kinds: set[Kind] = set()
        for key in removed:
            self._remove(key, kinds)
        for key, operation in changed:
            if operation.state in ENDS:
                kind = job_kind(operation)
                if self._kinds.get(key, kind) != kind:
                    self._remove(key, kinds)
                self._kinds[key] = kind
                self._runs[kind][key] = creation_order(operation), operation.succeeded(), key
                kinds.add(kind)
            else:
                self._remove(key, kinds)
        moved: set[str] = set()
        for kind in kinds:
            moved |= self._renew(kind)
        return moved

    def since(self, key: str) -> Since:
        """Returns the value of a failed job, see `Since`; None if the job has not failed."""
        return self._since.get(key)

    def failing(self) -> tuple[Operation, ...]:
        """Returns the newest failure of each kind that has not succeeded since, newest first."""
        found = (self._get(key) for key, since in list(self._since.items()) if since is True)
        return tuple(sorted(filter(None, found), key=creation_order, reverse=True))

    def _remove(self, key: str, kinds: set[Kind]) -> None:
        """Removes a run, and adds its kind to those to renew."""
        kind = self._kinds.pop(key, None)
        if kind is not None:
            del self._runs[kind][key]
            self._since.pop(key, None)
            kinds.add(kind)

    def _renew(self, kind: Kind) -> set[str]:
        """Renews all jobs of a kind, and returns the keys of those that look different."""
        runs = self._runs[kind]
        before = {key: self._since.pop(key) for key in runs if key in self._since}
        renewed: dict[str, Since] = {}
        # Most kinds have no failure, and nothing to compare.
        if any(not succeeded for _, succeeded, _ in runs.values()):
            for key, success in next_successes(runs.values()):
                renewed[key] = not renewed if success is None else self._end(success)
        self._since |= renewed
        both = before.keys() | renewed.keys()
        return {key for key in both if before.get(key) != renewed.get(key)}

    def _end(self, key: str) -> Since:
        """Returns the time when a run ended, in milliseconds; False if it is not known."""
        operation = self._get(key)
        return (operation and milliseconds(operation.ended_at or operation.created_at)) or False
