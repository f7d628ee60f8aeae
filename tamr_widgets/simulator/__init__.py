"""Simulates a Tamr server on loopback, for demonstrations and tests."""

from __future__ import annotations

try:
    import tornado  # noqa: F401
except ImportError as error:
    raise ImportError(
        "The simulator needs tornado, which every Jupyter kernel has. "
        "Install it with: pip install 'tamr_widgets[demo]'"
    ) from error

from .faults import Fault
from .jobs.seed import history
from .server import DEMO_PASSWORD, DEMO_USERNAME, Simulator

__all__ = ["DEMO_PASSWORD", "DEMO_USERNAME", "Fault", "Simulator", "history"]
