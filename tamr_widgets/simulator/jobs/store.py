"""What can be done with the server's jobs: by its API, and behind its back by tests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .document_cache import DocumentCache
from .job import Document, Job, document, life, named_after_time
from .job_types import KINDS
from .queueing import Executors, due
from .seed import past_jobs
from .status_messages import CANCELING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..clock import Clock
    from .durations import DurationModel


class JobStore(DocumentCache):
    """Every job of the server. Iterating yields ids, newest first; `get(id)` the document.

    All methods can be called from any thread, at any time. An id that is not there raises
    KeyError.

    Args:
        clock: The server's clock.
        workload: How long jobs take.
        past: How many jobs there are at the start, all of which have ended.
        executors: How many jobs run at once; those that came later wait.
        deletes: See below.

    Attributes:
        deletes: Whether the server deletes every operation that it is asked to. Exports and
            imports, and what `allow_delete` names, can be deleted anyhow.
    """

    def __init__(
        self,
        clock: Clock,
        workload: DurationModel,
        *,
        past: int = 0,
        executors: int = 1,
        deletes: bool = False,
    ) -> None:
        super().__init__(clock)
        self.deletes = deletes
        self._workload = workload
        self._deletable: dict[str, bool] = {}
        self._number = past
        self._executors = executors
        self._queue: list[str] = []
        for job in past_jobs(past, workload, until=clock(), executors=executors):
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
        """Start a job as if somebody had just asked for it, and return its id.

        Args:
            kind: A key of `kinds.KINDS`.
            name: What the job works on; it goes into the description.
            created_by: Whose job it is.
            outcome: How it ends if nobody cancels it: SUCCEEDED or FAILED.
            factor: How much longer than usual it takes.
            queued_seconds: The time until it starts, whatever the server's speed is, and
                whatever runs; otherwise it waits until an executor is free.
            run_seconds: The time that it then runs, whatever the server's speed is; the outcome
                shows up to a quarter of that later.
        """
        with self.lock:
            wanted = KINDS[kind]
            description = wanted.description.format(name=name)
            running = self._workload.running_seconds(wanted, description) * factor
            queued = self._workload.submission_seconds()
            job = replace(
                self._new_job(kind, name, created_by),
                queued=queued if queued_seconds is None else queued_seconds,
                ran=running if run_seconds is None else run_seconds,
                outcome=outcome,
                submission=queued if queued_seconds is None else None,
            )
            self.keep_job(job)
            self._queue.append(job.id)
            self._place_all()
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
        """Add an operation that is in a state, any word at all, and stays in it.

        Args:
            state: PENDING, RUNNING, CANCELING, CANCELED, SUCCEEDED, FAILED, or another word.
            kind: A key of `kinds.KINDS`.
            name: What the job works on; it goes into the description.
            created_by: Whose job it is.
            age_seconds: How long ago it was asked for.
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
        """Add or replace an operation by a document of any shape, which stays as it is.

        Args:
            written: Anything that JSON can hold; a new one counts as the newest operation.
            job_id: Under which id it is fetched; otherwise the document's own.
        """
        job_id = str(written["id"]) if job_id is None else job_id
        self.keep_document(job_id, written)
        return job_id

    def put_all(self, documents: Iterable[Document]) -> None:
        """Add many documents at once, given newest first, as `history` returns them."""
        for written in reversed(list(documents)):
            self.put(written)

    def change(self, job_id: str, *, status: Any = ..., **fields: Any) -> Document:
        """Change fields of an operation's document, which then stays as it is; return it.

        Args:
            job_id: Which one.
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
        """Return a job's state as the server writes it now, None where it writes none."""
        found = self.get(job_id)
        status = found.get("status") if isinstance(found, dict) else None
        return status.get("state") if isinstance(status, dict) else None

    def finish(self, job_id: str, outcome: str = "SUCCEEDED") -> None:
        """Let a job end now, SUCCEEDED or FAILED, with all that belongs to that."""
        with self.lock:
            job = self.job(job_id)
            if job is None:
                self.change(job_id, status={"state": outcome, "message": ""})
                return
            now = self._clock()
            started = min(job.started, now)
            ended = replace(job, queued=started - job.created, ran=now - started, outcome=outcome)
            self.keep_job(replace(ended, lag=0.0, cancelled=None))
            self._place_all()

    def cancel(self, job_id: str, by: str = "admin") -> None:
        """Cancel a job as the server does: CANCELING first. One that has ended stays as it is."""
        with self.lock:
            job = self.job(job_id)
            if job is not None:
                if job.cancelled is None:
                    self.keep_job(replace(job, cancelled=self._clock(), cancelled_by=by))
                    self._place_all()
            elif self.state(job_id) in {"PENDING", "RUNNING"}:
                self.change(job_id, status={"state": "CANCELING", "message": CANCELING})

    def allow_delete(self, job_id: str, allowed: bool = True) -> None:
        """Say for one job whether the server deletes it, whatever `deletes` says."""
        self._deletable[job_id] = allowed

    def deletable(self, job_id: str) -> bool:
        """Return whether the server deletes this job when it is asked to."""
        job = self.job(job_id)
        usual = self.deletes or (job is not None and job.kind.portable)
        return self._deletable.get(job_id, usual)

    def remove(self, job_id: str) -> None:
        """Remove an operation; what waited for it waits no longer."""
        with self.lock:
            super().remove(job_id)
            self._place_all()

    def _place_all(self) -> None:
        """Give the jobs that wait their starts, since something changed."""
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
            kind=KINDS[kind],
            description=KINDS[kind].description.format(name=name),
            subject=name,
            created=self._clock() - age_seconds,
            queued=0.0,
            ran=0.0,
            created_by=created_by,
            lag=1.0 / self._workload.speed,
        )
        if job.kind.portable:
            job = named_after_time(job)
        # two exports of one project within a millisecond
        return replace(job, id=f"{job.id}-{job.number}") if job.id in self else job
