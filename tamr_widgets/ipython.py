"""IPython extension: shows operations, also those of the public packages, while they run.

After `%load_ext tamr_widgets` an operation as the last value of a cell is displayed as an
OperationWidget, and a blocking `wait()` shows one while it blocks: also the wait inside `refresh()`
and the other synchronous calls of the public packages. In a terminal, both are a line of text.
`%unload_ext tamr_widgets` reverts this.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from ._chain.recording import Recording
from ._clock import Seconds, checked_seconds, checked_timeout
from ._http.session_client import remember_session
from ._terminal.display import LiveLine, is_terminal
from .errors import OperationTypeError
from .operation import Operation
from .waiting import AsCompleted, wait_all
from .widgets import cell_outputs
from .widgets.chain import ChainWidget
from .widgets.operation import OperationWidget

# Waits for an operation and shows it; takes the interval and the timeout in seconds.
Wait = Callable[[Operation, Seconds, "Seconds | None"], Operation]

_FUNCTIONAL_OPERATION = "tamr_client._types.operation", "Operation"
_undo: list[Callable[[], object]] = []
# The id of a cell's run, and the operations that a wait has shown during it.
_shown: tuple[str | None, list[tuple[Any, str | None]]] = (None, [])
_recording: Recording | None = None


def load_ipython_extension(shell: Any) -> None:
    """Displays operations as widgets or, in a terminal, as text; no effect if it is loaded."""
    if _undo:
        return
    formatter, show, wait = _of_shell(shell)
    formatter.for_type_by_name(*_FUNCTIONAL_OPERATION, show)
    _undo.append(functools.partial(formatter.pop, ".".join(_FUNCTIONAL_OPERATION), None))
    for kind in _operation_classes():
        formatter.for_type(kind, show)
        _undo.append(functools.partial(formatter.pop, kind, None))
        _replace(kind, "wait", _live_method(kind.wait, wait))
    if _has_functional_client():
        module = importlib.import_module("tamr_client.operation")
        _replace(module, "wait", _live_function(module.wait, wait))
        session = importlib.import_module("tamr_client._types.session").Session
        _replace(session, "request", _remembering(session))


def unload_ipython_extension(shell: Any) -> None:  # noqa: ARG001
    """Restores the formatters and the `wait` methods; no effect if it is not loaded."""
    while _undo:
        _undo.pop()()


@contextmanager
def recorded(name: str = "") -> Iterator[Recording]:
    """Shows the operations that the code inside waits for as the steps of one panel.

    It is for blocking code of this package, of the public packages, or of tamr-toolbox, which
    stays unchanged; its exceptions pass through. Without `%load_ext tamr_widgets` the extension is
    loaded for the code inside. Outside of a notebook the code runs as without it.

    Args:
        name: The name of the panel.

    Raises:
        TypeError: The name is not a string.

    Example:
        >>> with recorded("Nightly"):
        ...     project.unified_dataset().refresh()
        ...     project.pairs().refresh()
    """
    global _recording  # noqa: PLW0603
    recording, shell = Recording(name), get_ipython()
    is_loaded_here = not _undo and shell is not None
    outer, has_raised = _recording, True
    try:
        if is_loaded_here:
            load_ipython_extension(shell)
        if getattr(shell, "kernel", None) is not None:
            display(ChainWidget(recording))  # type: ignore[no-untyped-call]
        _recording = recording
        yield recording
        has_raised = False
    finally:
        _recording = outer
        recording.end(has_raised=has_raised)
        if is_loaded_here:
            unload_ipython_extension(shell)


def _of_shell(shell: Any) -> tuple[Any, Callable[..., None], Wait]:
    """Returns the formatter of a shell, a function for it that shows operations, and a wait."""
    display_formatter = shell.display_formatter
    if getattr(shell, "kernel", None) is not None:
        return display_formatter.ipython_display_formatter, _draw, _wait_with_widget
    return display_formatter.formatters["text/plain"], _write, _wait_with_line


def _replace(owner: Any, name: str, replacement: Any) -> None:
    _undo.append(functools.partial(setattr, owner, name, getattr(owner, name)))
    setattr(owner, name, replacement)


def _operation_classes() -> list[Any]:
    """Returns this package's Operation, and the public client's if that is installed."""
    classes: list[Any] = [Operation]
    if importlib.util.find_spec("tamr_unify_client") is not None:
        classes.append(importlib.import_module("tamr_unify_client.operation").Operation)
    return classes


def _has_functional_client() -> bool:
    """Whether `tamr_client` is loaded or can be loaded.

    Without TAMR_CLIENT_BETA=1 its import ends the process.
    """
    if "tamr_client" in sys.modules:
        return True
    is_enabled = os.environ.get("TAMR_CLIENT_BETA") == "1"
    return is_enabled and importlib.util.find_spec("tamr_client") is not None


def _draw(operation: Any) -> None:
    """Displays an operation, unless a wait in the same cell shows it."""
    operation = _adopted(operation)
    cell, shown = _shown
    if cell is None or cell != cell_outputs.request_id() or _job(operation) not in shown:
        display(OperationWidget(operation))  # type: ignore[no-untyped-call]


def _write(operation: Any, printer: Any, cycle: bool) -> None:  # noqa: ARG001 - IPython's
    """Writes an operation as one line of text."""
    printer.text(str(_adopted(operation)))


def _adopted(operation: Any) -> Operation:
    """Adopts an operation, or lets IPython show it as it would without this extension."""
    try:
        return Operation.adopt(operation)
    except OperationTypeError as error:  # of tamr_client, fetched before the extension was loaded
        raise NotImplementedError from error


def _show(operation: Operation, interval: Seconds) -> OperationWidget:
    """Displays an operation for a wait, and records that this cell shows it."""
    global _shown  # noqa: PLW0603
    widget = OperationWidget(operation, poll_interval_seconds=interval)
    display(widget)  # type: ignore[no-untyped-call]
    cell = cell_outputs.request_id()
    _shown = (cell, [*(_shown[1] if _shown[0] == cell else ()), _job(operation)])
    return widget


def _job(operation: Operation) -> tuple[Any, str | None]:
    return getattr(operation.client, "origin", None), operation.api_path


def _wait_with_widget(
    operation: Operation, interval: Seconds, timeout: Seconds | None
) -> Operation:
    if timeout == 0:  # the wait ends before a widget would be visible
        *_, resolved = operation.snapshots(interval, 0)
        return resolved
    if _recording is not None:
        return _recording.wait(operation, interval, timeout)
    return _show(operation, interval).wait(timeout)


def _wait_with_line(operation: Operation, interval: Seconds, timeout: Seconds | None) -> Operation:
    if not is_terminal(sys.stdout):
        return wait_all([operation], timeout, poll_interval_seconds=interval)[0]
    line = LiveLine(sys.stdout)
    try:
        waits = AsCompleted([operation], interval, timeout, line.update, line.needs_queue)
        (resolved,) = waits.all()
        line.ended(resolved)
        return resolved
    finally:
        line.close()


def _is_shown(operation: Operation, process: int) -> bool:
    """Whether a wait for an operation is shown.

    Output of other threads would appear below the cell that ran last, and that of a forked process
    would be lost.
    """
    is_elsewhere = (
        os.getpid() != process or threading.current_thread() is not threading.main_thread()
    )
    return not (is_elsewhere or operation.resolved or operation.client is None)


def _live_method(original: Callable[..., Any], show: Wait) -> Callable[..., Any]:
    """Returns a method `wait` that shows the operation and uses the polls of what it shows."""
    process = os.getpid()

    @functools.wraps(original)
    def wait(self: Any, poll_interval_seconds: Any = 3, timeout_seconds: Any = None) -> Any:
        operation = Operation.adopt(self)
        if not _is_shown(operation, process):
            return original(self, poll_interval_seconds, timeout_seconds)
        resolved = show(operation, *_seconds(poll_interval_seconds, timeout_seconds))
        if isinstance(self, Operation):
            return resolved
        return type(self)(self.client, resolved.to_json(), self.api_path)

    return wait


def _live_function(original: Callable[..., Any], show: Wait) -> Callable[..., Any]:
    """Returns `tamr_client.operation.wait`, which shows the operation."""
    process = os.getpid()

    @functools.wraps(original)
    def wait(
        session: Any, operation: Any, *, poll_interval_seconds: Any = 3, timeout_seconds: Any = None
    ) -> Any:
        adopted = Operation.adopt(operation, session)
        if not _is_shown(adopted, process):
            return original(
                session,
                operation,
                poll_interval_seconds=poll_interval_seconds,
                timeout_seconds=timeout_seconds,
            )
        resolved = show(adopted, *_seconds(poll_interval_seconds, timeout_seconds))
        return dataclasses.replace(
            operation,
            type=resolved.type,
            status=resolved.status,
            description=resolved.description,
        )

    return wait


def _seconds(interval: Any, timeout: Any) -> tuple[Seconds, Seconds | None]:
    interval = checked_seconds("poll_interval_seconds", interval)
    return interval, checked_timeout(timeout)


def _remembering(session_class: Any) -> Callable[..., Any]:
    """Returns `Session.request` of `tamr_client`, which records the session for its operations."""
    original = session_class.request

    @functools.wraps(original)
    def request(self: Any, *args: Any, **kwargs: Any) -> Any:
        if type(self) is session_class and len(args) > 1:  # not a view of a session
            remember_session(self, args[1])
        return original(self, *args, **kwargs)

    return request
