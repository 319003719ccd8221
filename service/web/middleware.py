"""The outermost layer: names, measures and logs every request, and hardens every answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from time import perf_counter
from typing import Any

from litestar.types import ASGIApp, Receive, Send

from service.core.metrics import OTHER, Metrics
from service.web.compression import Compressor
from service.web.endpoint import Endpoint
from service.web.exchange import CLIENT_GONE, KEY, Exchange, joined
from service.web.insight import Insight
from service.web.logs import AccessLog
from service.web.problems import BAD_REQUEST, ProblemError, problem_answer
from service.web.tracing import trace_of

_log = logging.getLogger(__name__)

_REMEMBERED_HOSTS = 64


class Observer:
    """Wraps ``app``, a Litestar application; ``insight`` and ``access_log`` are None
    when requests are neither timed nor logged.

    ``endpoints`` are those of its routes, by path, that are worth a short cut: once the framework has let a Host pass,
    further requests to it go to them at once, which saves a third of the service's own share of a cached answer.
    They do all that the framework would do for them, so a caller cannot tell the ways apart.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        new_id: Callable[[], str],
        compressor: Compressor,
        access_log: AccessLog | None,
        endpoints: Mapping[str, Endpoint],
        insight: Insight | None = None,
    ) -> None:
        self._app = app
        self._endpoints = endpoints
        self._hosts: dict[bytes, None] = {}
        self._metrics = metrics
        self._new_id = new_id
        self._compressor = compressor
        self._insight = insight
        self._access_log = access_log

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        started = perf_counter()
        headers = joined(scope["headers"])
        exchange = Exchange(headers, trace_of(headers, self._new_id), started, self._compressor, send)
        scope[KEY] = exchange
        metrics, method, path = self._metrics, scope["method"], scope["path"]
        metrics.request_started()
        if self._insight is not None:
            self._insight.begin(exchange)
        host = headers.get(b"host", b"")
        endpoint = self._endpoints.get(path) if host in self._hosts else None
        try:
            if endpoint is None:
                await self._ask_framework(scope, receive, exchange, host)
            else:
                scope["path_template"] = path
                answer = await endpoint.answer(method, exchange, receive, scope)
                status, own, body = answer.form(exchange, method) or await answer.made(exchange, method)
                exchange.status = status
                await send({"type": "http.response.start", "status": status, "headers": exchange.completed(own)})
                await send({"type": "http.response.body", "body": body, "more_body": False})
        except Exception as error:
            if exchange.status != CLIENT_GONE:
                _log.exception("an answer was cut", extra={"trace": exchange.trace})
                raise
            await problem_answer(error, scope)(scope, receive, exchange.send)
        finally:
            seconds = perf_counter() - started
            route = scope.get("path_template", OTHER)
            metrics.request_ended(method, route, exchange.status, seconds)
            if self._insight is not None:
                self._insight.end(exchange, method, route)
            if self._access_log is not None:
                self._access_log.write(exchange.trace, method, route, path, exchange.status, seconds)

    async def _ask_framework(self, scope: Any, receive: Receive, exchange: Exchange, host: bytes) -> None:
        if not host and scope["http_version"] == "1.1":
            raise ProblemError(BAD_REQUEST, "a request of HTTP/1.1 names its host")  # RFC 9112, section 3.2
        await self._app(scope, receive, exchange.send)
        if host and exchange.status < HTTPStatus.BAD_REQUEST and host not in self._hosts:
            if len(self._hosts) >= _REMEMBERED_HOSTS:  # the first goes: a stranger's many keep nobody out for good
                del self._hosts[next(iter(self._hosts))]
            self._hosts[host] = None
