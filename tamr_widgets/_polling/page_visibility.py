"""Whether a page shows something, by the messages that it sends while it does."""

from __future__ import annotations

from .._clock import clock
from .cell_monitor import cells

# After a page has not shown something for this long, it counts as hidden.
HIDDEN_AFTER_SECONDS = 300.0


class PageVisibility:
    """The time when a page last showed something, at first the present."""

    def __init__(self) -> None:
        self.mark_visible()

    def mark_visible(self) -> None:
        """Records that a page shows it now."""
        self._visible_at = clock.monotonic()

    def is_hidden(self) -> bool:
        """Whether no page has shown it for long.

        While a cell runs, the messages of pages may wait for its end: that time does not count.
        """
        return clock.monotonic() - max(self._visible_at, cells.busy_until()) > HIDDEN_AFTER_SECONDS
