"""ChainWidget: shows a chain of jobs in a notebook cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets as t

from .._chain.html import html_table, plain_text, reason
from .._chain.plan import CHAIN_ENDED, NOT_SUCCEEDED, blocked
from .._chain.step_list import StepList
from .._chain.steps import StepStatus
from .._clock import Seconds, clock
from .._http.urls import server_name
from .._polling.callbacks import CallbackQueue, own_context
from .._polling.page_visibility import PageVisibility
from .._text import cut
from ..chain import Chain
from . import bundle, cell_outputs
from .base import BaseWidget
from .opened_rows import OpenedRows
from .payload import PanelFacts, compact, estimate_facts, look_the_same, milliseconds

__all__ = ["ChainWidget"]

PANEL_INTERVAL_SECONDS = 3


class ChainWidget(BaseWidget):
    """Shows the steps of a chain, with buttons to start, stop, cancel and resume it.

    A recording has no buttons, since its code decides.

    Its traits can be observed; they are read-only, since they have the chain's state.

    Args:
        chain: The chain, or a recording.
        **kwargs: `layout`, `tooltip` and `tabbable` of ipywidgets.

    Raises:
        TypeError: `chain` is not a chain, or there is an unknown argument.
    """

    _code = t.Bytes(bundle.compressed("chain/index.js")).tag(sync=True)
    _chain = t.Dict().tag(sync=True)
    _server_traits = ("_chain",)
    _marimo_traits = ("state",)

    chain = t.Instance(StepList, read_only=True, help="The chain.")
    state = t.Unicode("", read_only=True, help="The state of the chain, see `Chain.state`.")
    steps = t.Tuple(read_only=True, help="The status of each step, see `StepStatus`.")

    def __init__(self, chain: StepList, **kwargs: Any) -> None:
        if not isinstance(chain, StepList):
            msg = f"ChainWidget shows a Chain, not something of type {type(chain).__name__}."
            raise TypeError(msg)
        # One thread at a time writes the traits, in the order of the changes.
        self._work = CallbackQueue()
        self._opened = OpenedRows(PANEL_INTERVAL_SECONDS, self._send_panel)
        self._callback_error = ""
        # Functions of steps that a click starts print below the cell that made the widget.
        self._context = own_context()
        state, steps = chain.status()
        values = {"chain": chain, "state": state, "steps": steps}
        self._trait_values.update(values)  # there are no observers yet
        self._unsubscribe: Callable[[], None] | None = None
        self._visibility = PageVisibility()
        self._closed = False
        super().__init__(_chain=facts_of(chain, state, steps), **kwargs)
        self._follow()

    @property
    def notification_target(self) -> StepList:
        """The chain, for `notify`."""
        return self.chain

    def close(self) -> None:
        """Removes the widget from the page. The chain goes on."""
        if hasattr(self, "_closed"):  # else the constructor raised for its arguments
            self._closed = True
            self._submit(self._pause)
            self._opened.close()
            super().close()

    def pause_polling(self, cell: cell_outputs.Cell) -> None:
        """Pauses the updates, and the polls of opened steps; the chain goes on.

        Args:
            cell: The cell, the only one that showed this, which ran again. If it is identified by
                its source text only, updates go on, since two cells may have the same text.
        """
        self._opened.pause()
        if not cell.by_source:
            self._submit(self._pause)

    def _draw(self, *, reports: bool = False) -> None:
        """Updates all traits, then the saved output at an end, then observers."""
        state, steps = self.chain.status()
        values: dict[str, Any] = {
            "state": state,
            "steps": steps,
            "callback_error": self._callback_error,
        }
        facts = facts_of(self.chain, state, steps)
        if not look_the_same(facts, self._chain):
            values["_chain"] = facts
        ends = state in CHAIN_ENDED and self.state not in CHAIN_ENDED
        self._publish(values, before_notify=self._update_output if ends else None, reports=reports)
        for step in steps:
            if step.operation is not None:
                self._opened.replace(step.name, step.operation)

    def _handle_action(self, content: dict[str, Any]) -> None:
        action, name = content.get("action"), content.get("id")
        if action == "visible":
            if self._visibility.is_hidden():
                self._submit(self._pause)
            self._visibility.mark_visible()
            self._follow()
            self._opened.mark_visible()
        elif action == "expand":
            self._submit(lambda: self._expand(name))
        elif action == "collapse":
            self._submit(lambda: self._collapse(name))
        elif name is not None:
            self._opened.act(name, action)
        elif action in ("start", "stop", "cancel", "resume") and isinstance(self.chain, Chain):
            act = getattr(self.chain, action)
            self._submit(lambda: self._context.copy().run(act))

    def _expand(self, name: Any) -> None:
        for step in self.chain.steps:
            if step.name == name and step.operation is not None:
                self._opened.expand(name, step.operation)

    def _collapse(self, name: Any) -> None:
        self._opened.collapse(name)
        self.send({"collapsed": name})  # a page that still shows the step expands it again

    def _send_panel(self, name: str, facts: PanelFacts) -> None:
        self.send({"panel": name, "facts": facts})

    def _show_callback_error(self, text: str) -> None:
        self._callback_error = text
        self._draw(reports=True)

    def _submit(self, work: Callable[[], object]) -> None:
        self._work.submit(work)

    def _follow(self) -> None:
        self._submit(self._resume)

    def _resume(self) -> None:
        """Draws the chain and its changes from now on, unless it does so; on the queue's thread."""
        if self._unsubscribe is None and not self._closed:
            self._unsubscribe = self.chain.on_change(
                lambda: self._submit(self._draw),
                _is_shown=lambda: not self._visibility.is_hidden(),
            )
            self._draw()  # it may have changed before

    def _pause(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def _static_repr(self) -> tuple[str, str]:
        return html_table(self.chain), plain_text(self.chain)

    def _clock_offset_seconds(self) -> Seconds:
        operations = [step.operation for step in self.chain.steps if step.operation]
        return operations[-1].clock_offset_seconds if operations else 0.0


def facts_of(chain: StepList, state: str, steps: tuple[StepStatus, ...]) -> dict[str, Any]:
    """Returns the facts of a chain that the page draws; `state` and `steps` of the same moment."""
    seen = [step.operation.as_of for step in steps if step.operation]
    as_of = milliseconds(max(seen)) if seen else round(clock.wall() * 1000)
    return compact(
        {
            "name": cut(chain.name),
            "state": state,
            "at_once": chain.at_once,
            "server": _server(steps),
            "recorded": not isinstance(chain, Chain),
            "as_of": as_of,
            "steps": [step_facts(step, steps) for step in steps],
        }
    )


def _server(steps: tuple[StepStatus, ...]) -> str:
    """Returns the name of the server of all operations; empty if there is none, or several."""
    names = {server_name(step.operation.client) for step in steps if step.operation}
    return names.pop() if len(names) == 1 else ""


def step_facts(step: StepStatus, steps: tuple[StepStatus, ...]) -> dict[str, Any]:
    """Returns the facts of a step."""
    operation = step.operation
    names = [each.name for each in steps]
    own = (
        {}
        if operation is None
        else {
            "id": cut(operation.resource_id) or "?",
            "description": cut(operation.description),
            "created_at": milliseconds(operation.created_at),
            "started_at": milliseconds(operation.started_at),
            "ended_at": milliseconds(operation.ended_at),
        }
    )
    return compact(
        {
            "name": cut(step.name),
            "state": step.state,
            "after": [names.index(name) for name in step.after],
            "why": reason(step),
            "may_have_started": step.may_have_started,
            "holds_up": _held_up(step, steps) if step.state in NOT_SUCCEEDED - {"BLOCKED"} else [],
            "estimate": estimate_facts(step.estimate),
            "queue": estimate_facts(step.queue),
            **own,
        }
    )


def _held_up(step: StepStatus, steps: tuple[StepStatus, ...]) -> list[str]:
    """Returns the names of the steps that cannot begin because of this one."""
    states = {each.name: "FAILED" if each is step else "WAITING" for each in steps}
    after = {each.name: each.after for each in steps}
    held_up = blocked(states, after)
    return [cut(name) for name in after if name in held_up]
