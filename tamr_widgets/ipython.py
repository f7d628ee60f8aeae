"""`%load_ext tamr_widgets`: operations are drawn live."""

from __future__ import annotations

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """Later."""


def unload_ipython_extension(shell: Any) -> None:
    """Later."""
