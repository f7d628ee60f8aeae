"""The server's jobs: their records, and their documents as bytes that are worked out once.

A job that has ended never changes again, so its bytes are kept; only the few that are under way
are looked at for a list. That keeps a list of 10,000 jobs cheap to serve.
"""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .jobs import Document, Job, document, encode, named_after_time, phase_at
from .kinds import KINDS
from .messages import CANCELING
from .past import past_jobs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .clock import Clock
    from .workload import Workload

FOREVER = float("inf")


class _Entry:
    """A job with its document's bytes, which are good until a point in time."""

    __slots__ = ("job", "text", "until")

    def __init__(self, job: Job | None, text: bytes = b"", until: float = 0.0) -> None:
        self.job = job
        self.text = text
        self.until = until


class JobStore:
    """Every job of the server. All methods can be called from any thread, at any time.

    Iterating yields ids, newest first. An id that is not there raises KeyError.

    Attributes:
        deletes: Whether the server deletes every operation that it is asked to. Exports and
            imports, and what `allow_delete` names, can be deleted anyhow.
    """

    def __init__(
        self, clock: Clock, workload: Workload, *, past: int = 0, deletes: bool = False
    ) -> None:
        self.deletes = deletes
        self._clock = clock
        self._workload = workload
        self._lock = threading.RLock()
        self._entries: dict[str, _Entry] = {}
        self._changing: dict[str, _Entry] = {}
        self._deletable: dict[str, bool] = {}
        self._listing: bytes | None = None
        self._number = past
        for job in past_jobs(past, workload, until=clock()):
            self._insert(job)

    def start(
        self,
        kind: str = "unify",
        *,
        name: str = "minimal_mastering",
        created_by: str = "admin",
        outcome: str = "SUCCEEDED",
        factor: float = 1.0,
        queued_seconds: float | None = None,
        run_seconds: float | None = None,
    ) -> str:
        """Start a job as if somebody had just asked for it, and return its id.

        Args:
            kind: A key of `kinds.KINDS`.
            name: What the job works on; it goes into the description.
            created_by: Whose job it is.
            outcome: How it ends if nobody cancels it: SUCCEEDED or FAILED.
            factor: How much longer than usual it takes.
            queued_seconds: The time until it starts, whatever the server's speed is.
            run_seconds: The time that it then runs, whatever the server's speed is.
        """
        with self._lock:
            now = self._clock()
            self._number += 1
            wanted = KINDS[kind]
            description = wanted.description.format(name=name)
            running = self._workload.running_seconds(wanted, description) * factor
            queued = self._workload.submission_seconds()
            job = Job(
                id=str(self._number),
                number=self._number,
                kind=wanted,
                description=description,
                subject=name,
                created=now,
                queued=queued if queued_seconds is None else queued_seconds,
                ran=running if run_seconds is None else run_seconds,
                outcome=outcome,
                created_by=created_by,
                lag=1.0 / self._workload.speed,
            )
            if wanted.portable:
                job = self._with_free_id(named_after_time(job))
            self._insert(job)
            return job.id

    def get(self, job_id: str) -> Document:
        """Return an operation's document as the server sends it now."""
        found: Document = json.loads(self.text(job_id))
        return found

    def state(self, job_id: str) -> str:
        """Return a job's state as the server writes it now."""
        return str(self.get(job_id)["status"]["state"])

    def text(self, job_id: str) -> bytes:
        """Return an operation's document as the bytes that the server sends now."""
        with self._lock:
            entry = self._entries[job_id]
            self._refresh(job_id, entry)
            return entry.text

    def listing(self) -> bytes:
        """Return the list of all operations, newest first, as the bytes that are sent now."""
        with self._lock:
            for job_id, entry in list(self._changing.items()):
                self._refresh(job_id, entry)
            if self._listing is None:
                texts = [entry.text for entry in self._entries.values()]
                self._listing = b"[" + b",".join(reversed(texts)) + b"]"
            return self._listing

    def put(self, document: Any, job_id: str | None = None) -> str:
        """Add or replace an operation by a document of any shape, which stays as it is.

        Args:
            document: Anything that JSON can hold; a new one counts as the newest operation.
            job_id: Under which id it is fetched; otherwise the document's own.
        """
        with self._lock:
            job_id = str(document["id"]) if job_id is None else job_id
            self._place(job_id, _Entry(None, encode(document), FOREVER))
            return job_id

    def put_all(self, documents: Iterable[Document]) -> None:
        """Add many documents at once, given newest first, as `history` returns them."""
        with self._lock:
            for document in reversed(list(documents)):
                self.put(document)

    def change(self, job_id: str, *, status: Any = ..., **fields: Any) -> Document:
        """Change fields of an operation's document, which then stays as it is.

        Args:
            job_id: Which one.
            status: A dict is merged into the status; anything else (None, a string) replaces it.
            fields: Other fields of the document, such as `description`.
        """
        with self._lock:
            changed = {**self.get(job_id), **fields}
            if isinstance(status, dict):
                changed["status"] = {**(changed.get("status") or {}), **status}
            elif status is not ...:
                changed["status"] = status
            self.put(changed, job_id)
            return changed

    def finish(self, job_id: str, outcome: str = "SUCCEEDED") -> None:
        """Let a job end now, SUCCEEDED or FAILED, with all that belongs to that."""
        with self._lock:
            job = self._entries[job_id].job
            if job is None:
                self.change(job_id, status={"state": outcome, "message": ""})
                return
            now = self._clock()
            started = min(job.started, now)
            job = replace(job, queued=started - job.created, ran=now - started, outcome=outcome)
            self._insert(replace(job, lag=0.0, cancelled=None))

    def cancel(self, job_id: str, by: str = "admin") -> None:
        """Cancel a job as the server does: CANCELING first. One that has ended stays as it is."""
        with self._lock:
            job = self._entries[job_id].job
            if job is None:
                if self.state(job_id) in {"PENDING", "RUNNING"}:
                    self.change(job_id, status={"state": "CANCELING", "message": CANCELING})
            elif job.cancelled is None:
                self._insert(replace(job, cancelled=self._clock(), cancelled_by=by))

    def remove(self, job_id: str) -> None:
        """Remove a job, as if somebody had deleted it elsewhere."""
        with self._lock:
            del self._entries[job_id]
            self._changing.pop(job_id, None)
            self._listing = None

    def clear(self) -> None:
        """Remove every job."""
        with self._lock:
            self._entries.clear()
            self._changing.clear()
            self._listing = None

    def allow_delete(self, job_id: str, allowed: bool = True) -> None:
        """Say for one job whether the server deletes it, whatever `deletes` says."""
        self._deletable[job_id] = allowed

    def deletable(self, job_id: str) -> bool:
        """Return whether the server deletes this job when it is asked to."""
        with self._lock:
            job = self._entries[job_id].job
            usual = self.deletes or (job is not None and job.kind.portable)
            return self._deletable.get(job_id, usual)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._entries

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(list(reversed(self._entries)))

    def _with_free_id(self, job: Job) -> Job:
        # two exports of one project in one millisecond
        return replace(job, id=f"{job.id}-{job.number}") if job.id in self._entries else job

    def _insert(self, job: Job) -> None:
        self._place(job.id, _Entry(job))

    def _place(self, job_id: str, entry: _Entry) -> None:
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
