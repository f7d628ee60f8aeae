"""What every widget here has in common: the way to the page and back."""

from __future__ import annotations

import contextvars
import threading
import traceback
import uuid
from collections.abc import Callable
from typing import Any

import anywidget
import traitlets as t
from IPython.display import display
from ipywidgets.widgets.widget import widget_serialization

from .._clock import Seconds, clock
from .._text import sanitize
from . import bundle, cell_outputs
from .comm_context import remember_comm_context, warn_of_old_kernel
from .layout import LayoutTrait, OmitNoneMixin, close_layout
from .payload import MAX_TEXT_CHARS
from .server_traits import PublishedTraits

_LAYOUT_ARGUMENTS = frozenset({"layout", "tooltip", "tabbable"})


class BaseWidget(PublishedTraits, OmitNoneMixin, anywidget.AnyWidget):
    """A widget whose traits tell what the server said, and whose page sends clicks as messages.

    Subclasses handle clicks in `_handle_action`, run `_submit`ted code on the poller's thread, and
    give their static form in `_static_repr`.

    Args:
        **kwargs: ipywidgets' own: `layout`, `tooltip`, `tabbable`; and what a page may set.

    Raises:
        TypeError: An argument that no widget takes.
    """

    _esm = t.Unicode(bundle.LOADER).tag(sync=True)
    layout = LayoutTrait().tag(sync=True, **widget_serialization)
    callback_error = t.Unicode("", read_only=True, help="What a callback of yours raised last.")

    # What a page may set: never what the server said.
    _of_the_page: frozenset[str] = frozenset()

    def renew_after_fork(self) -> None:
        """Other threads of the parent may have held the locks."""
        super().renew_after_fork()
        # Held while something is sent, so that nothing is sent after the comm was closed. Signal
        # handlers and `__del__` may close a widget in the middle of that, on the same thread.
        self._comm_lock = threading.RLock()

    def __init__(self, **kwargs: Any) -> None:
        taken = _LAYOUT_ARGUMENTS | self._of_the_page
        unknown = {name for name in kwargs if not name.startswith("_")} - taken
        if unknown:
            msg = f"{type(self).__name__} does not take {', '.join(sorted(unknown))}."
            raise TypeError(msg)
        warn_of_old_kernel()
        self.shown_in: set[cell_outputs.Cell] = set()
        self._made_in = cell_outputs.current()
        self._display_id = uuid.uuid4().hex
        self._displayed = False
        super().__init__(**kwargs)
        self.on_msg(self._on_page_message)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take from a page only what is the page's to set; tell it again what is not."""
        taken = {name: each for name, each in sync_data.items() if name in self._of_the_page}
        if taken:
            context = contextvars.copy_context()
            self._submit(lambda: context.run(self._take_from_page, taken))
        refused = [name for name in sync_data if name not in self._of_the_page]
        if refused:
            self.send_state(refused)

    def close(self) -> None:
        """Take the widget off the page."""
        close_layout(self)
        with self._comm_lock, self._as_publisher():
            super().close()

    def __del__(self) -> None:
        """Do nothing: ipywidgets holds what was not closed, and a collection must take no locks."""

    def rest(self, cell: cell_outputs.Cell) -> None:
        """Poll nothing until a page or code asks again: the one cell that showed this ran anew."""
        raise NotImplementedError

    def repeat_record(self) -> None:
        """Write the static form into the notebook once more."""
        self._show(update=True)

    def _send(self, msg: Any, buffers: Any = None) -> None:
        with self._comm_lock:
            if self.comm is not None:
                super()._send(msg, buffers)

    def _take_from_page(self, values: dict[str, Any]) -> None:
        with self._as_publisher():
            super().set_state(values)

    def _report_callback_error(self, error: BaseException) -> None:
        lines = traceback.format_exception_only(type(error), error)
        text = sanitize(f"A callback of this notebook raised {lines[-1]}", MAX_TEXT_CHARS)
        self._submit(lambda: self._take_callback_error(text))

    def _on_page_message(self, _: object, content: Any, __: object) -> None:
        remember_comm_context()
        if not isinstance(content, dict):
            return
        kernel = clock.wall() * 1000
        server = kernel + self._clock_offset_seconds() * 1000
        self.send({"ack": content.get("seq"), "kernel": round(kernel), "server": round(server)})
        if not self.shown_in:  # a page shows it as a part of something else
            cell_outputs.show(self, self._made_in)
        self._handle_action(content)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        html, text = self._static_repr()
        return {**(data or {}), "text/html": html, "text/plain": text}, metadata

    def _ipython_display_(self, **_: object) -> None:
        """Display under an id, so that the saved notebook can be brought up to date later."""
        self._displayed = True
        self._follow()
        cell_outputs.show(self, cell_outputs.current())
        self._show(update=False)

    def _record(self) -> None:
        """Bring the saved notebook up to date, if it has an output of this."""
        if self._displayed:
            self._show(update=True)
            cell_outputs.recorded(self)

    def _show(self, *, update: bool) -> None:
        with self._comm_lock:
            if self.comm is None:
                return
            data, metadata = self._repr_mimebundle_()
            display(  # type: ignore[no-untyped-call]
                data, metadata=metadata, raw=True, display_id=self._display_id, update=update
            )

    def _handle_action(self, content: dict[str, Any]) -> None:
        """Leave an order for what a page asks for; return at once."""
        raise NotImplementedError

    def _follow(self) -> None:
        """Follow anew, if that was at rest or had ended with a fault."""
        raise NotImplementedError

    def _submit(self, work: Callable[[], object]) -> None:
        """Have something done on the poller's thread."""
        raise NotImplementedError

    def _take_callback_error(self, text: str) -> None:
        """Show what a callback raised. Runs on the poller's thread."""
        raise NotImplementedError

    def _static_repr(self) -> tuple[str, str]:
        """HTML and plain text for where no widget can live."""
        raise NotImplementedError

    def _clock_offset_seconds(self) -> Seconds:
        """How far the server's clock is ahead."""
        raise NotImplementedError
