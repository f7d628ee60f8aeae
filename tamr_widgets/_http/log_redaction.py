"""Removes secrets from urllib3's log records during a request, and lowers them to DEBUG.

urllib3 logs a warning that quotes the headers for each response with headers it cannot parse.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .._text import MAX_TEXT_CHARS, sanitize
from .redaction import Redactor, redactor

LOGGERS = ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")

_current: ContextVar[Redactor | None] = ContextVar("tamr_widgets_redactor", default=None)


@contextmanager
def redacted_logs(secrets: Iterable[str]) -> Iterator[None]:
    """Redacts urllib3's log records in the block, and lowers them to DEBUG."""
    token = _current.set(redactor(frozenset(secrets)))
    try:
        yield
    finally:
        _current.reset(token)


def _filter(record: logging.LogRecord) -> bool:
    clean = _current.get()
    if clean is None:
        return True
    record.msg, record.args = sanitize(clean.text(record.getMessage()), MAX_TEXT_CHARS), ()
    record.exc_info = record.exc_text = None
    record.levelno, record.levelname = logging.DEBUG, "DEBUG"
    return logging.getLogger(record.name).isEnabledFor(logging.DEBUG)


for _name in LOGGERS:
    logging.getLogger(_name).addFilter(_filter)
