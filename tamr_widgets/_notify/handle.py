"""Handle: the result of `notify`, for every kind of target."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NoReturn, TypeVar

from .. import _fork
from .outbox import Outbox
from .recipient import recipient

H = TypeVar("H", bound="Handle")


class Handle:
    """The recipient of notifications; `close` ends them.

    Args:
        to: A function of title and text, or an address; see `tamr_widgets.notify`.
        when: The events.

    Attributes:
        label: The service or function that is notified.
        when: The events: `ended`, `failed` or `late`.
        error: The reason for which the last notification was not sent, or "".
    """

    def __init__(self, to: Callable[[str, str], object] | str, when: str) -> None:
        self._recipient = recipient(to)
        self._outbox = Outbox(self._recipient)
        self._closed = threading.Event()
        _fork.register(self)
        self.label, self.when, self.error = self._recipient.label, when, ""

    @property
    def closed(self) -> bool:
        """Whether it was closed, or has nothing more to send."""
        return self._closed.is_set()

    def close(self) -> None:
        """Ends the notifications, and the attempts to send one. Closing it again has no effect."""
        self._closed.set()

    def renew_after_fork(self) -> None:
        """Closes it in the child: the parent sends the notifications."""
        self._closed = threading.Event()
        self._closed.set()

    def _set_error(self, reason: str) -> None:
        """Sets the error, until the next notification, or until it is closed."""
        if not self.closed:
            self.error = reason and (
                f"{self.label} was not notified: {reason}. Check the arguments of notify()."
            )

    def __enter__(self: H) -> H:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        msg = "A notification may hold an address, so it cannot be pickled. Call notify() again."
        raise TypeError(msg)
