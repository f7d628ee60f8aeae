"""Callbacks of other people, called so that one that raises stops nobody else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

_logger = logging.getLogger(__name__)


class Guarded:
    """A callback that reports what it raises. It is equal to the callback, so it can be removed."""

    def __init__(
        self, callback: Callable[..., object], complain: Callable[[Exception], object]
    ) -> None:
        self._callback = callback
        self._complain = complain

    def __call__(self, *args: Any) -> None:
        """Call it."""
        try:
            self._callback(*args)
        except Exception as error:
            _logger.exception("A callback raised; the widget goes on.")
            self._complain(error)

    def __eq__(self, other: object) -> bool:
        return self._callback == (other._callback if isinstance(other, Guarded) else other)

    def __hash__(self) -> int:
        return hash(self._callback)
