"""Shows operations while code waits for them, in a terminal or in a log."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from typing import Protocol, TextIO

from .._clock import clock
from .._polling.callbacks import ignore
from .._polling.futures import OperationFuture
from ..history import Estimate
from ..operation import Operation
from ..poller import Poller
from .lines import coloured, columns_of, fitted, status_line

# The durations on the line are counted in seconds.
REDRAW_SECONDS = 1.0


class Display(Protocol):
    """Shows the state of operations."""

    def update(self, waits: Sequence[OperationFuture]) -> None:
        """Shows the latest snapshots; called several times a second."""

    def needs_queue(self) -> bool:
        """Whether it shows when a job starts."""

    def ended(self, operation: Operation) -> None:
        """Shows a resolved operation."""

    def close(self) -> None:
        """Leaves the terminal in the state in which it was."""


def is_terminal(stream: TextIO) -> bool:
    """Whether a stream is a terminal that can move its cursor to the start of the line."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def has_colour(stream: TextIO) -> bool:
    """Whether to write colours: to a terminal, unless NO_COLOR is set (https://no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


class LiveLine:
    """One line of a terminal that is rewritten in place.

    Only carriage returns and spaces are written, so there is nothing to restore but the line.

    Args:
        stream: The terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._columns = 0
        self._shown: list[object] = []
        self._next_redraw = 0.0
        self._learning: set[Poller] = set()
        self._needs_queue = False

    def update(self, waits: Sequence[OperationFuture]) -> None:
        """Shows the number of operations that have ended, and one of the others."""
        pending = [each for each in waits if not each.done()]
        shown: list[object] = [(each.latest, each.last_error) for each in pending]
        if not pending or (shown == self._shown and clock.monotonic() < self._next_redraw):
            return
        self._shown, self._next_redraw = shown, clock.monotonic() + REDRAW_SECONDS
        future = next((each for each in pending if each.latest.started_at), pending[0])
        self._needs_queue = future.latest.started_at is None
        # The last column stays empty, since some terminals wrap the line when it is written.
        width = max(1, shutil.get_terminal_size().columns - 1)
        count = f"{len(waits) - len(pending)} of {len(waits)} ended; " if len(waits) > 1 else ""
        line = status_line(future.latest, self._estimate(future.latest), future.last_error)
        self._write(fitted(count + line, width), future.latest)

    def needs_queue(self) -> bool:
        """Whether the job on the line waits for its start."""
        return self._needs_queue

    def ended(self, operation: Operation) -> None:
        """Writes a line that stays, above the one that is rewritten."""
        self._write(status_line(operation), operation)
        self.close()

    def close(self) -> None:
        """Ends the line, so that the next output starts on a new one."""
        if self._columns:
            self._stream.write("\n")
            self._stream.flush()
        self._columns, self._shown = 0, []

    def _write(self, line: str, operation: Operation) -> None:
        # Set first, so that `close` ends a line that Ctrl-C interrupts while it is written.
        before, self._columns = self._columns, columns_of(line)
        text = coloured(line, operation) if has_colour(self._stream) else line
        self._stream.write(f"\r{text}{' ' * (before - self._columns)}")
        self._stream.flush()

    def _estimate(self, operation: Operation) -> Estimate | None:
        """Returns the estimate of how long a job runs, or is queued if it has not started."""
        poller = Poller.of(operation.client)
        if poller not in self._learning:
            self._learning.add(poller)
            poller.learn(ignore)  # the next redraw uses it
        if operation.started_at is None:
            return poller.estimate_queue(operation)
        return poller.history.estimate(operation)


class ChangeLog:
    """One line for each change of an operation, for pipes and log files.

    Args:
        stream: The output.
        line: Returns the line of an operation.
    """

    def __init__(self, stream: TextIO, line: Callable[[Operation], str] = status_line) -> None:
        self._stream, self._line = stream, line
        self._shown: dict[str, object] = {}

    def update(self, waits: Sequence[OperationFuture]) -> None:
        """Writes a line for each operation whose state or message is new."""
        for each in waits:
            if not each.done():
                self._write(each.latest)

    def needs_queue(self) -> bool:
        """Whether it shows when a job starts: it shows no estimates."""
        return False

    def ended(self, operation: Operation) -> None:
        """Writes a line for a resolved operation, unless the last one had the same facts."""
        self._write(operation)

    def close(self) -> None:
        """Does nothing: each line is complete."""

    def _write(self, operation: Operation) -> None:
        facts = (operation.state, operation.message)
        if self._shown.get(operation.identity) != facts:
            self._shown[operation.identity] = facts
            self._stream.write(f"{self._line(operation)}\n")
            self._stream.flush()
