"""Base class of the widgets: messages, display and the static form in the saved notebook."""

from __future__ import annotations

import contextvars
import threading
import traceback
import uuid
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import anywidget
import traitlets as t
from IPython.display import display
from ipywidgets.widgets.widget import widget_serialization

from .._clock import Seconds, clock
from .._text import MAX_TEXT_CHARS, sanitize
from . import bundle, cell_outputs
from .channel import Channel, in_marimo, remember_page_context, warn_of_old_host
from .layout import LayoutTrait, OmitNoneMixin, close_layout
from .server_traits import PublishedTraits

_LAYOUT_ARGUMENTS = frozenset({"layout", "tooltip", "tabbable"})


class BaseWidget(PublishedTraits, OmitNoneMixin, anywidget.AnyWidget):
    """A widget whose traits have the server's state, and whose page sends clicks as messages.

    Subclasses handle clicks in `_handle_action`, run `_submit`ted code on the poller's thread, and
    return their static form from `_static_repr`.

    Args:
        **kwargs: `layout`, `tooltip` and `tabbable` of ipywidgets, and traits that a page may set.

    Raises:
        TypeError: There is an unknown argument.
    """

    _esm = t.Unicode(bundle.LOADER).tag(sync=True)
    _anywidget_id = t.Unicode().tag(sync=True)
    layout = LayoutTrait().tag(sync=True, **widget_serialization)
    callback_error = t.Unicode(
        "", read_only=True, help="The last error of a callback of yours, or empty."
    )

    # The traits that a page may set; those with the server's state are not among them.
    _page_traits: frozenset[str] = frozenset()
    # The traits that a page draws, and in marimo those whose changes re-run cells that read them.
    _server_traits: tuple[str, ...] = ()
    _marimo_traits: tuple[str, ...] = ()

    def renew_after_fork(self) -> None:
        """Replaces the locks, which other threads of the parent may have held."""
        super().renew_after_fork()
        # Held while something is sent, so that nothing is sent after the comm was closed. Signal
        # handlers and `__del__` may close a widget in the middle of that, on the same thread.
        self._comm_lock = threading.RLock()

    def __init__(self, **kwargs: Any) -> None:
        taken = _LAYOUT_ARGUMENTS | self._page_traits
        unknown = {name for name in kwargs if not name.startswith("_")} - taken
        if unknown:
            msg = f"{type(self).__name__} does not take {', '.join(sorted(unknown))}."
            raise TypeError(msg)
        warn_of_old_host()
        self._channel = Channel()
        self._unsent = False
        self.shown_in: set[cell_outputs.Cell] = set()
        self._made_in = cell_outputs.current()
        self._display_id = uuid.uuid4().hex
        self._displayed = False
        super().__init__(**kwargs)
        self._channel.is_closed(self)  # so that it knows the comm while it is open
        self.on_msg(self._on_page_message)

    @t.default("keys")
    def _default_keys(self) -> list[str]:
        return [*self.traits(sync=True), *(self._marimo_traits if in_marimo() else ())]

    def __repr__(self) -> str:
        if self._trait_values.get("comm") is None:
            return f"<{type(self).__name__}, closed>"
        return f"<{type(self).__name__}: {self._static_repr()[1]}>"

    @t.default("_anywidget_id")
    def _default_anywidget_id(self) -> str:
        return f"{type(self).__module__}.{type(self).__name__}"

    def add_traits(self, **traits: Any) -> None:
        """Adds the traits that the class does not have.

        anywidget adds `_anywidget_id` to each new widget, and traitlets makes a class for that,
        which would take a third of the widget's time.
        """
        new = {name: each for name, each in traits.items() if not self.has_trait(name)}
        if new:
            super().add_traits(**new)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Sets traits that a page may set; for other ones, sends it the kernel's values again."""
        accepted = {name: each for name, each in sync_data.items() if name in self._page_traits}
        if accepted:
            context = contextvars.copy_context()
            self._submit(lambda: context.run(self._set_from_page, accepted))
        refused = [
            name
            for name in set(sync_data) - self._page_traits
            if sync_data[name] != getattr(self, name, None)
        ]
        if refused:
            self.send_state(refused)

    def close(self) -> None:
        """Removes the widget from the page."""
        close_layout(self)
        with self._comm_lock, self._as_publisher():
            super().close()

    def __del__(self) -> None:
        """Does nothing: a garbage collection must not acquire locks.

        ipywidgets keeps each widget alive until it is closed.
        """

    def pause_polling(self, cell: cell_outputs.Cell) -> None:
        """Pauses polling until a page or code needs it: the only cell that showed this ran again.

        Args:
            cell: The cell.
        """
        raise NotImplementedError

    def repeat_output(self) -> None:
        """Sends the state and the static form once more, for the saved notebook."""
        self.send_state(list(self._server_traits))
        if self._displayed:
            self._show(update=True)

    def _publish(self, values: dict[str, Any], **options: Any) -> None:
        """Sets traits; instead closes the widget, if the host has closed its page."""
        if self._channel.is_closed(self):
            self.close()
        else:
            super()._publish(values, **options)

    def _send(self, msg: Any, buffers: Any = None) -> None:
        self._channel.run(self._send_now, msg, buffers)

    def _send_now(self, msg: Any, buffers: Any) -> None:
        with self._comm_lock:
            if self.comm is None or self._channel.is_closed(self):
                return
            try:
                super()._send(msg, buffers)
            except Exception as error:  # noqa: BLE001 - of the host; reported
                self._report_unsent(error)

    def _report_unsent(self, error: Exception) -> None:
        """Warns of an update that was not sent, and says so when the page sends a message."""
        if not self._unsent:
            self._unsent = True
            text = sanitize(f"An update was not sent to the page: {error!r}.", MAX_TEXT_CHARS)
            self._submit(lambda: self._show_callback_error(text))
            warnings.warn(text, RuntimeWarning, stacklevel=2)

    def _set_from_page(self, values: dict[str, Any]) -> None:
        with self._as_publisher():
            super().set_state(values)

    def _report_callback_error(self, error: BaseException) -> None:
        lines = traceback.format_exception_only(type(error), error)
        text = sanitize(f"A callback of this notebook raised {lines[-1]}", MAX_TEXT_CHARS)
        self._submit(lambda: self._show_callback_error(text))

    def _on_page_message(self, _: object, content: Any, __: object) -> None:
        remember_page_context()
        if not isinstance(content, dict):
            return
        kernel = clock.wall() * 1000
        server = kernel + self._clock_offset_seconds() * 1000
        self.send({"ack": content.get("seq"), "kernel": round(kernel), "server": round(server)})
        if self._unsent:
            self._unsent = False
            self.send_state(list(self._server_traits))
        if not self.shown_in:  # a page shows it as a part of another widget
            cell_outputs.mark_shown(self, self._made_in)
        self._handle_action(content)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        html, text = self._static_repr()
        return {**(data or {}), "text/html": html, "text/plain": text}, metadata

    def __str__(self) -> str:
        return self._static_repr()[1]

    def _ipython_display_(self, **_: object) -> None:
        """Displays the widget with an id, so that the saved output can be updated later."""
        self._displayed = True
        self._follow()
        cell_outputs.mark_shown(self, cell_outputs.current())
        self._show(update=False)

    def _update_output(self) -> None:
        """Updates the static form in the saved notebook, if the widget was displayed."""
        if cell_outputs.in_kernel():
            if self._displayed:
                self._channel.run(partial(self._show, update=True))
            cell_outputs.repeat_in_cell(self)

    def _show(self, *, update: bool) -> None:
        with self._comm_lock:
            if self.comm is None:
                return
            data, metadata = self._repr_mimebundle_()
            display(  # type: ignore[no-untyped-call]
                data, metadata=metadata, raw=True, display_id=self._display_id, update=update
            )

    def _handle_action(self, content: dict[str, Any]) -> None:
        """Submits the action that a page requests, and returns at once."""
        raise NotImplementedError

    def _follow(self) -> None:
        """Starts polling, if it was paused or an error ended it."""
        raise NotImplementedError

    def _submit(self, work: Callable[[], object]) -> None:
        """Runs `work` on the poller's thread."""
        raise NotImplementedError

    def _show_callback_error(self, text: str) -> None:
        """Shows the error of a callback. Runs on the poller's thread."""
        raise NotImplementedError

    def _static_repr(self) -> tuple[str, str]:
        """Returns HTML and plain text for front ends without widgets."""
        raise NotImplementedError

    def _clock_offset_seconds(self) -> Seconds:
        """Returns the seconds that the server's clock is ahead of this machine's."""
        raise NotImplementedError
