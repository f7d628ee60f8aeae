"""Formats an event of a job as a title and one line of text, for mails and chats."""

from __future__ import annotations

from datetime import timedelta

from .._chain.html import reason
from .._chain.plan import SUCCEEDED
from .._http.urls import server_name
from .._operation.html import duration
from .._text import MAX_NAME_CHARS, sanitize
from ..chain import Chain
from ..history import Estimate
from ..operation import Operation

# From here on, seconds are left out.
ROUNDED_FROM_SECONDS = 120

_WORDS = {"SUCCEEDED": "Succeeded", "FAILED": "Failed", "CANCELED": "Cancelled"}


def title_and_text(
    operation: Operation, estimate: Estimate | None, *, late: bool = False
) -> tuple[str, str]:
    """Returns the title and the text about a job that has ended, or runs for too long.

    Args:
        operation: The snapshot at that time.
        estimate: How long the job was expected to run; None if that is unknown.
        late: Whether it runs longer than estimated. Otherwise it has ended.
    """
    word = "Still running" if late else _WORDS.get(operation.state or "", "Ended")
    name = sanitize(operation.description or "Operation", MAX_NAME_CHARS)
    head, because, after = word, operation.reason, _after(operation.elapsed, estimate)
    if because.startswith("Cancelled by "):
        head, because = because + ("," if after else ""), ""
    why = f": {because}" if because else ""
    title = sanitize(f"{word}: {name}", MAX_NAME_CHARS)
    return title, f"{head}{after}: {name}{_where(operation)}{why}"


def chain_title_and_text(chain: Chain) -> tuple[str, str]:
    """Returns the title and the text about a chain that has ended, with the reasons of failures."""
    word = _WORDS.get(chain.state, "Stopped")
    name = sanitize(chain.name or "Chain", MAX_NAME_CHARS)
    steps = chain.steps
    done = sum(step.state == SUCCEEDED for step in steps)
    reasons = [
        f"{sanitize(step.name, MAX_NAME_CHARS)}"
        f"{_where(step.operation) if step.operation else ''}: {reason(step)}"
        for step in steps
        if step.error is not None
    ]
    why = f": {'; '.join(reasons)}" if reasons else ""
    title = sanitize(f"{word}: {name}", MAX_NAME_CHARS)
    return title, f"{word}: {name}, {done} of {len(steps)} steps succeeded{why}"


def lost(operation: Operation | None, server: str, error: str) -> tuple[str, str]:
    """Returns the title and the text about a job, or a server's jobs, that can't be polled now.

    Args:
        operation: The last snapshot of the job; None if all jobs of the server were polled.
        server: The name of the server.
        error: The error that ended the polling.
    """
    if operation is None:
        name, where = f"The jobs on {server}", ""
    else:
        name = sanitize(operation.description or "Operation", MAX_NAME_CHARS)
        where = _where(operation)
    title = sanitize(f"No longer watched: {name}", MAX_NAME_CHARS)
    return title, f"No longer watched, so no more notifications follow: {name}{where}: {error}"


def _where(operation: Operation) -> str:
    if operation.type == "NOOP":
        return ""
    server, user = server_name(operation.client), operation.created_by
    number = sanitize(operation.resource_id or "?")
    on = f" on {server}" if server else ""
    by = f", started by {sanitize(user)}" if user else ""
    return f", job {number}{on}{by}"


def _after(elapsed: timedelta | None, estimate: Estimate | None) -> str:
    """Returns " after 12 min (usually 9)", without what is not known."""
    if elapsed is None:
        return ""
    ran = _rounded(elapsed.total_seconds())
    if estimate is None:
        return f" after {ran}"
    usual = _rounded(estimate.median_seconds)
    number, _, unit = usual.partition(" ")
    if ran.partition(" ")[2] == unit:  # "12 min", "9 min"
        usual = number
    return f" after {ran} (usually {usual})"


def _rounded(seconds: float) -> str:
    if seconds >= ROUNDED_FROM_SECONDS:
        seconds = 60 * round(seconds / 60)
    return duration(timedelta(seconds=round(seconds)))
