"""The outermost layer: names, measures and logs every request, and hardens every answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from service.core.metrics import OTHER, Metrics
from service.web.logs import AccessLog
from service.web.problems import INTERNAL_ERROR, MEDIA_TYPE, ProblemError, problem_body
from service.web.tracing import KEY, Trace, trace_of

CLIENT_GONE = 499
"""The status of a request whose caller left before the answer began (nginx's number)."""

_HARDENING = ((b"x-content-type-options", b"nosniff"), (b"server", b""))
"""The server says its name unless it is given another, even an empty one."""

_log = logging.getLogger(__name__)


class Observer:
    """Wraps ``app``, a Litestar application; ``access_log`` is None when requests are not logged."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        new_id: Callable[[], str],
        access_log: AccessLog | None,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._new_id = new_id
        self._access_log = access_log

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        started = perf_counter()
        trace = scope[KEY] = trace_of(scope["headers"], self._new_id)
        self._metrics.request_started()
        status = CLIENT_GONE

        async def send_hardened(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"] = list(message["headers"])
                headers.append((b"x-request-id", trace.request_id.encode("ascii")))
                headers += _HARDENING
                if trace.traceparent:
                    headers.append((b"traceparent", trace.traceparent))
            await send(message)

        try:
            await self._app(scope, receive, send_hardened)
        except Exception:
            _log.exception("request failed", extra={"trace": trace})
            if status == CLIENT_GONE:
                await _apologise(scope, trace, send_hardened)
        finally:
            seconds = perf_counter() - started
            route = scope.get("path_template", OTHER)
            self._metrics.request_ended(scope["method"], route, status, seconds)
            if self._access_log is not None:
                self._access_log.write(trace, scope["method"], route, scope["path"], status, seconds)


async def _apologise(scope: Scope, trace: Trace, send: Send) -> None:
    body = problem_body(ProblemError(INTERNAL_ERROR), scope["path"], trace)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": INTERNAL_ERROR.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
