"""What a caller names by URL is fetched by somebody outside of the core, within bounds, and fails with a class."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from service.core.call import Priority


class Fetched(NamedTuple):
    """What came."""

    content: bytes
    media_type: str
    """As the origin says, which need not be true; empty where it says nothing."""
    url: str
    """Where it came from in the end, after redirects."""


class Fetcher(Protocol):
    """Fetches what callers name, from public addresses only."""

    async def fetch(self, url: str, priority: Priority) -> Fetched:
        """The content at ``url``; AnalysisError, with its kind, when there is none to be had.

        What nobody waits for is tried again when that may help, and waits for the turn that its origin grants it.
        """
