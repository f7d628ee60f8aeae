"""Simulates a Tamr server on loopback, for demonstrations and tests."""

from __future__ import annotations

import importlib.util

NEEDS_TORNADO = "The simulator needs tornado: pip install 'tamr_widgets[simulator]'"

if importlib.util.find_spec("tornado") is not None:
    from .faults import Fault
    from .jobs.seed import history
    from .server import DEMO_PASSWORD, DEMO_USERNAME, Simulator
else:
    # Raised when a name is used, so that __main__ can say it without a traceback.
    def __getattr__(name: str) -> object:
        if name in __all__:
            raise ImportError(NEEDS_TORNADO)
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)


__all__ = ["DEMO_PASSWORD", "DEMO_USERNAME", "Fault", "Simulator", "history"]
