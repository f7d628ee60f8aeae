"""What an operation's `status.message` says, in words for a person.

Recorded servers send a sentence, a JSON document as a string (Spark's submission status), or an
exception with kilobytes of stack trace behind it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .._text import sanitize

# Longer than any sentence of Tamr's; an AnalysisException lists all columns in its first line.
MAX_SUMMARY_CHARS = 500
# What is searched for them: a message can be megabytes of stack trace.
MAX_SEARCHED_CHARS = 20_000

_JAVA_CLASS = re.compile(r"^(?:Caused by: )?(?:[a-z_$][\w$]*\.)+(?=[A-Z])")
_DRIVER = {
    "SUBMITTED": "Spark driver submitted",
    "RUNNING": "Spark driver running",
    "FINISHED": "Spark driver finished",
    "FAILED": "Spark driver failed",
    "KILLED": "Spark driver killed",
    "ERROR": "Spark driver failed",
}


def summarize(raw: object) -> str:
    """The gist of a message: one line, without braces, packages and stack traces."""
    if not isinstance(raw, str):
        return ""
    text = raw.strip()
    if text.startswith(("{", "[")) and len(text) <= MAX_SEARCHED_CHARS:
        words = _from_json(text)
        if words is not None:
            return _cut(words)
    text = text[:MAX_SEARCHED_CHARS]
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return _cut(_JAVA_CLASS.sub("", first))


def has_details(raw: object) -> bool:
    """Whether a message holds more for a person than its gist: Spark's own status does not."""
    if not isinstance(raw, str) or '"driverState"' in raw[:MAX_SUMMARY_CHARS]:
        return False
    return " ".join(raw.split()) != summarize(raw)


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
    return ", ".join(f"{key}: {value}" for key, value in document.items() if _plain(value))


def _driver(document: dict[str, Any]) -> str:
    state = document["driverState"]
    words = _DRIVER.get(state, f"Spark driver {state.lower()}")
    worker = document.get("workerHostPort")
    return f"{words} on worker {worker}" if isinstance(worker, str) and worker else words


def _plain(value: object) -> bool:
    return isinstance(value, (str, int, float)) and value != ""


def _cut(text: str) -> str:
    return sanitize(text, MAX_SUMMARY_CHARS)
