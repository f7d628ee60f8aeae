"""Sends updates in the context of a page's message, so that clicks are handled during a cell.

ipykernel 7.4 delivers a page's messages to the shell that last sent on their comm, and gets that
shell from the context of the sender. A plain thread has none, so clicks would wait for the end of
the running cell. Updates that are sent in the context in which a page's message was handled keep
the clicks on that page's own shell, which is free while a cell runs.
"""

from __future__ import annotations

import contextvars
import sys
import warnings
from collections.abc import Callable
from typing import Any

_context: contextvars.Context | None = None


def warn_of_old_kernel() -> None:
    """Warns of ipykernel 7.0, which cannot update widgets: it sends nothing from threads.

    See ipykernel issue 1450, fixed in 7.1.
    """
    version = str(getattr(sys.modules.get("ipykernel"), "__version__", ""))
    if version.startswith("7.0."):
        warnings.warn(
            f"ipykernel {version} cannot update widgets from a thread, so this one will stay as it "
            "is. Upgrade it (pip install 'ipykernel>=7.1') and restart the kernel.",
            RuntimeWarning,
            stacklevel=4,
        )


def remember_comm_context() -> None:
    """Stores the context of the page's message that is being handled, for all widgets."""
    global _context  # noqa: PLW0603
    _context = contextvars.copy_context()


def run_in_comm_context(send: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Calls `send` in the stored context, if there is one."""
    if _context is None:
        send(*args, **kwargs)
    else:
        # A copy each time, since a context can be entered by one thread only.
        _context.copy().run(send, *args, **kwargs)
