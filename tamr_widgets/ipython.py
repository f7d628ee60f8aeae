"""IPython extension: shows operations, also the public client's, as widgets.

After `%load_ext tamr_widgets` an operation as the last value of a cell is displayed as an
OperationWidget, and a blocking `wait()` shows one while it blocks: also the wait inside `refresh()`
and the other synchronous calls of the public client. `%unload_ext tamr_widgets` reverts this.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import threading
from collections.abc import Callable
from typing import Any

from IPython.display import display

from ._clock import checked_seconds
from .operation import Operation
from .widgets import cell_outputs
from .widgets.operation import OperationWidget

_undo: list[Callable[[], object]] = []
# The id of a cell's run, and the operations that a wait has shown during it.
_shown: tuple[str | None, list[tuple[Any, str | None]]] = (None, [])


def load_ipython_extension(shell: Any) -> None:
    """Displays operations as widgets. Loading twice is fine; without a kernel it does nothing."""
    if _undo or getattr(shell, "kernel", None) is None:
        return
    formatter = shell.display_formatter.ipython_display_formatter
    for kind in _operation_classes():
        formatter.for_type(kind, _draw)
        _undo.append(functools.partial(formatter.pop, kind, None))
        original = kind.wait
        kind.wait = _live(original)
        _undo.append(functools.partial(setattr, kind, "wait", original))


def unload_ipython_extension(shell: Any) -> None:  # noqa: ARG001
    """Restores the formatters and the `wait` methods."""
    while _undo:
        _undo.pop()()


def _operation_classes() -> list[Any]:
    """Returns this package's Operation, and the public client's if that is installed."""
    classes: list[Any] = [Operation]
    if importlib.util.find_spec("tamr_unify_client") is not None:
        classes.append(importlib.import_module("tamr_unify_client.operation").Operation)
    return classes


def _draw(operation: Any) -> None:
    """Displays an operation, unless a wait in the same cell shows it."""
    operation = Operation.adopt(operation)
    cell, shown = _shown
    if cell is None or cell != cell_outputs.request_id() or _job(operation) not in shown:
        display(OperationWidget(operation))  # type: ignore[no-untyped-call]


def _show(operation: Operation, interval: float) -> OperationWidget:
    """Displays an operation for a wait, and records that this cell shows it."""
    global _shown  # noqa: PLW0603
    widget = OperationWidget(operation, poll_interval_seconds=interval)
    display(widget)  # type: ignore[no-untyped-call]
    cell = cell_outputs.request_id()
    _shown = (cell, [*(_shown[1] if _shown[0] == cell else ()), _job(operation)])
    return widget


def _job(operation: Operation) -> tuple[Any, str | None]:
    return getattr(operation.client, "origin", None), operation.api_path


def _live(original: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a `wait` that shows a widget and uses its polls."""
    process, main = os.getpid(), threading.main_thread()

    @functools.wraps(original)
    def wait(self: Any, poll_interval_seconds: Any = 3, timeout_seconds: Any = None) -> Any:
        operation = Operation.adopt(self)
        # Output of other threads would appear below the cell that ran last, and output of a forked
        # process nowhere.
        elsewhere = os.getpid() != process or threading.current_thread() is not main
        if elsewhere or operation.resolved or operation.client is None:
            return original(self, poll_interval_seconds, timeout_seconds)
        interval = checked_seconds("poll_interval_seconds", poll_interval_seconds)
        if timeout_seconds is not None:
            timeout_seconds = checked_seconds("timeout_seconds", timeout_seconds)
        if timeout_seconds == 0:  # the wait ends before a widget would be visible
            *_, resolved = operation.snapshots(interval, 0)
        else:
            resolved = _show(operation, interval).wait(timeout_seconds)
        if isinstance(self, Operation):
            return resolved
        return type(self)(self.client, resolved.to_json(), self.api_path)

    return wait
