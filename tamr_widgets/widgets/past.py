"""Facts of a job's queue and of its past runs, in the format that is sent to the page."""

from __future__ import annotations

from typing import Any

from .._text import MAX_FACT_CHARS, cut
from ..history import JobHistory, PastRun, QueuePlace
from ..operation import Operation
from .payload import estimate_facts, milliseconds

# The number of jobs ahead that are named.
MAX_NAMES = 3


def queue_facts(waiting: QueuePlace | None) -> dict[str, Any]:
    """Returns the jobs ahead of a job that waits as facts, if there are any."""
    if waiting is None or not waiting.ahead:
        return {}
    names = [_name(each) for each in waiting.ahead[:MAX_NAMES]]
    return {"ahead": {"count": len(waiting.ahead), "names": names}}


class PastRuns:
    """The last runs of an operation's kind as facts, computed again only after they changed."""

    def __init__(self) -> None:
        self._runs: tuple[PastRun, ...] = ()
        self._facts: dict[str, Any] = {}

    def facts(self, history: JobHistory, operation: Operation) -> dict[str, Any]:
        """Returns the facts; empty without past runs."""
        runs = history.runs(operation)
        if runs != self._runs:
            self._facts = _past_facts(history, operation, runs)
            self._runs = runs
        return self._facts


def _past_facts(
    history: JobHistory, operation: Operation, runs: tuple[PastRun, ...]
) -> dict[str, Any]:
    """Returns the runs but the operation's own, what is usual, and the trend."""
    own = operation.ended_at or operation.started_at or operation.created_at
    is_own = operation.resolved
    others = [_run_facts(each) for each in runs if not (is_own and each.when == own)]
    if not others:
        return {}
    past: dict[str, Any] = {"runs": others}
    usual, trend = history.estimate(operation), history.trend(operation)
    if usual is not None:
        past["usual"] = estimate_facts(usual)
    if trend is not None:
        past |= {"change": round(trend.change, 3), "since": milliseconds(trend.since)}
    return {"past": past}


def _run_facts(run: PastRun) -> list[Any]:
    """Returns the end, the running time in seconds and the state, which is omitted if SUCCEEDED."""
    ran = None if run.ran is None else round(run.ran.total_seconds(), 1)
    return [milliseconds(run.when), ran, *([run.state] if run.state != "SUCCEEDED" else [])]


def _name(operation: Operation) -> str:
    return cut(operation.description, MAX_FACT_CHARS) or f"Operation {cut(operation.resource_id)}"
