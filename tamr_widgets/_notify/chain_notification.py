"""ChainNotification: the handle of `notify` for a chain."""

from __future__ import annotations

from collections.abc import Callable

from .._chain.plan import FAILED
from ..chain import Chain
from .handle import Handle
from .message import chain_title_and_text

WHEN = ("ended", "failed")


class ChainNotification(Handle):
    """Notifies a recipient each time that a chain has ended.

    Args:
        chain: The chain.
        to: A function of title and text, or an address; see `tamr_widgets.notify`.
        when: `ended` or `failed`.
    """

    def __init__(self, chain: Chain, to: Callable[[str, str], object] | str, when: str) -> None:
        if when not in WHEN:
            msg = f"For a chain, when must be 'ended' or 'failed', not {when!r:.40}."
            raise ValueError(msg)
        super().__init__(to, when)
        self._unsubscribe: Callable[[], None] | None = chain.on_ended(self._on_ended)

    def close(self) -> None:
        """Ends the notifications, and the attempts to send one. Closing it again has no effect."""
        super().close()
        # A closed handle that is still referenced must not keep the chain alive.
        unsubscribe, self._unsubscribe = self._unsubscribe, None
        if unsubscribe is not None:
            unsubscribe()

    def _on_ended(self, chain: Chain) -> None:
        if self.closed or (self.when == "failed" and chain.state != FAILED):
            return
        title, text = chain_title_and_text(chain)
        # Each end is an event of its own, also that of another chain with the same recipient.
        self._outbox.submit(object(), title, text, self._closed, self._set_error)

    def __repr__(self) -> str:
        return f"<notify {self.label} when {self.when}: a chain>"
