"""Defines every exception of this package.

    TamrError
    ├── HTTPStatusError (requests.HTTPError)      the server returned an error status
    │   ├── Unauthorized                          401
    │   ├── Forbidden                             403
    │   ├── NotFound                              404
    │   │   └── OperationReplaced                 deleted, and its id was given to another job
    │   └── MethodNotAllowed                      405
    ├── ConnectionFailed (requests.ConnectionError)   refused, reset, cut off, no such host
    │   ├── ProxyFailed                           a proxy could not be reached, or refused
    │   │   └── ProxyUnauthorized (HTTPStatusError)   407: it requires a user name and a password
    │   ├── CertificateError                      the server's certificate was not accepted
    │   └── InvalidRequest (ValueError)           the request cannot be sent
    ├── RequestTimeout (requests.Timeout)         no complete response before the deadline
    ├── UnexpectedResponse (ValueError)           a response of another kind than requested
    ├── CrossOriginError (ValueError)             an address outside of the client's origin
    ├── NotSupported (ValueError)                 not possible for this kind of operation
    ├── OperationTypeError (TypeError)            an argument is no operation
    ├── NotAClient (TypeError)                    an argument is no client
    ├── InternalError                             an unexpected error in the background
    ├── ClientClosed (RuntimeError)               closed, or unpickled without its credentials
    ├── WaitTimeout (TimeoutError)                the operation did not end in time
    ├── DeadlockError (RuntimeError)              a wait on the polling thread
    └── NotSucceeded (RuntimeError)               raised by Operation.check
        ├── OperationFailed
        ├── OperationCanceled
        └── OperationUnresolved

Each derives from `TamrError`, and from the class that requests and the public client raise in the
same case. A message names the request, the result, and what to do next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from ._text import MAX_MESSAGE_CHARS, sanitize

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


class TamrError(Exception):
    """The base class of the exceptions of this package.

    The message is one line of bounded length without control characters.

    Attributes:
        retry_in_seconds: The delay until the poller retries after this error; None if it does not.
        request_sent: Whether the server may have received the request; False only if no connection
            was made.
    """

    retry_in_seconds: float | None = None
    request_sent: bool = True

    def __init__(self, *args: object, **kwargs: Any) -> None:
        message = [sanitize(each, MAX_MESSAGE_CHARS) for each in args[:1] if isinstance(each, str)]
        super().__init__(*(message or args[:1]), *args[1:], **kwargs)


class HTTPStatusError(TamrError, requests.HTTPError):
    """The server returned an error status; `response` holds its response."""


class Unauthorized(HTTPStatusError):
    """401: the server did not accept the credentials."""


class Forbidden(HTTPStatusError):
    """403: the user lacks the permission."""


class NotFound(HTTPStatusError):
    """404: the resource does not exist, or no longer."""


class MethodNotAllowed(HTTPStatusError):
    """405: the server does not support this method, such as the deletion of operations."""


class ConnectionFailed(TamrError, requests.ConnectionError):
    """The server could not be reached, or the connection broke before the end of the response."""


class ProxyFailed(ConnectionFailed):
    """The proxy could not be reached, or did not connect to the server."""


class ProxyUnauthorized(ProxyFailed, HTTPStatusError):
    """407: the proxy did not accept the user name and password, or received none."""


class CertificateError(ConnectionFailed):
    """The server's TLS certificate was not accepted, so nothing was sent."""


class InvalidRequest(ConnectionFailed, ValueError):
    """The request could not be encoded, so nothing was sent."""


class RequestTimeout(TamrError, requests.Timeout):
    """No complete response arrived before the deadline of the request."""


class UnexpectedResponse(TamrError, ValueError):
    """The response is of another kind than requested, such as a login page."""

    response: requests.Response | None = None


class CrossOriginError(TamrError, ValueError):
    """An address outside of the client's origin, to which no credentials are sent."""


class NotSupported(TamrError, ValueError):
    """The action is not possible for this kind of operation, on any server."""


class OperationReplaced(NotFound, UnexpectedResponse):
    """The operation no longer exists, and the server gave its id to another job.

    This happens when a server is restored from a backup. `response` describes the other job.
    """


class NotAClient(TamrError, TypeError):
    """An argument lacks attributes that a client needs."""


class OperationTypeError(TamrError, TypeError):
    """An argument is no operation."""


class InternalError(TamrError):
    """An unexpected error in the background: of this package, or of code that was passed to it.

    The log has its traceback. If no code of your own is in it, please report it.
    """


class ClientClosed(TamrError, RuntimeError):
    """The client was closed, or the snapshot was unpickled without one."""


class DeadlockError(TamrError, RuntimeError):
    """A wait for an operation was started on the polling thread, where it could never end."""


class WaitTimeout(TamrError, TimeoutError):
    """The operation did not end in time. The job itself continues.

    Attributes:
        operation: The last snapshot that was received.
        waited_seconds: The duration of the wait.
        last_error: The error of the last request, or None if it succeeded.
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
    """The operation has not succeeded; `operation` is its snapshot."""

    def __init__(self, message: str, operation: Operation) -> None:
        super().__init__(message)
        self.operation = operation

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.operation)


class OperationFailed(NotSucceeded):
    """The operation ended with the state FAILED."""


class OperationCanceled(NotSucceeded):
    """The operation ended with the state CANCELED."""


class OperationUnresolved(NotSucceeded):
    """The operation has not ended yet."""
