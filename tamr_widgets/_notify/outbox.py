"""Outbox: sends the notifications of one recipient in order, each once, with retries."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable
from contextlib import suppress

from .._http.retry import jittered
from .._polling.callbacks import CallbackQueue
from .recipient import Recipient, SendError

# The delays in seconds before the second and later attempts, up to five minutes in all; jitter
# shortens each to half of it at the least.
RETRY_SECONDS = (2.0, 10.0, 60.0, 240.0)
MAX_WAITING = 1000
MAX_REMEMBERED = 10_000
MAX_RECIPIENTS = 100

_logger = logging.getLogger(__name__)

_shared: dict[Recipient, tuple[CallbackQueue, dict[Hashable, None]]] = {}


class Outbox:
    """Sends to one recipient, on a thread that exists only while there is something to send.

    The thread is a daemon: a service that hangs delays neither polls nor the exit of the kernel.
    The outboxes of equal recipients share it, and the events that were sent.

    Args:
        recipient: Gets the notifications.
    """

    def __init__(self, recipient: Recipient) -> None:
        self._recipient = recipient
        self._queue, self._sent = _shared_by(recipient)

    def submit(
        self,
        event: Hashable,
        title: str,
        text: str,
        closed: threading.Event,
        on_done: Callable[[str], object],
    ) -> None:
        """Queues a notification, and returns at once.

        Args:
            event: Identifies the event. If its notification was sent before, nothing is sent.
            title: The title.
            text: The text.
            closed: Ends the retries when it is set.
            on_done: Gets the reason of the last failure after the last attempt; "" if it was sent,
                or if `closed` was set before the first attempt.
        """
        self._queue.submit(lambda: on_done(self._send_once(event, title, text, closed)))

    def _send_once(self, event: Hashable, title: str, text: str, closed: threading.Event) -> str:
        if event in self._sent:
            return ""
        reason = ""
        for delay in (0.0, *RETRY_SECONDS):
            if closed.wait(jittered(delay)):
                return reason
            try:
                self._recipient.send(title, text)
            except SendError as error:
                reason = str(error)
                self._log(reason)
            else:
                self._remember(event)
                return ""
        return reason

    def _remember(self, event: Hashable) -> None:
        self._sent[event] = None
        if len(self._sent) > MAX_REMEMBERED:
            del self._sent[next(iter(self._sent))]

    def _log(self, reason: str) -> None:
        with suppress(Exception):  # a logging handler of the user's
            _logger.warning("%s was not notified: %s.", self._recipient.label, reason)


def _shared_by(recipient: Recipient) -> tuple[CallbackQueue, dict[Hashable, None]]:
    """Returns the queue of equal recipients, and the sent events, which only its thread uses.

    The recipients themselves are not shared: each has the context of its own cell.
    """
    # `setdefault` is atomic: two threads at the same time get the same queue.
    shared = _shared.setdefault(recipient, (CallbackQueue(MAX_WAITING), {}))
    for oldest in list(_shared)[:-MAX_RECIPIENTS]:
        _shared.pop(oldest, None)
    return shared
