"""What the faster FastAPI forms are made of: answers and tokens in memory, thin layers, problem details."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from itertools import count
from typing import Any, Generic, TypeVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.benchmarks.peers import engine

SECONDS = Histogram("http_answer_duration_seconds", "Time to answer.", ["method", "handler", "status"])
Value = TypeVar("Value")


class Memory(Generic[Value]):
    """The values used last, by the digest of the request's body."""

    def __init__(self, most: int = engine.MOST_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, Value] = OrderedDict()

    def get(self, digest: bytes) -> Value | None:
        value = self._kept.get(digest)
        if value is not None:
            self._kept.move_to_end(digest)
        return value

    def put(self, digest: bytes, value: Value) -> None:
        self._kept[digest] = value
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)


class Buckets:
    """One token bucket for each caller, in this process alone."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, caller: str) -> bool:
        now = time.monotonic()
        tokens, since = self._buckets.get(caller, (self._rate, now))
        tokens = min(self._rate, tokens + (now - since) * self._rate)
        self._buckets[caller] = (tokens - 1, now)
        return tokens >= 1


class Namer:
    """Gives every request a name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._prefix = secrets.token_hex(6)
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identifier = dict(scope["headers"]).get(b"x-request-id") or f"{self._prefix}-{next(self._numbers)}".encode()

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += [(b"x-request-id", identifier), (b"x-content-type-options", b"nosniff")]
            await send(message)

        await self._app(scope, receive, send_named)


class Meter:
    """Measures every request; the series of a route and status is looked up once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._series: dict[tuple[str, str, int], Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        finally:
            # The router leaves the route it found in the scope; what it did not find shares one label.
            key = (scope["method"], scope["path"] if "route" in scope else "none", status)
            series = self._series.get(key)
            if series is None:
                series = self._series[key] = SECONDS.labels(*map(str, key))
            series.observe(time.perf_counter() - started)


def problem(request: Request, status: int, detail: str) -> JSONResponse:
    content = {"type": "about:blank", "title": detail, "status": status, "instance": request.url.path}
    return JSONResponse(content, status, media_type="application/problem+json")


async def explain_refusal(request: Request, error: Exception) -> JSONResponse:
    """Any HTTPException as a problem."""
    assert isinstance(error, HTTPException)
    return problem(request, error.status_code, str(error.detail))


async def explain_body(request: Request, error: Exception) -> JSONResponse:
    """What Pydantic says of a body, as a problem."""
    assert isinstance(error, RequestValidationError)
    return problem(request, 400, "; ".join(each["msg"] for each in error.errors()))


async def explain_invalid(request: Request, error: Exception) -> JSONResponse:
    """What a decoder or the workload's rules say, as a problem."""
    return problem(request, 400, str(error))


async def show_metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
