"""Receives responses: reads a body within limits, and keeps a copy of the client's own.

A body is read in pieces and decoded here, in pieces as well: what a few kilobytes decode to can
fill the memory, and old versions of urllib3 decode whatever they have read at once. The response
that came may belong to a cache or to an adapter of the user, so it is never written to.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.exceptions import ChunkedEncodingError
from urllib3.exceptions import DecodeError, ProtocolError

from ..errors import UnexpectedResponse
from .deadline import Deadline, current_deadline
from .exception_mapping import outcome_hint
from .response_redaction import redact

MEBIBYTE = 2**20
# Some 300,000 operations of 800 bytes.
MAX_LIST_BYTES = 256 * MEBIBYTE
MAX_BODY_BYTES = 32 * MEBIBYTE
MAX_CODINGS = 5  # as many as urllib3 decodes
MAX_HEADER_CHARS = 1000

ACCEPTED_CODINGS = "gzip, deflate"

_PIECE_BYTES = 2**16
_ZLIB = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
# These have no decoder in each Python. They are not asked for, since not every version of the
# libraries that decode them can be bounded.
_UNREADABLE = frozenset({"br", "compress", "dcb", "dcz", "x-compress", "zstd"})


def max_bytes_of(url: str) -> int:
    """How large the body of a response from `url` may be: lists grow with the server."""
    return MAX_LIST_BYTES if urlsplit(url).path.endswith("/operations") else MAX_BODY_BYTES


def received(
    response: requests.Response,
    request_line: str,
    *,
    secrets: Iterable[str] = (),
    stream: bool = False,
) -> requests.Response:
    """Copies a response, without credentials.

    Args:
        response: It is read to its end, and its connection is released or closed.
        request_line: The request in a few words, its method first.
        secrets: Passwords and tokens that the server could echo.
        stream: Leave the body to be read from the copy.

    Raises:
        UnexpectedResponse: The body is larger than a response may be.
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
        response.close()  # what is left of the body must not be taken for the next response
        raise
    copy._content_consumed = True  # type: ignore[attr-defined]
    return redact(copy, secrets)


def _is_read(response: requests.Response) -> bool:
    """Whether somebody has read the body: a cache, or a hook of the session."""
    return getattr(response, "_content", None) is not False


def _body(response: requests.Response, request_line: str) -> bytes:
    max_bytes = max_bytes_of(response.url or "")
    if _is_read(response):
        body = response.content or b""
        if len(body) > max_bytes:
            raise _too_large(request_line, max_bytes)
        return body
    received_bytes = bytearray()
    limit = current_deadline() or Deadline()
    for count, piece in enumerate(_decoded_pieces(response)):
        if count:  # a response that arrived in one piece is not thrown away for being late
            limit.slice()
        if len(received_bytes) + len(piece) > max_bytes:
            raise _too_large(request_line, max_bytes)
        received_bytes += piece
    return bytes(received_bytes)


def _too_large(request_line: str, max_bytes: int) -> UnexpectedResponse:
    hint = "Pass stream=True to read a large download in pieces."
    return UnexpectedResponse(
        f"{request_line} came back with more than {max_bytes // MEBIBYTE} MiB, which is the limit "
        f"for such a response. {outcome_hint(request_line, hint)}"
    )


def _decoded_pieces(response: requests.Response) -> Iterator[bytes]:
    header = response.headers.get("Content-Encoding", "")[:MAX_HEADER_CHARS].lower()
    codings = [coding.strip() for coding in header.split(",")]
    others = _UNREADABLE.intersection(codings)
    if others and _was_asked_for(others, response):
        return _pieces(response.raw, decode_content=True)
    if others or len(codings) > MAX_CODINGS:
        msg = f"Content-Encoding: {header:.40}, but only {ACCEPTED_CODINGS} was accepted"
        raise DecodeError(msg)
    pieces = _pieces(response.raw, decode_content=False)
    for coding in reversed(codings):
        if coding in _ZLIB:  # requests, too, ignores what is no coding, such as a charset
            pieces = _decoded(pieces, coding)
    return pieces


def _was_asked_for(codings: frozenset[str], response: requests.Response) -> bool:
    """Whether the caller's own header accepts codings that only urllib3 can decode."""
    headers = getattr(getattr(response, "request", None), "headers", {})
    accepted = str(headers.get("Accept-Encoding", "")).lower()
    known = getattr(response.raw, "CONTENT_DECODERS", ())
    return all(coding in accepted and coding in known for coding in codings)


def _pieces(raw: Any, *, decode_content: bool) -> Iterator[bytes]:
    """The pieces of a body. Only urllib3's responses can stream; an adapter may give any file."""
    if hasattr(raw, "stream"):
        try:
            yield from raw.stream(_PIECE_BYTES, decode_content=decode_content)
        except ProtocolError as error:  # cut off; as requests says it
            raise ChunkedEncodingError(error) from error
    elif raw is not None:
        yield from iter(lambda: raw.read(_PIECE_BYTES), b"")


def _decoded(pieces: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """`pieces` without one coding, in pieces of bounded size."""
    decoder = None
    for piece in pieces:
        rest = piece
        while rest and (decoder is None or not decoder.eof or _is_member(coding, rest)):
            if decoder is None or decoder.eof:
                decoder = zlib.decompressobj(_window_bits(coding, rest))
            yield from _decompressed(decoder, rest)
            rest = decoder.unused_data
    if decoder is not None and not decoder.eof:
        msg = "The compressed body was cut off"
        raise DecodeError(msg)


def _is_member(coding: str, data: bytes) -> bool:
    """Whether what follows the end is another member of gzip. Some servers send padding."""
    return coding != "deflate" and data.startswith(b"\x1f")


def _window_bits(coding: str, start: bytes) -> int:
    """Some servers send deflate without the wrapper of zlib, which is known by its first byte."""
    bare = coding == "deflate" and start[0] & 15 != zlib.DEFLATED
    return -zlib.MAX_WBITS if bare else _ZLIB[coding]


def _decompressed(decoder: Any, data: bytes) -> Iterator[bytes]:
    while True:
        try:
            piece = decoder.decompress(data, _PIECE_BYTES)
        except zlib.error as error:
            msg = f"The compressed body is damaged: {error}"
            raise DecodeError(msg) from error
        yield piece
        data = decoder.unconsumed_tail
        # A full piece may have left something behind in the decoder.
        if decoder.eof or (not data and len(piece) < _PIECE_BYTES):
            return
