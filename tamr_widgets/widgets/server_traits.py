"""Traits with a server's state: set all at once, with observers that cannot delay a poll."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import traitlets as t
from traitlets import traitlets
from traitlets.traitlets import _callback_wrapper
from traitlets.utils.bunch import Bunch

from .. import _fork
from .._polling.callbacks import CallbackQueue, SafeCallback, log_exception

# traitlets before 5.10 has it under another name.
_warn_of_magic = (
    getattr(traitlets, "deprecated_method", None) or vars(traitlets)["_deprecated_method"]
)

# An update of traits waits so long for an observer that is running.
STEADY_SECONDS = 0.02
# Observers of classes in these packages run inline: they are quick and do not raise.
_OWN_PACKAGES = frozenset({"tamr_widgets", "ipywidgets", "anywidget", "traitlets"})

_logger = logging.getLogger(__name__)


class PublishedTraits(t.HasTraits):
    """Has traits that one thread publishes and whose observers run on a thread of their own.

    Observers are notified after `_publish` has set all values, and read no half-finished update
    while they run. A trait that a user sets notifies at once, as in traitlets.
    """

    def setup_instance(self, *args: Any, **kwargs: Any) -> None:
        """Sets up the callback queue before traitlets registers the observers of the class."""
        self._callbacks = CallbackQueue()
        self._publishing = threading.local()
        self.renew_after_fork()
        _fork.register(self)
        super().setup_instance(*args, **kwargs)
        for name in self.trait_names():
            self._observe_static(name)

    def renew_after_fork(self) -> None:
        """Replaces the lock, which another thread of the parent may have held."""
        self._steady = threading.RLock()

    def observe(
        self,
        handler: Callable[..., Any],
        names: Any = t.All,
        type: Any = "change",  # noqa: A002
    ) -> None:
        """As in traitlets; the widget shows a handler's error, and other handlers still run."""
        if isinstance(handler, t.ObserveHandler):
            if _is_own(handler.this_class):
                return super().observe(handler, names, type)
            handler = handler.__get__(self)
        return super().observe(_Observer(handler, self), names, type)

    def _observe_static(self, name: str) -> None:
        """Registers a `_x_changed` method, which traitlets would call by name on any thread."""
        magic = f"_{name}_changed"
        method = getattr(type(self), magic, None)
        if method is not None and not isinstance(method, t.ObserveHandler):
            # Warned of here, since the first change of `name` may occur during another cell.
            _warn_of_magic(method, type(self), magic, "use @observe and @unobserve instead.")
            self.observe(_callback_wrapper(getattr(self, magic)), name)

    def _publish(
        self,
        values: dict[str, Any],
        *,
        before_notify: Callable[[], object] | None = None,
        reports: bool = False,
    ) -> None:
        """Sets traits, read-only ones included: all of them first, then notifies observers.

        Args:
            values: The new values by name.
            before_notify: Called after they are set and before any observer.
            reports: Whether they report the error of a callback. An error of an observer that is
                notified of that is logged, and not reported again.
        """
        before = {
            name: self._trait_values[name] if name in self._trait_values else getattr(self, name)
            for name in values
        }
        with self._as_publisher(reports=reports):
            steady = self._steady.acquire(timeout=STEADY_SECONDS)
            self._trait_values.update(values)
            if steady:
                self._steady.release()
            if before_notify is not None:
                self._guard(before_notify)
            for name, new in values.items():
                if not _equal(before[name], new):
                    change = Bunch(name=name, old=before[name], new=new, owner=self, type="change")
                    self._guard(self.notify_change, change)

    @contextmanager
    def _as_publisher(self, *, reports: bool = False) -> Iterator[None]:
        """Runs observers of traits that are set inside on the callback thread."""
        before = getattr(self._publishing, "reports", None)
        self._publishing.reports = reports
        try:
            yield
        finally:
            self._publishing.reports = before

    def _guard(self, step: Callable[..., object], *args: Any) -> None:
        """Runs one step of an update, and logs its error, so that the next steps run."""
        try:
            step(*args)
        except BaseException as error:  # noqa: BLE001 - logged
            log_exception(_logger, "An update of a widget could not be passed on.", error)

    def _observes(self, observer: object, change: Any) -> bool:
        """Whether an observer is still registered."""
        by_type = [self._trait_notifiers.get(name, {}) for name in (change["name"], t.All)]
        observers = [each.get(kind, ()) for each in by_type for kind in (change["type"], t.All)]
        return any(observer is each for some in observers for each in some)

    def _report_callback_error(self, error: BaseException) -> None:
        """Shows the error of a user's callback."""
        raise NotImplementedError


class _Observer:
    """A user's handler of trait changes. It equals the handler, so that it can be unregistered."""

    def __init__(self, handler: Callable[..., Any], traits: PublishedTraits) -> None:
        self._handler = handler
        self._traits = traits
        self._submit = SafeCallback(self._handle, traits._callbacks, traits._report_callback_error)

    def __call__(self, change: Any) -> None:
        reports = getattr(self._traits._publishing, "reports", None)
        if reports is None:  # the user's code set the trait
            self._handler(change)
        else:
            self._submit(change, reports)

    def _handle(self, change: Any, reports: bool) -> None:
        if not self._traits._observes(self, change):
            return  # unregistered while this call was queued
        is_link = isinstance(getattr(self._handler, "__self__", None), t.link)
        if is_link:
            # A link raises an error for a value that is not the current one.
            change = Bunch(change, new=getattr(self._traits, change["name"]))
        try:
            with self._traits._steady:
                self._handler(change)
        except BaseException as error:
            if is_link and not _equal(change["new"], getattr(self._traits, change["name"])):
                return  # it changed meanwhile, which is the next call of this handler
            if not reports:
                raise
            log_exception(_logger, "An observer of a callback's error raised.", error)

    def __eq__(self, other: object) -> bool:
        return bool(self._handler == (other._handler if isinstance(other, _Observer) else other))

    def __hash__(self) -> int:  # pragma: no cover - traitlets keeps handlers in lists
        return hash(self._handler)


def _is_own(declared_in: type | None) -> bool:
    return declared_in is not None and declared_in.__module__.partition(".")[0] in _OWN_PACKAGES


def _equal(old: object, new: object) -> bool:
    try:
        return old is new or bool(old == new)
    # Such values count as different, as in traitlets.
    except Exception:  # noqa: BLE001  # pragma: no cover - the package's own values never raise
        return False
