"""Tracks the widgets that each cell shows, and pauses them when the cell runs again.

A cell that runs again replaces its output. A widget that was shown there and nowhere else is
paused: it is not closed, since other code may reference it, but its polling stops until a page or
code needs it again.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple, Protocol
from weakref import WeakSet

from IPython import get_ipython


class Cell(NamedTuple):
    """A cell, by its id, or by its source text where a front end sends no ids."""

    key: str
    by_source: bool


class Shown(Protocol):
    """A widget that a cell shows."""

    shown_in: set[Cell]

    def pause_polling(self, cell: Cell) -> None:
        """Pauses polling: the cell ran again, and no other one shows this."""

    def repeat_output(self) -> None:
        """Sends once more what a saved notebook needs."""


_shown: defaultdict[Cell, WeakSet[Any]] = defaultdict(WeakSet)
_to_repeat: WeakSet[Any] = WeakSet()


def in_kernel() -> bool:
    """Whether this code runs in a Jupyter kernel, rather than in a terminal or an app."""
    return hasattr(get_ipython(), "get_parent")


def current() -> Cell | None:
    """Returns the cell that is running, if any."""
    parent = _request()
    if parent.get("header", {}).get("msg_type") != "execute_request":
        return None
    cell_id = parent.get("metadata", {}).get("cellId")
    if cell_id:
        return Cell(str(cell_id), by_source=False)
    return Cell(str(parent.get("content", {}).get("code", "")), by_source=True)


def is_unattended() -> bool:
    """Whether a program runs this cell, such as nbclient, which has no `input()`."""
    return _request().get("content", {}).get("allow_stdin") is False


def request_id() -> str | None:
    """Returns an id of the current run of a cell: two runs of one cell differ."""
    message_id = _request().get("header", {}).get("msg_id")
    return None if message_id is None else str(message_id)


def mark_shown(widget: Shown, cell: Cell | None) -> None:
    """Records that a cell shows this widget."""
    if cell is not None and _listen():
        widget.shown_in.add(cell)
        _shown[cell].add(widget)


def repeat_in_cell(widget: Shown) -> None:
    """Repeats the widget's output at the next start or end of a cell.

    nbclient, papermill and nbconvert drop messages that are sent between two cells.
    """
    if _listen():
        _to_repeat.add(widget)


def _request() -> dict[str, Any]:
    parent: object = getattr(get_ipython(), "get_parent", dict)()
    return parent if isinstance(parent, dict) else {}


def _listen() -> bool:
    if not in_kernel():
        return False
    events = get_ipython().events
    events.register("pre_run_cell", _on_run)  # once, however often it is registered
    events.register("post_run_cell", _repeat)
    return True


def _repeat(_: object = None) -> None:
    while _to_repeat:
        _to_repeat.pop().repeat_output()


def _on_run(_: object) -> None:
    _repeat()
    cell = current()
    for widget in _shown.pop(cell, ()) if cell is not None else ():
        widget.shown_in.discard(cell)
        if not widget.shown_in:
            widget.pause_polling(cell)
