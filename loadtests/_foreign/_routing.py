"""Puts Locust's own HTTP clients under the duel: who gets a request is decided as it is sent.

Only addresses are exchanged; everything else that a file does with its client, cookies and redirects among it, stays as
it is. Cookies are kept apart, as two sides on one host would otherwise get one another's: cookies know no ports.
"""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from http.cookiejar import CookieJar
from typing import Any, Literal, NamedTuple, Protocol

from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession, LocustUserAgent

TICKET = "loadstone"
"""In the context of a request that was routed: the number under which the router knows it."""

_side: ContextVar[Literal["", "base", "head"]] = ContextVar("side", default="")
"""Of the latest request of this greenlet."""


class Turn(NamedTuple):
    """A request that is about to be sent."""

    ticket: int
    side: Literal["base", "head"]
    url: str
    name: str
    """Its path, where their file gives it none."""


class Router(Protocol):
    """Who decides."""

    def sent(self, session: Any, url: str, name: str | None) -> Turn | None:
        """What becomes of a request; None for one that leads elsewhere. May wait."""

    def answered(self, ticket: int, *, raised: bool) -> None:
        """The client came back, with an answer to be judged by the file or with an exception of its own."""


def install(router: Router, *, cookies_apart: bool) -> None:
    """Have `HttpUser` and `FastHttpUser` ask ``router``; once a process, before any of them is made."""
    for session in (HttpSession, FastHttpSession):
        _replace(session, request=_routed(session.request, router))
    if cookies_apart:
        _replace(HttpSession, cookies=Jars())
        _replace(FastHttpSession, cookiejar=Jars())
        _replace(LocustUserAgent, cookiejar=Jars())


def _replace(kind: type, **parts: Any) -> None:
    for name, part in parts.items():
        setattr(kind, name, part)


def _routed(request: Callable[..., Any], router: Router) -> Callable[..., Any]:
    signature = inspect.signature(request)

    @functools.wraps(request)
    def routed(self: Any, method: str, url: str, name: str | None = None, *more: Any, **options: Any) -> Any:
        if more:
            bound = signature.bind(self, method, url, name, *more, **options)
            given = {
                key: value for key, value in bound.arguments.items() if key not in ("self", "method", "url", "name")
            }
            options = given.pop("kwargs", {}) | given
        turn = router.sent(self, url, name or self.request_name)
        if turn is None:
            return request(self, method, url, name, **options)
        _side.set(turn.side)
        options["context"] = {**options.get("context", {}), TICKET: turn.ticket}
        try:
            answer = request(self, method, turn.url, turn.name, **options)
        except Exception:
            router.answered(turn.ticket, raised=True)
            raise
        router.answered(turn.ticket, raised=False)
        return answer

    return routed


class Jars:
    """A session's cookies, one jar for each side. What was there before the first request is in both."""

    def __get__(self, session: Any, owner: type | None = None) -> Any:
        if session is None:
            return self
        own: CookieJar | None = session.__dict__.get("_jar")
        side = _side.get()
        if own is None or not side:
            return own
        jars: dict[str, CookieJar] = own.__dict__.setdefault("_by_side", {})
        if side not in jars:
            jars[side] = type(own)()
            for cookie in own:
                jars[side].set_cookie(copy.copy(cookie))
        return jars[side]

    def __set__(self, session: Any, jar: CookieJar | None) -> None:
        session.__dict__["_jar"] = jar
