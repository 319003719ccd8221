"""Where requests go, and what stands at the head of each of them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

_PORTS = {"http": 80, "https": 443}
_UNFIT = frozenset("\r\n\0")


class ElsewhereError(Exception):
    """A place was named that lies at another host; nothing is sent there."""


class Address(NamedTuple):
    """The target: all of its URL that matters to a request."""

    scheme: str
    host: str
    port: int
    prefix: str
    """What comes before every route; often nothing."""
    headers: Mapping[str, str]
    """``Host``, and ``Authorization`` when user and password are in the URL."""

    @property
    def is_secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme == "https"

    def head(self, method: str, path: str, headers: Mapping[str, str]) -> bytes:
        """The lines of a request for ``path``, without the empty one at their end; no header spans two of them."""
        lines = [f"{method} {path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in {**self.headers, **headers}.items()]
        if unfit := [line for line in lines if not _UNFIT.isdisjoint(line)]:
            raise ValueError(f"{unfit[0]!r} cannot be a line of a request")
        return "".join(f"{line}\r\n" for line in lines).encode("latin-1")

    def place(self, path: str, location: str) -> str:
        """The path that ``location`` means in the answer to a request for ``path``; raises `ElsewhereError`."""
        here = f"{self.scheme}://{_authority(self.host, self.port)}"
        there = urlsplit(urljoin(here + path, location))
        try:
            port = there.port or _PORTS.get(there.scheme)
        except ValueError:
            port = None
        if (there.scheme, there.hostname, port) != (self.scheme, self.host, self.port):
            raise ElsewhereError(f"{location!r} lies at another host")
        return f"{there.path}?{there.query}" if there.query else there.path


def address_of(url: str) -> Address:
    """The target behind ``url``, which is an http:// or https:// address."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    headers = {"Host": _authority(host, parts.port)}
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(credentials.encode()).decode()}"
    return Address(parts.scheme, host, port, parts.path.rstrip("/"), headers)


def _authority(host: str, port: int | None) -> str:
    """As a URL and the ``Host`` header have it: IPv6 in brackets."""
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" if port is not None else shown


def request_of(head: bytes, body: bytes) -> bytes:
    """A whole request with ``body``."""
    return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)
