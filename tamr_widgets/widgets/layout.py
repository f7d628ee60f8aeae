"""Layouts that are small on their way to a page."""

from __future__ import annotations

from typing import Any

import ipywidgets
from ipywidgets.widgets.trait_types import InstanceDict


class OmitNoneMixin:
    """Leaves out what is None when all of the state is sent: it is None on the page anyhow."""

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """As in ipywidgets."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)  # type: ignore[misc]
        return state if key else {name: each for name, each in state.items() if each is not None}


class CompactLayout(OmitNoneMixin, ipywidgets.Layout):  # type: ignore[misc]
    """A layout whose fifty unset properties do not travel."""


class LayoutTrait(InstanceDict):  # type: ignore[misc]
    """Any `ipywidgets.Layout`, or a dict of its properties; a slim one by default."""

    def __init__(self) -> None:
        super().__init__(ipywidgets.Layout)

    def validate(self, obj: Any, value: Any) -> Any:
        """As in ipywidgets."""
        return super().validate(obj, CompactLayout(**value) if isinstance(value, dict) else value)

    def make_dynamic_default(self) -> ipywidgets.Layout:
        """As in ipywidgets."""
        return CompactLayout()


def close_layout(widget: ipywidgets.DOMWidget) -> None:
    """Close a widget's layout if this package made it and no other widget has it."""
    layout = widget.layout
    others = list(ipywidgets.widgets.widget._instances.values())
    shared = any(each is not widget and getattr(each, "layout", None) is layout for each in others)
    if isinstance(layout, CompactLayout) and not shared:
        layout.close()
