"""What a caller names by URL is fetched by somebody outside of the core, within bounds, and fails with a class."""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple, Protocol

from service.core.call import Priority

_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""RFC 9110, section 5.6.2."""


class Fetched(NamedTuple):
    """What came."""

    content: bytes
    media_type: str
    """As the origin says, which need not be true; empty where it says nothing."""
    url: str
    """Where it came from in the end, after redirects."""


class OriginKey:
    """A header by which an origin knows who asks; ValueError when it is none. It is secret, and not shown."""

    __slots__ = ("header", "value")

    def __init__(self, header: str, value: str) -> None:
        if not _HEADER.fullmatch(header) or not value or not value.isascii() or not value.isprintable():
            raise ValueError("it is no header")
        self.header = header
        self.value = value

    @property
    def mark(self) -> str:
        """Tells keys from one another without telling them."""
        return hashlib.sha256(f"{self.header.lower()}:{self.value}".encode()).hexdigest()[:12]

    def __repr__(self) -> str:
        return f"OriginKey({self.header!r}, '***')"


class Fetcher(Protocol):
    """Fetches what callers name, from public addresses only."""

    async def fetch(self, url: str, priority: Priority) -> Fetched:
        """The content at ``url``; AnalysisError, with its kind, when there is none to be had.

        What nobody waits for is tried again when that may help, and waits for the turn that its origin grants it.
        """
