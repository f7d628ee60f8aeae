"""Cells of the notebook that runs: which widgets each one shows, and when it runs again.

A cell that runs again replaces its output. A widget that was shown there and nowhere else comes to
rest: it is not closed, since other code may hold it, but nothing is polled for it until a page or
code asks for it again.
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
    """Something that a cell shows."""

    shown_in: set[Cell]

    def rest(self, cell: Cell) -> None:
        """The cell ran again, and no other one shows this."""

    def repeat_record(self) -> None:
        """Write the output as it is saved once more."""


_shown: defaultdict[Cell, WeakSet[Any]] = defaultdict(WeakSet)
_recorded: WeakSet[Any] = WeakSet()


def current() -> Cell | None:
    """The cell that is running, if any."""
    parent = _request()
    if parent.get("header", {}).get("msg_type") != "execute_request":
        return None
    cell_id = parent.get("metadata", {}).get("cellId")
    if cell_id:
        return Cell(str(cell_id), by_source=False)
    return Cell(str(parent.get("content", {}).get("code", "")), by_source=True)


def request_id() -> str | None:
    """Identifies the run of the cell that is running: two runs of one cell differ."""
    message_id = _request().get("header", {}).get("msg_id")
    return None if message_id is None else str(message_id)


def show(widget: Shown, cell: Cell | None) -> None:
    """Note that a cell shows this widget."""
    if cell is not None and _listen():
        widget.shown_in.add(cell)
        _shown[cell].add(widget)


def recorded(widget: Shown) -> None:
    """Have the widget's output written again when the next cell runs.

    nbclient and papermill drop messages that come between two cells.
    """
    if _listen():
        _recorded.add(widget)


def _request() -> dict[str, Any]:
    parent: object = getattr(get_ipython(), "get_parent", dict)()
    return parent if isinstance(parent, dict) else {}


def _listen() -> bool:
    shell: Any = get_ipython()
    if getattr(shell, "kernel", None) is None:
        return False
    shell.events.register("pre_run_cell", _on_run)  # once, however often it is registered
    return True


def _on_run(_: object) -> None:
    while _recorded:
        _recorded.pop().repeat_record()
    cell = current()
    for widget in _shown.pop(cell, ()) if cell is not None else ():
        widget.shown_in.discard(cell)
        if not widget.shown_in:
            widget.rest(cell)
