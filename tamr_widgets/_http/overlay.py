"""Creates views of other owners' objects, with changed methods and the same state.

A session, an adapter or a pool of the user is never modified, and keeps its settings and methods. A
view shares the `__dict__` of the original, and its class derives from a layer and the original's
class: the layer's methods override the original's, and call them through `super()`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")

# Names that no attribute of an original uses.
_ORIGINAL, _CONTEXT = "_tamr_widgets_original", "_tamr_widgets_context"


def overlaid(original: T, layer: type, context: Any = None) -> T:
    """Returns a view of `original`, or `original` if no class can be derived from its class.

    Args:
        original: An object whose attributes are in its `__dict__`.
        layer: A class whose methods override those of the original's class.
        context: A value for the layer's methods, which `context_of(self)` returns.
    """
    base: Any = type(original)
    view_class = _view_class(layer, base)
    if view_class is None:
        return original
    view: Any = object.__new__(view_class)
    object.__setattr__(view, "__dict__", vars(original))
    # Keeps the original alive: a pool closes its connections when it is garbage-collected.
    object.__setattr__(view, _ORIGINAL, original)
    object.__setattr__(view, _CONTEXT, context)
    return view  # type: ignore[no-any-return]


def context_of(view: Any) -> Any:
    """Returns the context of a view."""
    return getattr(view, _CONTEXT)


@lru_cache(maxsize=256)
def derived(layer: Any, base: Any) -> Any:
    """Returns a class that derives from `layer` and then from `base`."""
    return type(base.__name__, (layer, base), {})


@lru_cache(maxsize=256)
def _view_class(layer: Any, base: Any) -> Any:
    # As `__class__`, since some classes (tamr_client's Session) call `super(self.__class__, self)`,
    # which would call the same method again and again.
    own: dict[str, Any] = {
        "__slots__": (_ORIGINAL, _CONTEXT),
        "__class__": property(lambda _: base),
    }
    if hasattr(base, "__del__"):  # which could close resources of the original
        own["__del__"] = lambda _: None
    try:
        return type(base.__name__, (layer, base), own)
    except TypeError:  # a metaclass conflict, or an `__init_subclass__` with arguments
        return None
