"""Tracks whether a cell is running: messages of pages may be delayed until its end."""

from __future__ import annotations

import math
import sys
from typing import Any

from .._clock import Seconds, clock


class CellMonitor:
    """Records when a kernel's cells begin and end."""

    def __init__(self) -> None:
        self._shell: Any = None
        self._running = False
        self._ended_at = -math.inf

    def attach(self) -> None:
        """Registers for the shell's events, if this process is a kernel; on its main thread."""
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
        if shell is None or shell is self._shell or getattr(shell, "kernel", None) is None:
            return
        self._shell = shell
        self._running = True  # widgets are made in a cell, whose end is still to come
        shell.events.register("pre_execute", self._on_start)
        shell.events.register("post_execute", self._on_end)

    def busy_until(self) -> Seconds:
        """Returns when a cell last ran, on the monotonic clock: now, if one is running."""
        return clock.monotonic() if self._running else self._ended_at

    def _on_start(self) -> None:
        self._running = True

    def _on_end(self) -> None:
        self._running, self._ended_at = False, clock.monotonic()


cells = CellMonitor()
