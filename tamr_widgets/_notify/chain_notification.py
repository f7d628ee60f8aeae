"""ChainNotification: the handle of `notify` for a chain."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import NoReturn

from .. import _fork
from .._chain.plan import FAILED
from ..chain import Chain
from .message import chain_title_and_text
from .outbox import outbox_of
from .recipient import recipient

WHEN = ("ended", "failed")


class ChainNotification:
    """Notifies a recipient each time that a chain has ended; `close` ends it.

    Args:
        chain: The chain.
        to: A function of title and text, or an address; see `tamr_widgets.notify`.
        when: `ended` or `failed`.

    Attributes:
        label: The service or function that is notified.
        error: The reason for which the last notification was not sent, or "".
    """

    def __init__(self, chain: Chain, to: Callable[[str, str], object] | str, when: str) -> None:
        if when not in WHEN:
            msg = f"For a chain, when must be 'ended' or 'failed', not {when!r:.40}."
            raise ValueError(msg)
        self._recipient = recipient(to)
        self._outbox = outbox_of(self._recipient)
        self._when = when
        self._ends = itertools.count()
        self._closed = threading.Event()
        _fork.register(self)
        self.label, self.error = self._recipient.label, ""
        chain.on_ended(self._on_ended)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed.is_set()

    def close(self) -> None:
        """Ends the notifications, and the attempts to send one. Closing twice is fine."""
        self._closed.set()

    def renew_after_fork(self) -> None:
        """Closes it in the child: the parent sends the notifications."""
        self._closed = threading.Event()
        self._closed.set()

    def _on_ended(self, chain: Chain) -> None:
        if self.closed or (self._when == "failed" and chain.state != FAILED):
            return
        title, text = chain_title_and_text(chain)
        key = (id(self), next(self._ends))
        self._outbox.submit(key, title, text, self._closed, self._set_error)

    def _set_error(self, reason: str) -> None:
        self.error = reason and f"{self.label} was not notified: {reason}."

    def __repr__(self) -> str:
        return f"<notify {self.label} when {self._when}: a chain>"

    def __reduce__(self) -> NoReturn:
        msg = "A notification may hold an address, so it cannot be pickled. Call notify() again."
        raise TypeError(msg)
