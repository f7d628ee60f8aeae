"""Facts of chains in every state."""

from __future__ import annotations

from typing import Any

from panel_page import ago

NAMES = ("Update", "Pairs", "Train", "Publish")
USUAL = {"median": 60, "low": 48, "high": 78, "samples": 20}
WHY = "AnalysisException: cannot resolve 'compnay_name'"
DONE = {"id": "401", "started_at": ago(200), "ended_at": ago(160), "estimate": USUAL}
BUSY = {"id": "402", "created_at": ago(40), "started_at": ago(30), "estimate": USUAL}
TO_COME = {"estimate": USUAL}


def chain(state: str, *steps: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Facts of a chain whose steps follow one another."""
    return {
        "name": "Nightly",
        "state": state,
        "at_once": 1,
        "as_of": ago(0),
        "steps": [
            {"name": name, "state": step, "after": [i - 1] if i else [], **facts}
            for i, (name, (step, facts)) in enumerate(zip(NAMES, steps, strict=True))
        ],
    }


NEW = chain("WAITING", *[("WAITING", {})] * 4)
RUNNING = chain(
    "RUNNING", ("SUCCEEDED", DONE), ("RUNNING", BUSY), ("WAITING", TO_COME), ("WAITING", TO_COME)
)
STOPPING = RUNNING | {"state": "STOPPING"}
FAILED_STEP = BUSY | {"ended_at": ago(1), "why": WHY, "holds_up": ["Train", "Publish"]}
FAILURE = chain(
    "FAILED",
    ("SUCCEEDED", DONE),
    ("FAILED", FAILED_STEP),
    ("BLOCKED", TO_COME),
    ("BLOCKED", TO_COME),
)
UNKNOWN = chain(
    "FAILED",
    ("SUCCEEDED", DONE),
    ("UNKNOWN", BUSY | {"why": "GET operations/402 was answered 403", "holds_up": ["Train"]}),
    ("BLOCKED", {}),
    ("BLOCKED", {}),
)
SUCCESS = chain("SUCCEEDED", *[("SUCCEEDED", DONE)] * 4)
STATES = {
    "new": NEW,
    "running": RUNNING,
    "stopping": STOPPING,
    "failed": FAILURE,
    "unknown": UNKNOWN,
    "succeeded": SUCCESS,
    "canceled": chain("CANCELED", ("CANCELED", FAILED_STEP), *[("BLOCKED", {})] * 3),
    "stopped": chain("STOPPED", ("SUCCEEDED", DONE), *[("WAITING", TO_COME)] * 3),
}
