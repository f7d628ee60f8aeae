"""Layouts whose unset properties are not sent to a page."""

from __future__ import annotations

from typing import Any

import ipywidgets
from ipywidgets.widgets.trait_types import InstanceDict


class OmitNoneMixin:
    """Omits traits that are None from the full state: None is the page's default, too."""

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """As in ipywidgets."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)  # type: ignore[misc]
        return state if key else {name: each for name, each in state.items() if each is not None}


class CompactLayout(OmitNoneMixin, ipywidgets.Layout):  # type: ignore[misc]
    """A layout whose fifty unset properties are not sent."""


class LayoutTrait(InstanceDict):  # type: ignore[misc]
    """A trait for any `ipywidgets.Layout` or a dict of its properties; compact by default."""

    def __init__(self) -> None:
        super().__init__(ipywidgets.Layout)

    def validate(self, obj: Any, value: Any) -> Any:
        """As in ipywidgets."""
        return super().validate(obj, CompactLayout(**value) if isinstance(value, dict) else value)

    def make_dynamic_default(self) -> ipywidgets.Layout:
        """As in ipywidgets. Without a height, Shiny would stretch the widget to 400 px."""
        return CompactLayout(height="max-content")


def close_layout(widget: ipywidgets.DOMWidget) -> None:
    """Closes a widget's layout if this package made it and no other widget has it."""
    layout = widget.layout
    others = list(ipywidgets.widgets.widget._instances.values())
    shared = any(each is not widget and getattr(each, "layout", None) is layout for each in others)
    if isinstance(layout, CompactLayout) and not shared:
        layout.close()
