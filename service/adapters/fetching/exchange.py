"""One request and its answer, by aiohttp, over connections whose addresses were checked as they were made.

There are two pools of connections. That for the public refuses, socket by socket, to connect to any other address:
neither a name that resolves to something else now nor a way of writing addresses gets past it. That for origins on
the operator's list checks nothing, and is asked for nothing else.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, Final, Literal

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from service.adapters.fetching import codings, failures
from service.adapters.fetching.answers import Answer, is_good
from service.adapters.fetching.bounds import Bounds
from service.adapters.fetching.names import Names
from service.adapters.fetching.room import Room
from service.adapters.fetching.urls import Target
from service.core.errors import AnalysisError
from service.core.fetching import OriginKey

_IGNORED_SECONDS: Final = 0.1
"""For so long a body that nobody wants is read, to use the connection again; one that takes longer ends it."""
_STEP: Final = 2**20
"""So much memory is taken at first for a body that does not say how large it is; then twice as much each time."""
_HEADERS: Final = {
    "User-Agent": f"loadstone/{version('loadstone')}",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}


class AddressRefusedError(OSError):
    """The address is not public."""

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "the address is not public")


class Exchange:
    """Asks origins over two pools: ``own`` for targets that are allowed, ``public`` for the others."""

    def __init__(
        self,
        public: aiohttp.ClientSession,
        own: aiohttp.ClientSession,
        bounds: Bounds,
        keys: Mapping[str, OriginKey],
    ) -> None:
        self._public = public
        self._own = own
        self._bounds = bounds
        self._headers = {origin: {key.header: key.value} for origin, key in keys.items()}
        self.room = Room(bounds.memory)

    async def ask(self, target: Target, seconds: float) -> Answer:
        """What ``target`` answers within so many seconds; AnalysisError when that is nothing to go by."""
        session = self._own if target.is_allowed else self._public
        headers = self._headers.get(target.origin)
        try:
            async with asyncio.timeout(seconds):
                response = await session.get(URL(target.url, encoded=True), headers=headers, allow_redirects=False)
                try:
                    return await self._answer(response)
                finally:
                    response.close()
        except aiohttp.ConnectionTimeoutError:
            raise failures.no_connection(
                f"the origin took no connection within {self._bounds.connect:g} seconds"
            ) from None
        except TimeoutError:
            raise failures.timeout(self._bounds.seconds) from None
        except (aiohttp.ClientError, OSError) as error:
            raise _failure_of(error) from error

    async def _answer(self, response: aiohttp.ClientResponse) -> Answer:
        headers = response.headers
        content = b""
        if is_good(response.status):
            content = await self._content(response, headers.get("Content-Encoding", ""))
        else:
            await self._ignore(response)
        return Answer(
            response.status,
            content,
            headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            headers.get("Location", ""),
            headers.get("Retry-After", ""),
        )

    async def _content(self, response: aiohttp.ClientResponse, coding: str) -> bytes:
        most = self._bounds.content
        if (response.content_length or 0) > most:
            raise failures.too_large(most)
        chunks = []
        size, taken = 0, 0
        try:
            async for chunk in response.content.iter_any():
                size += len(chunk)
                if size > most:
                    raise failures.too_large(most)
                while size > taken:
                    step = min(response.content_length or max(taken, _STEP), most)
                    await self.room.take(step)
                    taken += step
                chunks.append(chunk)
            content = b"".join(chunks)
            if codings.is_plain(coding):
                return content
            return await asyncio.to_thread(codings.undone, content, coding, most)
        finally:
            self.room.give(taken)

    async def _ignore(self, response: aiohttp.ClientResponse) -> None:
        with suppress(aiohttp.ClientError, TimeoutError):
            async with asyncio.timeout(_IGNORED_SECONDS):
                async for _ in response.content.iter_any():
                    pass


@asynccontextmanager
async def open_exchange(
    bounds: Bounds,
    is_public: Callable[[str], bool],
    resolver: AbstractResolver | None = None,
    trust: ssl.SSLContext | None = None,
    keys: Mapping[str, OriginKey] = MappingProxyType({}),
) -> AsyncIterator[Exchange]:
    """An exchange whose connections end with it.

    A ``resolver`` that is given is not closed. Without ``trust``, the system's authorities vouch for origins.
    ``keys`` are shown to their origins, and to no other that one of them redirects to.
    """

    def guarded(address: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, place = address
        if not is_public(place[0]):
            raise AddressRefusedError
        return socket.socket(family, kind, protocol)

    names = resolver or Names()
    connecting = partial(_connector, bounds, names, trust or True)
    try:
        async with _session(connecting(guarded), bounds) as public, _session(connecting(None), bounds) as own:
            yield Exchange(public, own, bounds, keys)
    finally:
        if resolver is None:
            await names.close()


def _connector(
    bounds: Bounds, names: AbstractResolver, trust: ssl.SSLContext | Literal[True], factory: Any
) -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(limit=0, ssl=trust, resolver=names, ttl_dns_cache=bounds.known, socket_factory=factory)


def _session(connector: aiohttp.TCPConnector, bounds: Bounds) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=_HEADERS,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=bounds.connect),
        trust_env=False,
        auto_decompress=False,
    )


def _failure_of(error: Exception) -> AnalysisError:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return failures.no_name(may_pass=getattr(error.os_error, "errno", None) == socket.EAI_AGAIN)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return failures.no_connection("the origin's certificate or TLS is not sound", may_pass=False)
    if isinstance(error, aiohttp.ClientConnectorError):
        if error.os_error.errno == errno.EACCES:
            return failures.address_refused()
        return failures.no_connection("the origin takes no connection")
    if isinstance(error, aiohttp.ClientResponseError):
        return failures.not_http()
    return failures.no_connection("the connection to the origin broke before all was there")
