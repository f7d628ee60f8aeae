"""What a page and a kernel tell each other besides traits.

ipykernel 7.4 brings a page's messages to the shell that last sent on their comm, and takes that
shell from the context of the sender. A plain thread has none, so clicks would wait for the cell
that runs. Sent inside the context in which a page's message was handled, updates keep the clicks
on that page's own shell, which is free while a cell runs.
"""

from __future__ import annotations

import contextvars
import sys
import warnings
from collections.abc import Callable
from typing import Any

_context: contextvars.Context | None = None


def warn_of_old_kernel() -> None:
    """Warn where a widget could not be kept up to date: ipykernel 7.0 sends nothing from threads.

    See ipykernel issue 1450; 7.1 mends it.
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
    """Keep the context of the page's message that is being handled. It serves all widgets."""
    global _context  # noqa: PLW0603
    _context = contextvars.copy_context()


def run_in_comm_context(send: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Call `send` so that what it sends leaves clicks where they are acted on at once."""
    if _context is None:
        send(*args, **kwargs)
    else:
        # A copy each time, since a context can be entered by one thread only.
        _context.copy().run(send, *args, **kwargs)
