"""Every exception of this package.

    TamrError
    ├── HTTPStatusError (requests.HTTPError)      the server answered with an error status
    │   ├── Unauthorized                          401
    │   ├── Forbidden                             403
    │   ├── NotFound                              404
    │   │   └── OperationReplaced                 gone, and its number was given to another job
    │   └── MethodNotAllowed                      405
    ├── ConnectionFailed (requests.ConnectionError)       refused, reset, cut off, no such host
    │   ├── ProxyFailed                           a proxy could not be reached, or refused
    │   │   └── ProxyUnauthorized (HTTPStatusError)   407: it wants a user name and a password
    │   ├── CertificateError                             the server's certificate was not accepted
    │   └── InvalidRequest (ValueError)               what was asked for cannot be put on the wire
    ├── RequestTimeout (requests.Timeout)                no complete answer within the time limit
    ├── UnexpectedResponse (ValueError)             an answer that is not what was asked for
    ├── CrossOriginError (ValueError)               an address outside of the client's origin
    ├── NotSupported (ValueError)                 this kind of operation cannot do that
    ├── OperationTypeError (TypeError)                something else was given for an operation
    ├── NotAClient (TypeError)                    something else was given for a client
    ├── InternalError                             an error of this package's own, in the background
    ├── ClientClosed (RuntimeError)             closed, or unpickled without its credentials
    ├── WaitTimeout (TimeoutError)                the operation did not end in time
    ├── DeadlockError (RuntimeError)              a wait on the thread that does the polling
    └── NotSucceeded (RuntimeError)               raised by Operation.check
        ├── OperationFailed
        ├── OperationCanceled
        └── OperationUnresolved

Each derives from `TamrError` and from what people catch already with requests and the public
client. A message says what was tried, what came back, and what to do next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from ._text import sanitize

if TYPE_CHECKING:
    from .operation import Operation

__all__ = [
    "CertificateError",
    "ClientClosed",
    "ConnectionFailed",
    "CrossOriginError",
    "DeadlockError",
    "Forbidden",
    "HTTPStatusError",
    "InternalError",
    "InvalidRequest",
    "MethodNotAllowed",
    "NotAClient",
    "NotFound",
    "NotSucceeded",
    "NotSupported",
    "OperationCanceled",
    "OperationFailed",
    "OperationReplaced",
    "OperationTypeError",
    "OperationUnresolved",
    "ProxyFailed",
    "ProxyUnauthorized",
    "RequestTimeout",
    "TamrError",
    "Unauthorized",
    "UnexpectedResponse",
    "WaitTimeout",
]


# Of a whole message, with the server's words in it.
MAX_MESSAGE_CHARS = 4000


class TamrError(Exception):
    """The root of everything that this package raises on purpose.

    Its message is one line of bounded length without control characters, whatever stands in it.

    Attributes:
        retry_in_seconds: How soon the poller asks again after this fault; None where it does not.
    """

    retry_in_seconds: float | None = None

    def __init__(self, *args: object, **kwargs: Any) -> None:
        message = [sanitize(each, MAX_MESSAGE_CHARS) for each in args[:1] if isinstance(each, str)]
        super().__init__(*(message or args[:1]), *args[1:], **kwargs)


class HTTPStatusError(TamrError, requests.HTTPError):
    """The server answered with an error status; `response` is what it sent."""


class Unauthorized(HTTPStatusError):
    """401: the server did not accept the credentials."""


class Forbidden(HTTPStatusError):
    """403: this user may not do that."""


class NotFound(HTTPStatusError):
    """404: the server has no such thing (any more)."""


class MethodNotAllowed(HTTPStatusError):
    """405: the server does not support this, deletion of operations for example."""


class ConnectionFailed(TamrError, requests.ConnectionError):
    """The server could not be reached, or the connection broke before the answer was complete."""


class ProxyFailed(ConnectionFailed):
    """The proxy between here and the server could not be reached, or did not connect."""


class ProxyUnauthorized(ProxyFailed, HTTPStatusError):
    """407: the proxy did not accept the user name and password, or got none."""


class CertificateError(ConnectionFailed):
    """The server's TLS certificate was not accepted, so nothing was sent."""


class InvalidRequest(ConnectionFailed, ValueError):
    """The request could not be put on the wire as it was asked for, so nothing was sent."""


class RequestTimeout(TamrError, requests.Timeout):
    """The server did not answer completely within the time limit of a request."""


class UnexpectedResponse(TamrError, ValueError):
    """The answer is not what was asked for: a login page, a cut-off document, another operation."""

    response: requests.Response | None = None


class CrossOriginError(TamrError, ValueError):
    """An address outside of the client's origin; credentials do not go there."""


class NotSupported(TamrError, ValueError):
    """This operation cannot do that, whatever the server says."""


class OperationReplaced(NotFound, UnexpectedResponse):
    """The operation is gone, and the server gave its number to another job.

    That happens when a server is restored from a backup. The `response` is about the other job.
    """


class NotAClient(TamrError, TypeError):
    """Something was given as a client that lacks what a client needs."""


class OperationTypeError(TamrError, TypeError):
    """Something else was given where an operation is needed."""


class InternalError(TamrError):
    """An error of this package's own, met in the background; please report it."""


class ClientClosed(TamrError, RuntimeError):
    """The client was closed, or the snapshot was unpickled without one."""


class DeadlockError(TamrError, RuntimeError):
    """A wait for an operation on the very thread that polls; it could never end."""


class WaitTimeout(TamrError, TimeoutError):
    """The operation did not resolve in time. The job itself goes on.

    Attributes:
        operation: The last snapshot that was seen.
        waited_seconds: How long was waited.
        last_error: What the last request failed with, or None if it was answered.
    """

    def __init__(
        self,
        message: str,
        operation: Operation,
        waited_seconds: float,
        last_error: TamrError | None = None,
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self.waited_seconds = waited_seconds
        self.last_error = last_error

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.operation, self.waited_seconds, self.last_error)


class NotSucceeded(TamrError, RuntimeError):
    """The operation has not succeeded; `operation` is the snapshot that says so."""

    def __init__(self, message: str, operation: Operation) -> None:
        super().__init__(message)
        self.operation = operation

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.operation)


class OperationFailed(NotSucceeded):
    """The operation ended FAILED."""


class OperationCanceled(NotSucceeded):
    """The operation ended CANCELED."""


class OperationUnresolved(NotSucceeded):
    """The operation has not ended yet."""
