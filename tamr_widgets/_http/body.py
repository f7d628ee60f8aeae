"""Reads response bodies within limits of time and size, and copies the responses.

A body is read and decoded in chunks: a few kilobytes can decode to more than fits into memory, and
old versions of urllib3 decode all that they have read at once. The original response may belong to
a cache or to an adapter of the user, so it is never modified.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.exceptions import ChunkedEncodingError
from urllib3.exceptions import DecodeError, IncompleteRead, ProtocolError

from ..errors import UnexpectedResponse
from .deadline import Deadline, current_deadline
from .exception_mapping import outcome_hint
from .response_redaction import redact

MEBIBYTE = 2**20
# About 300,000 operations of 800 bytes.
MAX_LIST_BYTES = 256 * MEBIBYTE
MAX_BODY_BYTES = 32 * MEBIBYTE
MAX_CODINGS = 5  # the same limit as in urllib3
MAX_HEADER_CHARS = 1000

ACCEPTED_CODINGS = "gzip, deflate"

_CHUNK_BYTES = 2**16
_ZLIB = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
# Not every Python has decoders for these. They are not requested, since not every version of the
# libraries that decode them can limit its output.
_UNREADABLE = frozenset({"br", "compress", "dcb", "dcz", "x-compress", "zstd"})


def max_bytes_of(url: str) -> int:
    """Returns the maximum body size of a response from `url`; lists grow with the server."""
    return MAX_LIST_BYTES if urlsplit(url).path.endswith("/operations") else MAX_BODY_BYTES


def received(
    response: requests.Response,
    request_line: str,
    *,
    secrets: Iterable[str] = (),
    stream: bool = False,
) -> requests.Response:
    """Returns a copy of a response, without credentials.

    Args:
        response: It is read to its end, and its connection is released or closed.
        request_line: The method and the URL of the request, for messages.
        secrets: Passwords and tokens that the server could echo.
        stream: Leaves the body unread, to be read from the copy.

    Raises:
        UnexpectedResponse: The body is larger than `max_bytes_of` allows.
        DecodeError: The body cannot be decoded.
        ConnectionAbortedError, TimeoutError: The deadline passed, or the work was cancelled.
    """
    copy = requests.Response()
    copy.status_code = response.status_code
    copy.headers = response.headers  # replaced by `redact`
    copy.url, copy.reason, copy.encoding = response.url, response.reason, response.encoding
    copy.elapsed = response.elapsed
    copy.request = getattr(response, "request", None)  # type: ignore[assignment]
    if stream and not _is_read(response):
        copy.raw = response.raw
        return redact(copy, secrets)
    try:
        copy._content = _body(response, request_line)
    except BaseException:
        response.close()  # the rest of the body must not be read as the next response
        raise
    copy._content_consumed = True  # type: ignore[attr-defined]
    return redact(copy, secrets)


def _is_read(response: requests.Response) -> bool:
    """Whether the body has been read already, by a cache or a hook of the session."""
    return getattr(response, "_content", None) is not False


def _body(response: requests.Response, request_line: str) -> bytes:
    max_bytes = max_bytes_of(response.url or "")
    if _is_read(response):
        body = response.content or b""
        if len(body) > max_bytes:
            raise _too_large(request_line, max_bytes)
        return body
    received_bytes = bytearray()
    deadline = current_deadline() or Deadline()
    for count, chunk in enumerate(_decoded_chunks(response)):
        if count:  # a response that arrived in one chunk is accepted after the deadline, too
            deadline.slice()
        if len(received_bytes) + len(chunk) > max_bytes:
            raise _too_large(request_line, max_bytes)
        received_bytes += chunk
    return bytes(received_bytes)


def _too_large(request_line: str, max_bytes: int) -> UnexpectedResponse:
    hint = "Pass stream=True to read a large download in chunks."
    return UnexpectedResponse(
        f"{request_line} returned more than {max_bytes // MEBIBYTE} MiB, which is the limit "
        f"for such a response. {outcome_hint(request_line, hint)}"
    )


def _decoded_chunks(response: requests.Response) -> Iterator[bytes]:
    header = response.headers.get("Content-Encoding", "")[:MAX_HEADER_CHARS].lower()
    codings = [coding.strip() for coding in header.split(",")]
    others = _UNREADABLE.intersection(codings)
    if others and _is_requested(others, response):
        return _chunks(response.raw, decode_content=True)
    if others or len(codings) > MAX_CODINGS:
        msg = f"Content-Encoding: {header:.40}, but only {ACCEPTED_CODINGS} was accepted"
        raise DecodeError(msg)
    chunks = _chunks(response.raw, decode_content=False)
    for coding in reversed(codings):
        if coding in _ZLIB:  # as in requests, unknown codings are ignored
            chunks = _decoded(chunks, coding)
    return chunks


def _is_requested(codings: frozenset[str], response: requests.Response) -> bool:
    """Whether the request's own header accepts these codings, and urllib3 can decode them."""
    headers = getattr(getattr(response, "request", None), "headers", {})
    accepted = str(headers.get("Accept-Encoding", "")).lower()
    decodable = getattr(response.raw, "CONTENT_DECODERS", ())
    return all(coding in accepted and coding in decodable for coding in codings)


def _chunks(raw: Any, *, decode_content: bool) -> Iterator[bytes]:
    """Yields the chunks of a body: a response of urllib3, or any file that an adapter returns."""
    if hasattr(raw, "stream"):
        try:
            yield from raw.stream(_CHUNK_BYTES, decode_content=decode_content)
            if missing := getattr(raw, "length_remaining", None):  # urllib3 1 raises nothing
                raise IncompleteRead(raw.tell(), missing)
        except ProtocolError as error:  # truncated; the exception that requests raises
            raise ChunkedEncodingError(error) from error
    elif raw is not None:
        yield from iter(lambda: raw.read(_CHUNK_BYTES), b"")


def _decoded(chunks: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """Yields the decoded bytes of `chunks` for one coding, in chunks of bounded size."""
    decoder = None
    for chunk in chunks:
        rest = chunk
        while rest and (decoder is None or not decoder.eof or _is_member(coding, rest)):
            if decoder is None or decoder.eof:
                decoder = zlib.decompressobj(_window_bits(coding, rest))
            yield from _decompressed(decoder, rest)
            rest = decoder.unused_data
    if decoder is not None and not decoder.eof:
        msg = "The compressed body is truncated"
        raise DecodeError(msg)


def _is_member(coding: str, data: bytes) -> bool:
    """Whether the data after the end is another gzip member. Some servers send padding."""
    return coding != "deflate" and data.startswith(b"\x1f")


def _window_bits(coding: str, start: bytes) -> int:
    """Returns zlib's `wbits`. Some servers send deflate without the zlib header (RFC 1950)."""
    bare = coding == "deflate" and start[0] & 15 != zlib.DEFLATED
    return -zlib.MAX_WBITS if bare else _ZLIB[coding]


def _decompressed(decoder: Any, data: bytes) -> Iterator[bytes]:
    while True:
        try:
            chunk = decoder.decompress(data, _CHUNK_BYTES)
        except zlib.error as error:
            msg = f"The compressed body is damaged: {error}"
            raise DecodeError(msg) from error
        yield chunk
        data = decoder.unconsumed_tail
        # After a full chunk, the decoder may hold more output.
        if decoder.eof or (not data and len(chunk) < _CHUNK_BYTES):
            return
