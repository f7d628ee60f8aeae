"""Starts, changes, cancels and removes the server's jobs, for its API and for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .document_cache import DocumentCache
from .job import Document, Job, document, life, named_after_time
from .job_types import JOB_TYPES
from .queueing import Executors, due
from .seed import past_jobs
from .status_messages import CANCELING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..clock import Clock
    from .durations import DurationModel


class JobStore(DocumentCache):
    """Every job of the server. Iterating yields ids, newest first; `get(id)` the document.

    All methods can be called from any thread, at any time. An unknown id raises KeyError.

    Args:
        clock: The server's clock.
        durations: The model of how long jobs take.
        past: The number of jobs at the start, all of which have ended.
        executors: The number of jobs that run at once; those that were created later wait.
        deletes: The initial value of the attribute.

    Attributes:
        deletes: Whether all operations can be deleted. Exports and imports, and those of
            `allow_delete`, can be deleted anyway.
    """

    def __init__(
        self,
        clock: Clock,
        durations: DurationModel,
        *,
        past: int = 0,
        executors: int = 1,
        deletes: bool = False,
    ) -> None:
        super().__init__(clock)
        self.deletes = deletes
        self._durations = durations
        self._deletable: dict[str, bool] = {}
        self._number = past
        self._executors = executors
        self._queue: list[str] = []
        for job in past_jobs(past, durations, until=clock(), executors=executors):
            self.keep_job(job)

    def start(
        self,
        kind: str = "unify",
        *,
        name: str = "minimal_mastering_unified_dataset",
        created_by: str = "admin",
        outcome: str = "SUCCEEDED",
        factor: float = 1.0,
        queued_seconds: float | None = None,
        run_seconds: float | None = None,
    ) -> str:
        """Starts a job like a request that arrives now, and returns its id.

        Args:
            kind: A key of `job_types.JOB_TYPES`.
            name: The subject of the job, which is part of its description.
            created_by: The user who requests it.
            outcome: SUCCEEDED or FAILED, unless it is cancelled.
            factor: The factor by which it takes longer than usual.
            queued_seconds: The time until it starts, regardless of the server's speed and of
                other jobs; by default it waits until an executor is free.
            run_seconds: The time that it then runs, regardless of the server's speed; the
                document shows the outcome up to a quarter of that later.
        """
        with self.lock:
            job_type = JOB_TYPES[kind]
            description = job_type.description.format(name=name)
            running = self._durations.running_seconds(job_type, description) * factor
            queued = self._durations.submission_seconds()
            job = replace(
                self._new_job(kind, name, created_by),
                queued=queued if queued_seconds is None else queued_seconds,
                ran=running if run_seconds is None else run_seconds,
                outcome=outcome,
                submission=queued if queued_seconds is None else None,
            )
            self.keep_job(job)
            self._queue.append(job.id)
            self._reschedule()
            return job.id

    def add(
        self,
        state: str,
        *,
        kind: str = "unify",
        name: str = "minimal_mastering_unified_dataset",
        created_by: str = "admin",
        age_seconds: float = 60.0,
        **fields: Any,
    ) -> str:
        """Adds an operation that stays in any state, and returns its id.

        Args:
            state: PENDING, RUNNING, CANCELING, CANCELED, SUCCEEDED, FAILED, or any other text.
            kind: A key of `job_types.JOB_TYPES`.
            name: The subject of the job, which is part of its description.
            created_by: The user who requested it.
            age_seconds: The time since its creation.
            fields: Passed on to `change`.
        """
        with self.lock:
            job = replace(
                self._new_job(kind, name, created_by, age_seconds),
                queued=age_seconds / 4,
                ran=age_seconds / 4,
                outcome="FAILED" if state == "FAILED" else "SUCCEEDED",
                lag=age_seconds / 8,
            )
            if state.startswith("CANCEL"):
                job = replace(job, cancelled=job.started + job.ran / 2)
            running = life(job)[4] if job.cancelled is None else life(job)[-1]
            phase = next((each for each in reversed(life(job)) if each.state == state), running)
            phase = running if state == "RUNNING" else phase._replace(state=state)
            self.keep_document(job.id, document(job, phase))
            self.change(job.id, **fields)
            return job.id

    def put(self, written: Any, job_id: str | None = None) -> str:
        """Adds or replaces an operation by a fixed document of any form, and returns its id.

        Args:
            written: Any JSON value; a new one becomes the newest operation.
            job_id: The id for requests; by default that of the document.
        """
        job_id = str(written["id"]) if job_id is None else job_id
        self.keep_document(job_id, written)
        return job_id

    def put_all(self, documents: Iterable[Document]) -> None:
        """Adds documents that are sorted newest first, like those of `history`."""
        for written in reversed(list(documents)):
            self.put(written)

    def change(self, job_id: str, *, status: Any = ..., **fields: Any) -> Document:
        """Changes fields of an operation's document, which is fixed from then on; returns it.

        Args:
            job_id: The id of the operation.
            status: A dict is merged into the status; anything else (None, a string) replaces it.
            fields: Other fields of the document, such as `description`.
        """
        with self.lock:
            changed: Document = {**self.get(job_id), **fields}
            if isinstance(status, dict):
                changed["status"] = {**(changed.get("status") or {}), **status}
            elif status is not ...:
                changed["status"] = status
            self.keep_document(job_id, changed)
            return changed

    def state(self, job_id: str) -> Any:
        """Returns the current state of a job, or None if its document has none."""
        found = self.get(job_id)
        status = found.get("status") if isinstance(found, dict) else None
        return status.get("state") if isinstance(status, dict) else None

    def finish(self, job_id: str, outcome: str = "SUCCEEDED") -> None:
        """Ends a job now, SUCCEEDED or FAILED, with the times and messages of such an end."""
        with self.lock:
            job = self.job(job_id)
            if job is None:
                self.change(job_id, status={"state": outcome, "message": ""})
                return
            now = self._clock()
            started = min(job.started, now)
            ended = replace(job, queued=started - job.created, ran=now - started, outcome=outcome)
            self.keep_job(replace(ended, lag=0.0, cancelled=None))
            self._reschedule()

    def cancel(self, job_id: str, by: str = "admin") -> None:
        """Cancels a job like the server: CANCELING first. One that has ended does not change."""
        with self.lock:
            job = self.job(job_id)
            if job is not None:
                if job.cancelled is None:
                    self.keep_job(replace(job, cancelled=self._clock(), cancelled_by=by))
                    self._reschedule()
            elif self.state(job_id) in {"PENDING", "RUNNING"}:
                self.change(job_id, status={"state": "CANCELING", "message": CANCELING})

    def allow_delete(self, job_id: str, allowed: bool = True) -> None:
        """Sets for one job whether it can be deleted, regardless of `deletes`."""
        self._deletable[job_id] = allowed

    def deletable(self, job_id: str) -> bool:
        """Whether this job can be deleted."""
        job = self.job(job_id)
        default = self.deletes or (job is not None and job.kind.portable)
        return self._deletable.get(job_id, default)

    def remove(self, job_id: str) -> None:
        """Removes an operation, and reschedules the jobs that waited for it."""
        with self.lock:
            super().remove(job_id)
            self._reschedule()

    def _reschedule(self) -> None:
        """Schedules the waiting jobs again after a change."""
        now = self._clock()
        found = (self.job(job_id) for job_id in self._queue if job_id in self)
        jobs = due((job for job in found if job is not None), now)
        self._queue = [job.id for job in jobs]
        executors = Executors(self._executors)
        for job in jobs:
            placed = executors.place(job, now)
            if placed is not job:
                self.keep_job(placed)

    def _new_job(self, kind: str, name: str, created_by: str, age_seconds: float = 0.0) -> Job:
        self._number += 1
        job = Job(
            id=str(self._number),
            number=self._number,
            kind=JOB_TYPES[kind],
            description=JOB_TYPES[kind].description.format(name=name),
            subject=name,
            created=self._clock() - age_seconds,
            queued=0.0,
            ran=0.0,
            created_by=created_by,
            lag=1.0 / self._durations.speed,
        )
        if job.kind.portable:
            job = named_after_time(job)
        # Two exports of one project within a millisecond would have the same id.
        return replace(job, id=f"{job.id}-{job.number}") if job.id in self else job
