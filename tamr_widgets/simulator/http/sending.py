"""Sends responses, correctly or with a fault in the stream of bytes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tornado.httputil import HTTPHeaders, ResponseStartLine
from tornado.iostream import StreamClosedError

if TYPE_CHECKING:
    from tornado.httputil import HTTPServerRequest
    from tornado.iostream import IOStream

    from ..faults import Fault
    from .messages import Response
    from .request_log import RequestRecord

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def send(request: HTTPServerRequest, response: Response, record: RequestRecord) -> None:
    """Sends a response through Tornado, and keeps the connection."""
    connection: Any = request.connection
    if connection.stream is None or connection.stream.closed():
        return
    record.status, record.sent = response.status, len(response.body)
    start = ResponseStartLine("HTTP/1.1", response.status, _reason(response.status))
    connection.write_headers(start, HTTPHeaders(_headers(response)), response.body)
    connection.finish()


async def send_with_fault(
    request: HTTPServerRequest, response: Response, record: RequestRecord, fault: Fault
) -> None:
    """Writes the bytes of a response up to `fault.stop_at`, then hangs, closes or resets."""
    connection: Any = request.connection
    if connection.stream is None or connection.stream.closed():
        return
    stream: IOStream = connection.detach()
    closed = asyncio.Event()
    stream.set_close_callback(closed.set)
    head, body = _cut(_head(response), response.body, fault)
    try:
        with contextlib.suppress(StreamClosedError):
            await _write(stream, head, fault.pace_seconds if fault.drip == "headers" else 0.0)
            if fault.stop_at not in {"start", "headers"}:
                record.status = response.status
            await _write(stream, body, fault.pace_seconds if fault.drip == "body" else 0.0)
            record.sent = len(body)
            if fault.stop_at is not None and fault.ending == "hang":
                await closed.wait()
    finally:
        if fault.ending == "reset" and not stream.closed():
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        stream.close()


async def _write(stream: IOStream, data: bytes, pace_seconds: float) -> None:
    if not pace_seconds:
        await stream.write(data)
        return
    for position in range(len(data)):
        await stream.write(data[position : position + 1])
        await asyncio.sleep(pace_seconds)


def _cut(head: bytes, body: bytes, fault: Fault) -> tuple[bytes, bytes]:
    if fault.stop_at == "start":
        return b"", b""
    if fault.stop_at == "headers":
        return head[: len(head) // 2], b""
    if fault.stop_at == "body":
        return head, body[: len(body) // 2]
    return head, body


def _head(response: Response) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {_reason(response.status)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in _headers(response).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _headers(response: Response) -> dict[str, str]:
    if response.status == 204:
        return dict(response.headers)
    return {
        "Content-Type": response.content_type,
        "Content-Length": str(len(response.body)),
        **response.headers,
    }


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
