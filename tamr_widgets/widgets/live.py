"""What every widget here has in common: the way to the page and back."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import anywidget
import ipywidgets
import traitlets as t
from IPython.display import display
from ipywidgets.widgets.trait_types import InstanceDict
from ipywidgets.widgets.widget import widget_serialization

from ..errors import TamrError
from ..timing import Seconds, clock
from . import assets
from .observers import Guarded
from .pages import check_kernel, remember_page

_LAYOUT_ARGUMENTS = {"layout", "tooltip", "tabbable"}


class _Slim:
    """Leaves out what is None when all of the state is sent: it is None on the page anyhow."""

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """As in ipywidgets."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)  # type: ignore[misc]
        return state if key else {name: each for name, each in state.items() if each is not None}


class _Layout(_Slim, ipywidgets.Layout):  # type: ignore[misc]
    """A layout whose fifty unset properties do not travel."""


class LiveWidget(_Slim, anywidget.AnyWidget):
    """A widget whose traits tell what the server said, and whose page sends clicks as messages.

    Subclasses answer clicks in `_act`, show complaints in `_report`, and give the static form of
    what they show in `_at_rest`.

    Args:
        **kwargs: ipywidgets' own: `layout`, `tooltip`, `tabbable`; and traits of the subclass.

    Raises:
        TypeError: An argument that no widget takes.
    """

    _esm = t.Unicode(assets.LOADER).tag(sync=True)
    layout = InstanceDict(_Layout).tag(sync=True, **widget_serialization)

    # What a page may set: never what the server said.
    _of_the_page: frozenset[str] = frozenset()

    def __init__(self, **kwargs: Any) -> None:
        unknown = {name for name in kwargs if not name.startswith("_")} - _LAYOUT_ARGUMENTS
        if unknown:
            msg = f"{type(self).__name__} does not take {', '.join(sorted(unknown))}."
            raise TypeError(msg)
        check_kernel()
        self._display_id = uuid.uuid4().hex
        self._displayed = False
        super().__init__(**kwargs)
        self.on_msg(self._on_page_message)

    def observe(self, handler: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """As in traitlets; what a handler raises is shown in the widget and disturbs nobody."""
        if not isinstance(handler, t.EventHandler):
            handler = Guarded(handler, self._complain)
        super().observe(handler, *args, **kwargs)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take from a page only what is the page's to set; tell it again what is not."""
        super().set_state({k: v for k, v in sync_data.items() if k in self._of_the_page})
        refused = [name for name in sync_data if name not in self._of_the_page]
        if refused:
            self.send_state(refused)

    def close(self) -> None:
        """Take the widget off the page."""
        self.layout.close()
        super().close()

    def _complain(self, error: Exception) -> None:
        name = type(error).__name__
        self._report(TamrError(f"A callback of this notebook raised {name}: {error}"))

    def _on_page_message(self, _: object, content: Any, __: object) -> None:
        remember_page()
        if not isinstance(content, dict):
            return
        kernel = clock.wall() * 1000
        server = kernel + self._clock_offset_seconds() * 1000
        self.send({"ack": content.get("n"), "kernel": round(kernel), "server": round(server)})
        self._act(content)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        html, text = self._at_rest()
        return {**(data or {}), "text/html": html, "text/plain": text}, metadata

    def _ipython_display_(self, **_: object) -> None:
        """Display under an id, so that the saved notebook can be brought up to date later."""
        self._displayed = True
        self._show(update=False)

    def _show(self, *, update: bool) -> None:
        data, metadata = self._repr_mimebundle_()
        display(  # type: ignore[no-untyped-call]
            data, metadata=metadata, raw=True, display_id=self._display_id, update=update
        )

    def _act(self, content: dict[str, Any]) -> None:
        """Leave an order for what a page asks for; return at once."""
        raise NotImplementedError

    def _report(self, error: TamrError) -> None:
        """Show an error that is not the server's."""
        raise NotImplementedError

    def _at_rest(self) -> tuple[str, str]:
        """HTML and plain text for where no widget can live."""
        raise NotImplementedError

    def _clock_offset_seconds(self) -> Seconds:
        """How far the server's clock is ahead."""
        raise NotImplementedError
