"""How an answer becomes bytes: properly, or with a fault that stops or drips anywhere."""

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


def send(request: HTTPServerRequest, answer: Response, asked: RequestRecord) -> None:
    """Send an answer as Tornado does, and keep the connection."""
    connection: Any = request.connection
    if connection.stream is None or connection.stream.closed():
        return
    asked.status, asked.sent = answer.status, len(answer.body)
    start = ResponseStartLine("HTTP/1.1", answer.status, _reason(answer.status))
    connection.write_headers(start, HTTPHeaders(_headers(answer)), answer.body)
    connection.finish()


async def send_badly(
    request: HTTPServerRequest, answer: Response, asked: RequestRecord, fault: Fault
) -> None:
    """Write an answer's bytes until the fault says stop, then hang, close or reset."""
    connection: Any = request.connection
    if connection.stream is None or connection.stream.closed():
        return
    stream: IOStream = connection.detach()
    gone = asyncio.Event()
    stream.set_close_callback(gone.set)
    head, body = _cut(_head(answer), answer.body, fault)
    try:
        with contextlib.suppress(StreamClosedError):
            await _write(stream, head, fault.pace_seconds if fault.drip == "headers" else 0.0)
            if fault.stop_at not in {"start", "headers"}:
                asked.status = answer.status
            await _write(stream, body, fault.pace_seconds if fault.drip == "body" else 0.0)
            asked.sent = len(body)
            if fault.stop_at is not None and fault.ending == "hang":
                await gone.wait()
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


def _head(answer: Response) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {_reason(answer.status)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in _headers(answer).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _headers(answer: Response) -> dict[str, str]:
    if answer.status == 204:
        return dict(answer.headers)
    return {
        "Content-Type": answer.content_type,
        "Content-Length": str(len(answer.body)),
        **answer.headers,
    }


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
