"""Formats a chain as static HTML and as text, for where widgets are not available."""

from __future__ import annotations

import traceback
from html import escape
from typing import TYPE_CHECKING

from .._operation.html import duration
from .._text import MAX_TEXT_CHARS, sanitize
from ..errors import TamrError
from .plan import SUCCEEDED
from .steps import StepStatus

if TYPE_CHECKING:
    from .step_list import StepList

_HEADINGS = ("Step", "State", "Description", "Id", "Ran for", "Why")


def html_table(chain: StepList) -> str:
    """Returns an HTML table with a row for each step, with all texts escaped."""
    head = "".join(f"<th>{name}</th>" for name in _HEADINGS)
    rows = "".join(
        "<tr>" + "".join(f"<td><bdi>{escape(text)}</bdi></td>" for text in _cells(step)) + "</tr>"
        for step in chain.steps
    )
    return (
        f'<table class="tamr-snapshot"><caption>{escape(plain_text(chain))}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def plain_text(chain: StepList) -> str:
    """Returns the name and state of a chain and the number of steps that succeeded, in one line."""
    steps = chain.steps
    done = sum(step.state == SUCCEEDED for step in steps)
    name = sanitize(chain.name, MAX_TEXT_CHARS) or "Chain"
    return f"{name}: {chain.state}, {done} of {len(steps)} steps succeeded"


def reason(step: StepStatus) -> str:
    """Returns why a step has not succeeded, in one line; empty without a reason."""
    if step.error is None:
        return ""
    operation = step.operation
    if operation is not None and operation.resolved and operation.message:
        return operation.message
    if isinstance(step.error, TamrError):
        return str(step.error)
    # The text of another exception may be no more than a name, such as that of a KeyError.
    (line, *_) = traceback.format_exception_only(type(step.error), step.error)
    return sanitize(line, MAX_TEXT_CHARS)


def _cells(step: StepStatus) -> list[str]:
    operation = step.operation
    texts = (
        step.name,
        step.state,
        operation and operation.description,
        operation and operation.resource_id,
        operation and duration(operation.elapsed),
        reason(step),
    )
    return [sanitize(text or "", MAX_TEXT_CHARS) for text in texts]
