"""Recipients of notifications: a function, or an address for Apprise.

Addresses are credentials. None shows in a repr, a pickle, an error or a log: what Apprise and
urllib3 log while they send is dropped, except for the kind of failure.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn

from .._http.log_redaction import LOGGERS
from .._polling.callbacks import own_context
from .._text import MAX_LABEL_CHARS, sanitize

Send = Callable[[str, str], object]

_HTTP_STATUS = re.compile(r"\berror=([45]\d\d)\b")
_UNREACHABLE = re.compile(r"connection error|socket exception|timed? ?out", re.IGNORECASE)

# The log records of the send under way, which are dropped.
_dropped: ContextVar[list[str] | None] = ContextVar("tamr_widgets_notify_dropped", default=None)


class SendError(Exception):
    """A notification could not be sent; its text has the reason, without the address."""


class Recipient:
    """A function or an address that is notified. Two with the same one are equal.

    Attributes:
        label: The name of the service or function, which is no secret.
    """

    def __init__(self, label: str, secret: object, send: Send) -> None:
        self.label = sanitize(label, MAX_LABEL_CHARS)
        self._secret = secret
        self._send = send
        # A function's output belongs below the cell that passed it to `notify`.
        self._context = own_context()

    def send(self, title: str, text: str) -> None:
        """Sends one notification.

        Raises:
            SendError: It failed.
        """
        self._context.copy().run(self._send, title, text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recipient) and bool(self._secret == other._secret)

    def __hash__(self) -> int:
        try:
            return hash(self._secret)
        except TypeError:  # a callable object without a hash
            return id(self._secret)

    def __repr__(self) -> str:
        return f"<recipient: {self.label}>"

    def __reduce__(self) -> NoReturn:
        msg = "A recipient of notifications may hold an address, so it cannot be pickled."
        raise TypeError(msg)


def recipient(to: Callable[[str, str], object] | str) -> Recipient:
    """Returns the recipient that `notify` was called with.

    Raises:
        TypeError: `to` is neither a function nor a string.
        ValueError: Apprise does not understand the address; the message does not quote it.
        ImportError: `to` is an address, and Apprise is not installed.
    """
    if callable(to):
        return Recipient(_name(to), to, lambda title, text: _call(to, title, text))
    if not isinstance(to, str):
        msg = (
            "to must be a function of title and text, or an address that Apprise understands, "
            f"not {type(to).__name__}."
        )
        raise TypeError(msg)
    service = _service(to.strip())
    return Recipient(str(service.service_name), to.strip(), lambda *args: _post(service, *args))


def _name(function: Any) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    return "a function" if name == "<lambda>" else f"{name}()"


def _call(function: Callable[[str, str], object], title: str, text: str) -> None:
    try:
        function(title, text)
    except BaseException as error:  # noqa: BLE001 - reported
        # The text of the error may quote an address.
        msg = f"it raised {type(error).__name__}; call it in a cell to see why"
        raise SendError(msg) from None


def _service(address: str) -> Any:
    """Returns Apprise's service for one address."""
    try:
        import apprise  # noqa: PLC0415 - an extra
    except ImportError as error:
        msg = (
            "Notifications to an address need Apprise. Install it with: "
            "pip install 'tamr_widgets[notify]', or pass a function of title and text."
        )
        raise ImportError(msg) from error
    asset = _asset(apprise)
    with _logs_dropped():
        try:
            service = apprise.Apprise.instantiate(address, asset=asset)
        except Exception:  # noqa: BLE001 - its text may quote the address
            service = None
    if service is None:
        scheme = re.match(r"[A-Za-z][\w+.-]{0,19}(?=://)", address)
        shown = f"one that begins with {scheme[0]}://" if scheme else "the one that was passed"
        msg = (
            f"Apprise does not understand this address ({shown}; it is not quoted, since it may "
            "hold a password). Its documentation lists the form of each service's addresses."
        )
        raise ValueError(msg)
    return service


def _asset(apprise: Any) -> Any:
    """Returns settings with which Apprise sends on the calling thread.

    The exit of the kernel would wait for the threads of its pool, which it has for parallel sends
    and, in newer versions, for a time limit.
    """
    try:
        return apprise.AppriseAsset(async_mode=False, service_timeout=0)
    except AttributeError:  # no such setting
        return apprise.AppriseAsset(async_mode=False)


def _post(service: Any, title: str, text: str) -> None:
    import apprise  # noqa: PLC0415 - an extra

    sender = apprise.Apprise(asset=service.asset)
    sender.add(service)
    with _logs_dropped() as logged:
        try:
            # As text: Apprise escapes it for services that show HTML or Markdown.
            sent = sender.notify(title=title, body=text, body_format=apprise.NotifyFormat.TEXT)
        except BaseException as error:  # noqa: BLE001 - reported
            msg = f"Apprise raised {type(error).__name__}"
            raise SendError(msg) from None
    if not sent:
        raise SendError(_reason(logged))


def _reason(logged: list[str]) -> str:
    """Returns why a send failed. Of what was logged, only an HTTP status is quoted."""
    text = "\n".join(logged)
    if status := _HTTP_STATUS.search(text):
        return f"its response had HTTP status {status[1]}"
    if _UNREACHABLE.search(text):
        return "it could not be reached, or refused the sender"
    return "it was refused"


@contextmanager
def _logs_dropped() -> Iterator[list[str]]:
    """Drops the log records of Apprise and urllib3 in the block, and returns their texts."""
    texts: list[str] = []
    token = _dropped.set(texts)
    try:
        yield texts
    finally:
        _dropped.reset(token)


def _filter(record: logging.LogRecord) -> bool:
    texts = _dropped.get()
    if texts is None:
        return True
    texts.append(record.getMessage())
    return False


for _logger_name in ("apprise", *LOGGERS):
    logging.getLogger(_logger_name).addFilter(_filter)
