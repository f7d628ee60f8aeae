"""Connection of a widget to its page, in every host: a Jupyter kernel, or the server of an app.

A message reaches the page only from the right context:

- ipykernel 7.4 delivers a page's messages to the shell that last sent on their comm, and gets that
  shell from the context of the sender. A plain thread has none, so clicks would wait for the end
  of the running cell. Messages that are sent in the context in which a page's message was handled
  keep the clicks on that page's own shell, which is free while a cell runs.
- Shiny has several sessions at a time. It sends in the context of one, on its event loop only, and
  when it flushes.
- Elsewhere, the context in which the widget was made is right, if there needs to be one.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import re
import sys
import warnings
from collections.abc import Callable
from typing import Any

from .cell_outputs import in_kernel

# Releases that send nothing from threads: the first of them, and the first that does again.
_CANNOT_SEND = {
    "ipykernel": ((7, 0), (7, 1)),  # ipykernel issue 1450
    "marimo": ((0,), (0, 23, 14)),  # it kept the session in a thread-local
}

_page_context: contextvars.Context | None = None


def warn_of_old_host() -> None:
    """Warns of a host that cannot update widgets."""
    for name, (first, fixed) in _CANNOT_SEND.items():
        text = str(getattr(sys.modules.get(name), "__version__", ""))
        version = tuple(int(part) for part in re.findall(r"\d+", text)[:3])
        if first <= version < fixed and (name != "marimo" or in_marimo()):
            needed = ".".join(map(str, fixed))
            warnings.warn(
                f"{name} {text} cannot update widgets from a thread, so this one will stay as it "
                f"is. Upgrade it (pip install '{name}>={needed}') and restart it.",
                RuntimeWarning,
                stacklevel=4,
            )


def in_marimo() -> bool:
    """Whether this code runs in a marimo notebook."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def remember_page_context() -> None:
    """Stores the context of the page's message that is being handled, for all of a kernel."""
    global _page_context  # noqa: PLW0603
    _page_context = contextvars.copy_context()


class Channel:
    """Sends for one widget, from any thread. It is to be made together with the widget."""

    def __init__(self) -> None:
        self._made_in = None if in_kernel() else contextvars.copy_context()
        self._shiny_loop = _shiny_loop()
        self._open_comm: object = None
        self._had_session = False

    def run(self, send: Callable[..., object], *args: Any) -> None:
        """Calls a function that sends in the right context; in Shiny later, on its event loop."""
        context = _page_context if self._made_in is None else self._made_in
        # A copy each time, since a context can be entered by one thread only.
        context = contextvars.copy_context() if context is None else context.copy()
        if self._shiny_loop is None:
            context.run(send, *args)
        elif not self._shiny_loop.is_closed():
            sent = _send_and_flush(send, args)
            context.run(asyncio.run_coroutine_threadsafe, sent, self._shiny_loop)

    def is_closed(self, widget: Any) -> bool:
        """Whether the host has closed the widget's comm, or ended the session that shows it.

        marimo closes the comm when a cell runs again, and most hosts when a session ends; Panel
        takes the session from the widget's `_document` then.
        """
        comm = widget.comm
        if not getattr(comm, "_closed", True):
            self._open_comm = comm
        has_session = bool(getattr(getattr(widget, "_document", None), "session_context", None))
        self._had_session |= has_session
        # A comm that was never open is a placeholder until the widget is shown.
        closed = comm is self._open_comm and getattr(comm, "_closed", False)
        return closed or self._had_session > has_session


def _shiny_loop() -> asyncio.AbstractEventLoop | None:
    """Returns the event loop of the current Shiny session, if there is one."""
    shiny = sys.modules.get("shiny.session")
    session = shiny and shiny.get_current_session()
    return asyncio.get_running_loop() if session else None


async def _send_and_flush(send: Callable[..., object], args: tuple[Any, ...]) -> None:
    reactive = importlib.import_module("shiny.reactive")
    async with reactive.lock():
        send(*args)
        await reactive.flush()
