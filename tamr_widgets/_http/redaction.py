"""Removes credentials from responses, error messages and log lines, in any encoding.

A server, a gateway or another library can echo a credential unchanged, escaped for JSON or HTML,
percent-encoded, or in base64.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from requests.structures import CaseInsensitiveDict

from .._json_list import iter_items
from .encodings import base64_forms, pattern_of

MASK = "***"
_MASK_BYTES = MASK.encode()
# Shorter secrets occur within ordinary words.
MIN_CHARS = 4
# A secret of letters only, and at most this many, is replaced only as a whole word.
MAX_WORD_CHARS = 7
# Shorter base64 occurs within ordinary words, too.
MIN_BASE64_CHARS = 6

# Words that, like small numbers, occur in Tamr's documents regardless of the password.
_ORDINARY_WORDS = (
    "admin api asset base cancel canceled canceling class created data dataset datasets "
    "description endtime error export failed false http https html import instance json "
    "lastmodified login message name noop null number operation operations pending project "
    "projectexport projectimport projects refresh relativeid result running spark starttime "
    "state status string submitted succeeded success system tamr text true type username "
    "value version versioned "
)
_ORDINARY = frozenset(_ORDINARY_WORDS.split())
SECRET_NAME = re.compile(r"auth|cookie|credential|key|pass|pwd|secret|session|token", re.IGNORECASE)
_PADDING = rb"(?:=|%3[Dd]|\\u003[Dd]|&#61;){0,2}"
_LETTER = rb"[A-Za-z0-9\x80-\xff]"
# An escape sequence may precede a word, and ends with a letter or digit.
_WORD_START = (
    rb"(?:(?<!" + _LETTER + rb")|(?<=\\[bfnrt])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))"
)
_WORD_END = rb"(?!" + _LETTER + rb")"
_NAMES = (b"pass", b"pwd", b"secret", b"token", b"credential", b"//")
# The maximum number of bytes from the start of such a name to the secret.
_NAME_BYTES = 80
_NAME_BEFORE = re.compile(
    rb"(?:(?i:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?)[\"'\\]{0,3}\s{0,3}[:=]\s{0,3}"
    rb"[\"'\\]{0,3}|//[^\s/@:]{1,64}:)\Z"
)
_NAME_ENDS = frozenset(b"%c" % each for each in b"\"'\\:= \t\r\n\f\v")


class _SecretPattern:
    """Removes one secret in all its forms, but not an ordinary word of the same letters."""

    def __init__(self, secret: str, *, is_base64: bool = False) -> None:
        # No encoder changes ASCII letters and digits, so that each form contains this part.
        self.core = max(re.findall("[A-Za-z0-9]+", secret), key=len, default="")
        self._core_bytes = self.core.encode()
        # Base64 may be followed by padding, which only the pattern matches.
        self._raw = b"" if is_base64 else secret.encode("utf-8", "replace")
        any_form = pattern_of(secret) + (_PADDING if is_base64 else b"")
        self._is_ordinary = is_ordinary(secret)
        self._whole: re.Pattern[bytes] | None = None
        if not self._is_ordinary and _is_word(secret):
            self._whole = re.compile(_WORD_START + any_form + _WORD_END)
        self._pattern = re.compile(any_form + (_WORD_END if self._is_ordinary else b""))

    def removed_from(self, text: bytes) -> bytes:
        if self._core_bytes not in text:
            return text
        if self._is_ordinary:
            lower = text.lower()
            if not any(name in lower for name in _NAMES):
                return text
        elif self._whole is None:
            # A pattern takes a second for a million occurrences, so the plain form goes first.
            plain = text.replace(self._raw, _MASK_BYTES) if self._raw else text
            return self._pattern.sub(_MASK_BYTES, plain)
        # A pattern with the word boundaries would be tried at each byte of a list of 100 MB.
        return self._pattern.sub(
            lambda found: _MASK_BYTES if self._is_secret_at(text, found.start()) else found[0], text
        )

    def _is_secret_at(self, text: bytes, start: int) -> bool:
        """Whether the match at `start` is the secret and not an ordinary word."""
        if self._whole is not None:
            return self._whole.match(text, start) is not None
        before = text[max(0, start - _NAME_BYTES) : start]
        return before[-1:] in _NAME_ENDS and _NAME_BEFORE.search(before) is not None


def is_ordinary(secret: str) -> bool:
    """Whether a secret is indistinguishable from a common word or a small number."""
    is_number = secret.isdigit() and len(secret) <= MAX_WORD_CHARS
    return len(secret) < MIN_CHARS or is_number or secret.lower() in _ORDINARY


def _is_word(secret: str) -> bool:
    return is_ordinary(secret) or (secret.isalpha() and len(secret) <= MAX_WORD_CHARS)


class Redactor:
    """Replaces secrets by `***`.

    An ordinary word or number (`is_ordinary`) is replaced only after a name such as `password=`.

    Args:
        secrets: Passwords and tokens, not encoded.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        unencoded = {secret for secret in secrets if secret}
        encoded = {form for secret in unencoded for form in base64_forms(secret)}
        encoded = {form for form in encoded if len(form) >= MIN_BASE64_CHARS} - unencoded
        # A secret that contains another one is removed with it.
        parts = [secret for secret in unencoded if not _is_word(secret)]
        unencoded = {
            secret for secret in unencoded if not any(p in secret and p != secret for p in parts)
        }
        self._patterns = [
            *(
                _SecretPattern(each, is_base64=True)
                for each in sorted(encoded, key=len, reverse=True)
            ),
            *(_SecretPattern(each) for each in sorted(unencoded, key=len, reverse=True)),
        ]
        self._cores = {pattern.core for pattern in self._patterns}

    def bytes(self, content: bytes) -> bytes:
        """Returns a body without the secrets; JSON stays valid and keeps its numbers."""
        clean = content
        for pattern in self._patterns:
            clean = pattern.removed_from(clean)
        if clean == content:
            return content
        try:
            start = content.lstrip()[:1]
            if start == b"[":
                items = (json.dumps(self._document(item)) for item in iter_items(content.decode()))
                return f"[{', '.join(items)}]".encode()
            return (
                json.dumps(self._document(json.loads(content))).encode() if start == b"{" else clean
            )
        except (ValueError, RecursionError):
            return clean

    def text(self, text: str) -> str:
        """Returns a text without the secrets."""
        for core in self._cores:
            if core in text:
                break
        else:
            return text
        encoded = text.encode("utf-8", "surrogatepass")
        clean = encoded
        for pattern in self._patterns:
            clean = pattern.removed_from(clean)
        return text if clean == encoded else clean.decode("utf-8", "replace")

    def headers(self, headers: Any) -> CaseInsensitiveDict[str]:
        """Returns headers without the secrets, and without those that set cookies."""
        return CaseInsensitiveDict(
            (name, self.text(str(value)))
            for name, value in headers.items()
            if not name.lower().startswith("set-cookie")
        )

    def _document(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {self._key(key): self._document(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self._document(each, name) for each in value]
        if isinstance(value, str):
            # With its name before it, an ordinary word is recognized as a password.
            before = f"{name}=" if SECRET_NAME.search(name) else ""
            return self.text(before + value)[len(before) :]
        return value

    def _key(self, key: str) -> str:
        """Returns a key without the secrets, or unchanged if it is one of Tamr's own."""
        return key if key.lower() in _ORDINARY else self.text(key)


class Secrets(frozenset[str]):
    """Passwords and tokens, whose repr (in a debugger, a verbose traceback) hides them."""

    def __repr__(self) -> str:
        return f"<{len(self)} secrets>"


# Cached, since most requests have the same secrets.
@lru_cache(maxsize=64)
def redactor(secrets: frozenset[str]) -> Redactor:
    """Returns a Redactor of these secrets."""
    return Redactor(secrets)
