"""The commands of the command line: each writes to standard output and returns an exit status."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from enum import IntEnum

from .._clock import Seconds, clock
from .._http.retry import FIRST_BACKOFF_SECONDS, MAX_ERRORS_IN_A_ROW, Backoff
from .._operation.failing import still_failing
from .._text import sanitize
from ..client import Client
from ..errors import TamrError, WaitTimeout
from ..operation import Operation
from ..waiting import AsCompleted
from .display import ChangeLog, Display, LiveLine, has_colour, is_terminal
from .lines import coloured, fitted, json_line, status_line, table
from .streams import write_error

# The number of jobs that a terminal shows, unless another one is given.
TERMINAL_JOBS = 20


class Status(IntEnum):
    """Exit statuses."""

    SUCCEEDED = 0
    FAILED = 1
    CANCELED = 2
    TIMED_OUT = 3
    ERROR = 4
    INTERRUPTED = 130


_SEVERITY = (Status.SUCCEEDED, Status.CANCELED, Status.FAILED, Status.TIMED_OUT, Status.ERROR)


def list_jobs(
    client: Client, *, active: bool, failing: bool, limit: int | None, as_json: bool
) -> Status:
    """Writes the server's jobs, newest first."""
    operations = client.active() if active else client.operations()
    if failing:
        operations = still_failing(operations)
    is_cut = is_terminal(sys.stdout) and not (active or failing or as_json)
    count = (TERMINAL_JOBS if is_cut else 0) if limit is None else limit
    shown = operations[:count] if count else operations
    if as_json:
        _write(*map(json_line, shown))
    elif shown:
        _write_table(shown)
    if not shown and not as_json:
        _write("There are no such jobs." if active or failing else "There are no jobs.")
    if len(shown) < len(operations) and not as_json:
        write_error(f"The newest {len(shown)} of {len(operations)} jobs; --limit 0 shows all.")
    return Status.SUCCEEDED


def _write_table(operations: Sequence[Operation]) -> None:
    width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
    head, *lines = (fitted(line, width) for line in table(operations))
    if has_colour(sys.stdout):
        lines = [coloured(line, each) for line, each in zip(lines, operations, strict=True)]
    _write(head, *lines)


def follow(
    client: Client,
    ids: Sequence[str],
    *,
    timeout: Seconds | None,
    interval: Seconds,
    as_json: bool,
) -> Status:
    """Shows jobs until all have ended; the status is that of the worst outcome.

    Without ids, it shows the jobs that are active, and those that follow when they have ended, as
    the steps of a chain do: until for the length of an interval none is active.
    """
    if ids:
        operations = [client.operation(each) for each in ids]
        return _follow(operations, timeout=timeout, interval=interval, as_json=as_json)
    statuses = [Status.SUCCEEDED]
    operations = client.active() or _active_after(client, interval)
    while operations:
        statuses.append(_follow(operations, timeout=timeout, interval=interval, as_json=as_json))
        # The next list would have a job that cannot be polled again.
        is_lost = statuses[-1] is Status.ERROR
        operations = [] if is_lost else _active_after(client, 0) or _active_after(client, interval)
    if len(statuses) == 1:
        write_error("No job is active.")
    return max(statuses, key=_SEVERITY.index)


def _active_after(client: Client, delay: Seconds) -> list[Operation]:
    """Fetches the active jobs after a delay; transient errors are written, and retried."""
    backoff, began = Backoff(FIRST_BACKOFF_SECONDS, MAX_ERRORS_IN_A_ROW), clock.monotonic()
    while True:
        clock.sleep(delay)
        try:
            return client.active()
        except TamrError as error:
            delay = backoff.next_delay(error, clock.monotonic() - began)
            write_error(f"{error} It is tried again in {delay:.0f} s.")


def _follow(
    operations: list[Operation], *, timeout: Seconds | None, interval: Seconds, as_json: bool
) -> Status:
    display: Display
    if as_json:
        display = ChangeLog(sys.stdout, json_line)
    else:
        display = LiveLine(sys.stdout) if is_terminal(sys.stdout) else ChangeLog(sys.stdout)
    waits = AsCompleted(operations, interval, timeout, display.update, display.needs_queue)
    outcomes = [Status.SUCCEEDED]
    try:
        while (outcome := _next_outcome(waits, display)) is not None:
            outcomes.append(outcome)
    finally:
        display.close()
        waits.close()
    return max(outcomes, key=_SEVERITY.index)


def _next_outcome(waits: AsCompleted, display: Display) -> Status | None:
    """Waits for the next operation that ends, and shows it; returns None if there is none left."""
    try:
        operation = next(waits, None)
    except TamrError as error:
        display.close()
        write_error(str(error))
        return Status.TIMED_OUT if isinstance(error, WaitTimeout) else Status.ERROR
    if operation is None:
        return None
    display.ended(operation)
    return Status[operation.state or "ERROR"]


def cancel_job(client: Client, resource_id: str, *, yes: bool, as_json: bool) -> Status:
    """Cancels a job after a question; FAILED if nothing was cancelled."""
    operation = client.operation(resource_id)
    line = json_line if as_json else status_line
    if operation.resolved:
        _write(line(operation))
        write_error("It had ended before, so there was nothing to cancel.")
        return Status.FAILED
    if not yes and not sys.stdin.isatty():
        write_error("Nothing was cancelled: there is no terminal to ask on. Use --yes.")
        return Status.ERROR
    if not yes and not _confirmed(client, operation):
        write_error("Nothing was cancelled.")
        return Status.FAILED
    cancelled = operation.cancel()
    _write(line(cancelled))
    is_over = cancelled.resolved and cancelled.state != "CANCELED"
    if is_over:
        write_error("It ended before it could be cancelled.")
    return Status.FAILED if is_over else Status.SUCCEEDED


def _confirmed(client: Client, operation: Operation) -> bool:
    user = sanitize(operation.created_by or "")
    owner = f", started by {user}" if user else ""
    sys.stderr.write(f"{status_line(operation)}\nCancel this job of {client.origin}{owner}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _write(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
