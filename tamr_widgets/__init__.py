"""Follows, waits for, cancels and deletes long-running operations of Tamr in notebook cells."""

from typing import TYPE_CHECKING, Any

from .auth import JwtTokenAuth, TokenAuth, UsernamePasswordAuth
from .client import Client
from .errors import (
    CertificateError,
    ClientClosed,
    ConnectionFailed,
    CrossOriginError,
    DeadlockError,
    Forbidden,
    HTTPStatusError,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NotAClient,
    NotFound,
    NotSucceeded,
    NotSupported,
    OperationCanceled,
    OperationFailed,
    OperationReplaced,
    OperationTypeError,
    OperationUnresolved,
    ProxyFailed,
    ProxyUnauthorized,
    RequestTimeout,
    TamrError,
    Unauthorized,
    UnexpectedResponse,
    WaitTimeout,
)
from .operation import Operation

if TYPE_CHECKING:
    from .chain import Chain, Step
    from .history import Estimate, JobHistory, PastRun, QueuePlace, Trend
    from .ipython import load_ipython_extension, recorded, unload_ipython_extension
    from .poller import Poller
    from .waiting import as_completed, wait_all
    from .widgets.chain import ChainWidget
    from .widgets.jobs import JobsWidget
    from .widgets.operation import OperationWidget

__version__ = "0.1.0"

__all__ = [
    "CertificateError",
    "Chain",
    "ChainWidget",
    "Client",
    "ClientClosed",
    "ConnectionFailed",
    "CrossOriginError",
    "DeadlockError",
    "Estimate",
    "Forbidden",
    "HTTPStatusError",
    "InternalError",
    "InvalidRequest",
    "JobHistory",
    "JobsWidget",
    "JwtTokenAuth",
    "MethodNotAllowed",
    "NotAClient",
    "NotFound",
    "NotSucceeded",
    "NotSupported",
    "Operation",
    "OperationCanceled",
    "OperationFailed",
    "OperationReplaced",
    "OperationTypeError",
    "OperationUnresolved",
    "OperationWidget",
    "PastRun",
    "Poller",
    "ProxyFailed",
    "ProxyUnauthorized",
    "QueuePlace",
    "RequestTimeout",
    "Step",
    "TamrError",
    "TokenAuth",
    "Trend",
    "Unauthorized",
    "UnexpectedResponse",
    "UsernamePasswordAuth",
    "WaitTimeout",
    "as_completed",
    "load_ipython_extension",
    "recorded",
    "unload_ipython_extension",
    "wait_all",
]

# Scripts do without ipywidgets and IPython, which widgets bring along, and mostly without these.
_LAZY = {
    "Chain": "chain",
    "ChainWidget": "widgets.chain",
    "Estimate": "history",
    "JobHistory": "history",
    "JobsWidget": "widgets.jobs",
    "OperationWidget": "widgets.operation",
    "PastRun": "history",
    "Poller": "poller",
    "QueuePlace": "history",
    "Step": "chain",
    "Trend": "history",
    "as_completed": "waiting",
    "load_ipython_extension": "ipython",
    "recorded": "ipython",
    "unload_ipython_extension": "ipython",
    "wait_all": "waiting",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module  # noqa: PLC0415

        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
