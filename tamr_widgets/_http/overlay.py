"""Views of objects that belong to somebody else, with other behaviour and the same state.

A session, an adapter or a pool of the user is used as it is, with its settings and its methods,
and is never written to. A view has the very attributes of the original, and a class that derives
from the original's: a layer's methods come first, and reach the original's through `super()`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")

# Names that no attribute of an original has.
_ORIGINAL, _CONTEXT = "_tamr_widgets_original", "_tamr_widgets_context"


def overlaid(original: T, layer: type, context: Any = None) -> T:
    """Makes a view of `original`, or returns it where its class cannot be derived from.

    Args:
        original: An object whose attributes are in its `__dict__`.
        layer: The methods to lay over those of its class.
        context: For the layer's methods: `context_of(self)`.
    """
    base: Any = type(original)
    view_class = _view_class(layer, base)
    if view_class is None:
        return original
    view: Any = object.__new__(view_class)
    object.__setattr__(view, "__dict__", vars(original))
    # A pool closes its connections once nobody refers to it.
    object.__setattr__(view, _ORIGINAL, original)
    object.__setattr__(view, _CONTEXT, context)
    return view  # type: ignore[no-any-return]


def context_of(view: Any) -> Any:
    """The context that a view was made with."""
    return getattr(view, _CONTEXT)


@lru_cache(maxsize=256)
def derived(layer: Any, base: Any) -> Any:
    """The class that has the methods of `layer`, and behind them those of `base`."""
    return type(base.__name__, (layer, base), {})


@lru_cache(maxsize=256)
def _view_class(layer: Any, base: Any) -> Any:
    own: dict[str, Any] = {"__slots__": (_ORIGINAL, _CONTEXT)}
    if hasattr(base, "__del__"):  # which may close what the original still uses
        own["__del__"] = lambda _: None
    try:
        return type(base.__name__, (layer, base), own)
    except TypeError:  # metaclasses that do not agree, or a class that asks for arguments
        return None
