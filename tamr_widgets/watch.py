"""Who follows which operation, and when to ask about it next."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .errors import TamrError
from .faults import Patience
from .timing import Seconds, clock

if TYPE_CHECKING:
    from .operation import Operation

# The first polls come after this share of an operation's age as a subscriber knows it: a short
# job is seen to end soon after it did, and a long one costs only a few requests more.
EARLY_SECONDS = 0.3
EARLY_GROWTH = 0.5
# Followers that started together spread out over this share of their interval.
JITTER = 0.1
UNSEEN_SECONDS = 300.0
UNSEEN_FACTOR = 10

_logger = logging.getLogger(__name__)


class Subscription:
    """One follower of something that a poller asks about; `close` ends it.

    Callbacks run on the poller's thread. One that raises is logged and disturbs nobody else.
    """

    def __init__(
        self,
        on_news: Callable[[Any], object],
        on_error: Callable[[TamrError], object] | None,
        interval: Seconds,
        *,
        on_close: Callable[[], object],
        on_a_page: bool = False,
    ) -> None:
        self.interval = interval
        self.closed = False
        self._on_news = on_news
        self._on_error = on_error
        self._on_close = on_close
        self._seen_at = clock.monotonic() if on_a_page else None

    def close(self) -> None:
        """Hear nothing more. Closing twice is fine."""
        if not self.closed:
            self.closed = True
            self._on_close()

    def seen(self) -> None:
        """A page shows this just now. What no page shows for five minutes is asked about rarely."""
        if self._seen_at is not None:
            self._seen_at = clock.monotonic()

    def unseen(self, now: Seconds) -> bool:
        """Whether this belongs to a page, and none has shown it for long."""
        return self._seen_at is not None and now - self._seen_at > UNSEEN_SECONDS

    def tell(self, news: Any) -> None:
        """Hand over what came, unless closed."""
        self._call(self._on_news, news)

    def tell_error(self, error: TamrError) -> None:
        """Hand over a fault, unless closed."""
        if self._on_error is not None:
            self._call(self._on_error, error)

    def _call(self, callback: Callable[[Any], object], argument: Any) -> None:
        if self.closed:
            return
        try:
            callback(argument)
        except Exception:
            _logger.exception("A subscriber's callback raised; the poller goes on.")


class Watch:
    """Something that a poller asks about for its subscribers, and when it is due.

    Attributes:
        operation: The newest snapshot, or None where all operations are watched as a list.
        due: When to ask next, on the monotonic clock.
        in_list: Whether the server's list had this operation, as far as is known.
    """

    def __init__(self, operation: Operation | None) -> None:
        self.operation = operation
        self.subscriptions: list[Subscription] = []
        self.since = clock.monotonic()
        self.due = self.since + EARLY_SECONDS * random.uniform(0.5, 1)  # noqa: S311
        self.in_list = True
        self.warned = False
        self.patience = Patience(1.0, None)

    @property
    def interval(self) -> Seconds:
        """The shortest of what its subscribers want."""
        return min((each.interval for each in self.live()), default=1.0)

    def live(self) -> list[Subscription]:
        """The subscriptions that are not closed."""
        return [each for each in self.subscriptions if not each.closed]

    def abandoned(self) -> bool:
        """Whether nobody follows this any more."""
        return not any(not each.closed for each in self.subscriptions)

    def schedule(self, asked_to_wait: Seconds = 0.0) -> None:
        """Set when to ask next, after an answer that came now."""
        now = clock.monotonic()
        pause = self.interval
        if self.operation is not None:
            pause = min(pause, max(EARLY_SECONDS, (now - self.since) * EARLY_GROWTH))
        if all(each.unseen(now) for each in self.live()):
            pause = self.interval * UNSEEN_FACTOR
        jitter = random.uniform(1, 1 + JITTER)  # noqa: S311
        self.due = now + max(pause * jitter, asked_to_wait)

    def postpone(self, pause: Seconds) -> None:
        """Do not ask for a while, after a fault."""
        self.due = clock.monotonic() + pause

    def tell(self, news: Any) -> None:
        """Hand what came to all subscribers."""
        for each in self.live():
            each.tell(news)

    def tell_error(self, error: TamrError) -> None:
        """Hand a fault to all subscribers."""
        for each in self.live():
            each.tell_error(error)
