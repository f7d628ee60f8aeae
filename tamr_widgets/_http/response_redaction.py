"""Removes credentials from responses.

Every response passes through `redact` before any part of it is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import requests
from requests.cookies import RequestsCookieJar

from ..auth import pair_in
from .redaction import SECRET_NAME, Redactor, redactor

# Shorter parts of headers occur within ordinary words, and are not taken for credentials.
MIN_HEADER_CHARS = 8


def redact(response: requests.Response, secrets: Iterable[str]) -> requests.Response:
    """Removes credentials from a response, which may become part of an error or a pickle.

    Args:
        response: Modified in place. A body that has not been read is left unchanged.
        secrets: Passwords and tokens; those in the headers of its request are added.
    """
    request = getattr(response, "request", None)
    clean = redactor(frozenset({*secrets, *_secrets_sent(request)}))
    if response._content is not False:  # type: ignore[comparison-overlap]
        response._content = clean.bytes(response.content or b"")
        response.raw = None
    response.headers = clean.headers(response.headers or {})
    response.reason = clean.text(str(response.reason or ""))
    response.url = clean.text(response.url or "")
    response.history = []
    response.cookies = RequestsCookieJar()
    response.request = _redacted_request(request, clean)  # type: ignore[assignment]
    # `_next` is the request that a redirect leads to; `connection` is the adapter with its proxies.
    vars(response).update(_next=None, connection=None)
    return response


def _secrets_sent(request: Any) -> set[str]:
    """Returns the credentials in the headers of a request, without their scheme."""
    headers = dict(getattr(request, "headers", None) or {})
    named = [value for name, value in headers.items() if SECRET_NAME.search(name)]
    texts = [each.decode("latin-1") if isinstance(each, bytes) else str(each) for each in named]
    values = {part for text in texts for part in re.split(r"[;\s]+", text)}
    cookies = {value.partition("=")[2] for value in values}
    values |= {cookie for cookie in cookies if cookie.strip("=")}  # not the padding of base64
    passwords = {pair.partition(":")[2] for value in values for pair in pair_in(value)}
    return {value for value in values if len(value) >= MIN_HEADER_CHARS} | passwords


def _redacted_request(request: Any, clean: Redactor) -> requests.PreparedRequest | None:
    """Returns a copy of a request without credentials; the request may be another library's."""
    if request is None:
        return None
    copy = requests.PreparedRequest()
    copy.method, copy.url = request.method, clean.text(request.url or "")
    sent = dict(request.headers or {})
    copy.headers = clean.headers({k: v for k, v in sent.items() if not SECRET_NAME.search(k)})
    body = None if "instance:login" in copy.url else getattr(request, "body", None)
    if isinstance(body, bytes):
        body = clean.bytes(body)
    elif isinstance(body, str):
        body = clean.text(body)
    copy.body = body
    return copy
