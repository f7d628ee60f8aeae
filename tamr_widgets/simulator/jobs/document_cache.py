"""Caches the serialized documents of operations, each until its next change.

A job that has ended never changes again, so only the few others are checked for a list. A list of
10,000 jobs is therefore cheap to serve.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from .job import Job, document, encode, phase_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..clock import Clock

FOREVER = float("inf")


class _Entry:
    """A job, or a fixed document, with its bytes and the time until which they are valid."""

    __slots__ = ("job", "text", "until")

    def __init__(self, job: Job | None, text: bytes, until: float) -> None:
        self.job = job
        self.text = text
        self.until = until


class DocumentCache:
    """Every operation of the server by its id. Iterating yields ids, newest first.

    All methods can be called from any thread. An unknown id raises KeyError.
    """

    def __init__(self, clock: Clock) -> None:
        self.lock = threading.RLock()
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._changing: dict[str, _Entry] = {}
        self._listing: bytes | None = None

    def text(self, job_id: str) -> bytes:
        """Returns the current document of an operation, serialized."""
        with self.lock:
            entry = self._entries[job_id]
            self._refresh(job_id, entry)
            return entry.text

    def listing(self) -> bytes:
        """Returns the current list of all operations, newest first, serialized."""
        with self.lock:
            for job_id, entry in list(self._changing.items()):
                self._refresh(job_id, entry)
            if self._listing is None:
                texts = [entry.text for entry in self._entries.values()]
                self._listing = b"[" + b",".join(reversed(texts)) + b"]"
            return self._listing

    def get(self, job_id: str) -> Any:
        """Returns the current document of an operation."""
        return json.loads(self.text(job_id))

    def job(self, job_id: str) -> Job | None:
        """Returns the record of a job, or None for a fixed document."""
        return self._entries[job_id].job

    def keep_job(self, job: Job) -> None:
        """Adds a job as the newest, or replaces the one with its id at its position."""
        self._place(job.id, _Entry(job, b"", 0.0))

    def keep_document(self, job_id: str, written: Any) -> None:
        """Adds or replaces an operation by a fixed document."""
        self._place(job_id, _Entry(None, encode(written), FOREVER))

    def remove(self, job_id: str) -> None:
        """Removes an operation."""
        with self.lock:
            del self._entries[job_id]
            self._changing.pop(job_id, None)
            self._listing = None

    def clear(self) -> None:
        """Removes every operation."""
        with self.lock:
            self._entries.clear()
            self._changing.clear()
            self._listing = None

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._entries

    def __iter__(self) -> Iterator[str]:
        with self.lock:
            return iter(list(reversed(self._entries)))

    def _place(self, job_id: str, entry: _Entry) -> None:
        with self.lock:
            self._entries[job_id] = entry
            self._listing = None
            if entry.until < FOREVER:
                self._changing[job_id] = entry
            else:
                self._changing.pop(job_id, None)

    def _refresh(self, job_id: str, entry: _Entry) -> None:
        now = self._clock()
        if entry.job is None or now < entry.until:
            return
        phase, entry.until = phase_at(entry.job, now)
        entry.text = encode(document(entry.job, phase))
        self._listing = None
        if entry.until == FOREVER:
            self._changing.pop(job_id, None)
