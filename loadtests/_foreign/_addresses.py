"""From a URL in somebody's Locust file to the same one at the base or the head; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

from loadtests._foreign._lots import Side

_ABSOLUTE = re.compile(r"^https?://", re.IGNORECASE)


class Addresses:
    """Where the sides are. ``known`` are other addresses by which their file calls the service."""

    def __init__(self, base: str, head: str, known: Iterable[str] = ()) -> None:
        self._of: dict[Side, str] = {"base": _bare(base), "head": _bare(head)}
        known_ones = {_bare(url) for url in (base, head, *known) if url}
        self._known = sorted(known_ones, key=len, reverse=True)

    def path(self, url: str) -> str | None:
        """What of ``url`` stands behind the service's address; None if it leads elsewhere."""
        if not _ABSOLUTE.match(url):
            return url
        for known in self._known:
            if url.lower().startswith(known.lower()) and url[len(known) : len(known) + 1] in ("", "/", "?", "#"):
                return url[len(known) :]
        return None

    def at(self, side: Side, path: str) -> str:
        """The URL of ``path`` at ``side``."""
        return f"{self._of[side]}{path}"


def _bare(url: str) -> str:
    """``url`` without a name and password, which the session keeps, and without a slash at its end."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
