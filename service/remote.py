"""A running service as the command line speaks to it, by HTTP."""

from __future__ import annotations

import asyncio
import http.client
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

import msgspec

from service.core.cache_statistics import CacheStatistics
from service.core.caretaker import Forgotten, Warmed
from service.core.errors import DependencyError, OverloadError, ServiceError
from service.core.invalidation import Invalidation
from service.core.warming import Progress, read_requests, warm

TIMEOUT_SECONDS = 60.0
LARGEST_ANSWER = 64 * 2**20
_NO_ROOM = (429, 503)
_Content = TypeVar("_Content")
Body: TypeAlias = bytes | Iterable[bytes] | None


class RefusedError(ServiceError):
    """The service does not do what it was asked for."""


class _Problem(msgspec.Struct, frozen=True):
    """As much of a problem (RFC 9457) as people are told."""

    title: str
    detail: str = ""


class RemoteService:
    """The service at ``url``; ``key`` is the API key to show, if it wants one."""

    def __init__(self, url: str, key: str | None = None) -> None:
        try:
            parts = urlsplit(url)
            self._place = parts.hostname or "", parts.port
        except ValueError:
            raise RefusedError(f"{url!r} is no URL") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RefusedError("the URL of the service must begin with http:// or https:// and name a host")
        if key and not (key.isascii() and key.isprintable()):
            raise RefusedError("the API key holds signs that no key has")
        self.url = url
        self._secure = parts.scheme == "https"
        self._path = parts.path.rstrip("/")
        self._headers = {"accept": "application/json", "content-type": "application/json", "priority": "u=6"}
        if key:
            self._headers["authorization"] = f"Bearer {key}"

    def statistics(self) -> CacheStatistics:
        """What its cache did."""
        return self._content(self._ask("GET", "/v1/cache"), CacheStatistics)

    def invalidate(self, invalidation: Invalidation) -> Forgotten:
        """Have its cache forget what is meant."""
        body = msgspec.json.encode(invalidation)
        return self._content(self._ask("POST", "/v1/cache/invalidations", body), Forgotten)

    def warm_most_frequent(self, most: int, workload: str | None) -> Warmed:
        """Have it load what is used most, of ``workload`` or of all."""
        wish = {"most_frequent": most, **({"workload": workload} if workload else {})}
        return self._content(self._ask("POST", "/v1/cache/warmings", msgspec.json.encode(wish)), Warmed)

    async def warm_with(self, lines: Iterable[bytes], workload: str, at_once: int) -> AsyncIterator[Progress]:
        """Have it answer the requests in ``lines``, ``at_once`` of them at a time; tells the progress."""

        async def answer(request: msgspec.Raw) -> None:
            await asyncio.to_thread(self._ask, "POST", f"/v1/{workload}", bytes(request))

        async for progress in warm(read_requests(lines, _as_json), answer, at_once=at_once):
            yield progress

    def ask(
        self,
        kind: type[_Content],
        method: str,
        path: str,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
    ) -> _Content:
        """What it answers, as a ``kind``; a body that is no bytes needs its length among ``headers``."""
        return self._content(self._ask(method, path, body, headers), kind)

    def told(self, method: str, path: str) -> None:
        """Have it do something whose answer says nothing."""
        self._ask(method, path)

    def lines(self, path: str, accept: str) -> Iterator[bytes]:
        """The lines of an answer as they come, with their ends."""
        with self._answered("GET", path, None, {"accept": accept}) as response:
            yield from response

    def _ask(
        self,
        method: str,
        path: str,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        with self._answered(method, path, body, headers or {}) as response:
            return response.read(LARGEST_ANSWER)

    @contextmanager
    def _answered(
        self, method: str, path: str, body: Body, headers: Mapping[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        """The answer; OverloadError when it has no room, RefusedError when it says no."""
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        with closing(kind(*self._place, timeout=TIMEOUT_SECONDS)) as connection:
            try:
                with suppress(BrokenPipeError, ConnectionResetError):  # it may have said why before it hung up
                    connection.request(method, self._path + path, body, {**self._headers, **headers})
                response = connection.getresponse()
                if response.status < 300:
                    yield response
                    return
                answer = response.read(LARGEST_ANSWER)
            except OSError as error:
                number = error.errno or 0
                reason = os.strerror(number) if number > 0 else str(error) or type(error).__name__
                raise DependencyError("service", f"{self.url} cannot be reached ({reason})") from None
            except http.client.HTTPException as error:
                raise DependencyError("service", f"{self.url} does not speak HTTP ({type(error).__name__})") from None
        reason = _reason(answer) or f"{response.status} {response.reason}"
        if response.status in _NO_ROOM:
            raise OverloadError(reason, float(response.headers.get("retry-after") or 1))
        raise RefusedError(f"the service refuses: {reason}")

    def _content(self, answer: bytes, kind: type[_Content]) -> _Content:
        try:
            return msgspec.json.decode(answer, type=kind)
        except msgspec.MsgspecError:
            raise RefusedError(f"{self.url} answers something else: is it a Loadstone service?") from None


def _as_json(line: bytes) -> msgspec.Raw:
    msgspec.json.decode(line, type=dict[str, Any])
    return msgspec.Raw(line)


def _reason(answer: bytes) -> str:
    try:
        problem = msgspec.json.decode(answer, type=_Problem)
    except msgspec.MsgspecError:
        return ""
    return problem.detail or problem.title
