"""Summarizes an operation's `status.message` for a person.

Recorded servers send a sentence, a JSON document as a string (Spark's submission status), or an
exception with kilobytes of stack trace behind it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .._text import MAX_SUMMARY_CHARS, sanitize

# Only this much is searched: a message can be megabytes of stack trace.
MAX_SEARCHED_CHARS = 20_000

_JAVA_CLASS = re.compile(r"^(?:Caused by: )?(?:[a-z_$][\w$]*\.)+(?=[A-Z])")
# Recorded servers write "Running job canceled by admin at step 3 of 8" or "Pending job ...".
_CANCELLED_BY = re.compile(r"(?:Running|Pending) job canceled by (.+?)(?: at (step \d+ of \d+))?")
_DRIVER_STATES = {
    "SUBMITTED": "Spark driver submitted",
    "RUNNING": "Spark driver running",
    "FINISHED": "Spark driver finished",
    "FAILED": "Spark driver failed",
    "KILLED": "Spark driver killed",
    "ERROR": "Spark driver failed",
}


def summarize(raw: object) -> str:
    """Returns a message as one line, without braces, packages and stack traces."""
    if not isinstance(raw, str):
        return ""
    text = raw.strip()
    if text.startswith(("{", "[")) and len(text) <= MAX_SEARCHED_CHARS:
        summary = _from_json(text)
        if summary is not None:
            return _truncated(summary)
    lines = text[:MAX_SEARCHED_CHARS].splitlines() or [""]
    return _truncated(_JAVA_CLASS.sub("", lines[0].rstrip()))


def has_details(raw: object) -> bool:
    """Whether a message has more than its summary, except for Spark's own status."""
    if not isinstance(raw, str) or '"driverState"' in raw[:MAX_SUMMARY_CHARS]:
        return False
    return " ".join(raw.split()) != summarize(raw)


def cancellation(raw: object) -> str:
    """Returns "Cancelled by admin, at step 3 of 8", or "" if a message does not name the user."""
    found = _CANCELLED_BY.fullmatch(summarize(raw))
    if found is None:
        return ""
    user, step = found.groups()
    return f"Cancelled by {user}" + (f", at {step}" if step else "")


def _from_json(text: str) -> str | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    if isinstance(document.get("driverState"), str):
        return _driver(document)
    for key in ("message", "error", "reason"):
        if isinstance(document.get(key), str) and document[key].strip():
            return summarize(document[key])
    return ", ".join(f"{key}: {value}" for key, value in document.items() if _is_scalar(value))


def _driver(document: dict[str, Any]) -> str:
    state = document["driverState"]
    summary = _DRIVER_STATES.get(state, f"Spark driver {state.lower()}")
    worker = document.get("workerHostPort")
    return f"{summary} on worker {worker}" if isinstance(worker, str) and worker else summary


def _is_scalar(value: object) -> bool:
    return isinstance(value, (str, int, float)) and value != ""


def _truncated(text: str) -> str:
    return sanitize(text, MAX_SUMMARY_CHARS)
