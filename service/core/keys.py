"""API keys: what they look like, and how they are kept without being known.

A key is ``ls_ID_SECRETCHECK``: eight characters that name it in public, 43 that carry 256 random bits, and six of
CRC-32 over all that comes before. So whoever finds one in a log or a repository can tell that it is one, without
asking anybody::

    ls_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}

The service keeps its HMAC-SHA256 under a secret of the service: a stolen table opens nothing.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from collections.abc import Callable
from typing import Final, NamedTuple

PREFIX: Final = "ls"
SMALLEST_SECRET: Final = 32
"""Bytes of a service's secret, at least."""

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_BITS: Final = 47  # the most that 8 of 62 digits hold
_SECRET_BYTES: Final = 32
_ID_LENGTH: Final = 8
_SECRET_LENGTH: Final = 43  # the fewest of 62 digits that hold 256 bits
_CHECK_LENGTH: Final = 6
LENGTH: Final = len(PREFIX) + 1 + _ID_LENGTH + 1 + _SECRET_LENGTH + _CHECK_LENGTH
_KEY = re.compile(rb"ls_([0-9A-Za-z]{8})_[0-9A-Za-z]{49}")
_IN_TEXT = re.compile(r"ls_([0-9A-Za-z]{8})_[0-9A-Za-z]+")
_PASSWORD = re.compile(r"(://[^\s:/@]*:)[^\s/@]+(?=@)|(\bpassword=)[^\s&]+")


class NewKey(NamedTuple):
    """A key that was made just now; ``text`` is shown once and then nowhere."""

    id: str
    text: str

    def __repr__(self) -> str:
        return f"NewKey(id={self.id!r}, text=***)"


def new_key(random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> NewKey:
    """A new key out of ``random_bytes``."""
    identifier = _written(int.from_bytes(random_bytes(6), "big") >> 48 - _ID_BITS, _ID_LENGTH)
    secret = _written(int.from_bytes(random_bytes(_SECRET_BYTES), "big"), _SECRET_LENGTH)
    head = f"{PREFIX}_{identifier}_{secret}"
    return NewKey(identifier, head + _check(head.encode("ascii")))


def id_in(token: bytes) -> str | None:
    """The public part of a key; None for what can be no key of ours."""
    match = _KEY.fullmatch(token)
    if match is None or _check(token[:-_CHECK_LENGTH]).encode("ascii") != token[-_CHECK_LENGTH:]:
        return None
    return match[1].decode("ascii")


def redacted(text: str) -> str:
    """``text`` with stars for what is secret in the keys, and for the passwords of the URLs, that stand in it."""
    if "ls_" in text:
        text = _IN_TEXT.sub(r"ls_\1_***", text)
    if "://" in text or "password=" in text:
        text = _PASSWORD.sub(r"\1\2***", text)
    return text


class Secret:
    """A secret of the service, at least `SMALLEST_SECRET` bytes long, that shows itself to nobody by accident."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if len(text.encode()) < SMALLEST_SECRET:
            raise ValueError(f"must have at least {SMALLEST_SECRET} bytes")
        self._text = text

    def reveal(self) -> bytes:
        """The secret itself."""
        return self._text.encode()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and secrets.compare_digest(self.reveal(), other.reveal())

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "***"


class Seal:
    """Makes digests of keys under one secret: HMAC-SHA256 (RFC 2104).

    The two halves that depend on the secret alone are hashed once, as section 4 of the RFC advises; what is left
    costs a third of `hmac.digest`.
    """

    __slots__ = ("_inner", "_outer", "id")

    def __init__(self, secret: Secret) -> None:
        content = secret.reveal()
        block = hashlib.sha256().block_size
        padded = (hashlib.sha256(content).digest() if len(content) > block else content).ljust(block, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))
        self.id = self.digest(b"loadstone: the name of this secret").hex()[:8]
        """Names the secret in public, so that a key can say under which one it is kept."""

    def digest(self, token: bytes) -> bytes:
        """The 32 bytes by which ``token`` is known."""
        inner = self._inner.copy()
        inner.update(token)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()

    def __repr__(self) -> str:
        return f"Seal({self.id})"


def _written(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def _check(head: bytes) -> str:
    return _written(zlib.crc32(head), _CHECK_LENGTH)
