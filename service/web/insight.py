"""Decides of which requests it is noted where their time goes, and for whom: the caller, a collector of traces."""

from __future__ import annotations

from time import perf_counter

from service.core.call import Timing
from service.core.ports import TraceSink
from service.core.timeline import TIMING, Timeline, TracedRequest
from service.web.exchange import Exchange
from service.web.server_timing import Choice


class Insight:
    """Times the requests that ``choice`` or ``traces`` want; where both are None, do without it."""

    __slots__ = ("_choice", "_traces")

    def __init__(self, choice: Choice | None, traces: TraceSink | None) -> None:
        self._choice = choice
        self._traces = traces

    def begin(self, exchange: Exchange) -> None:
        """Note whether the request is to be timed, for all that answers it."""
        timing: Timing | None = None
        if self._choice is not None:
            timing = self._choice(exchange.headers)
        is_told = timing is not None
        if self._traces is not None and self._traces.wants(exchange.trace.traceparent):
            timing = Timeline()
        if timing is not None:
            exchange.timing = timing
            exchange.told = timing if is_told else None
            TIMING.set(timing)

    def end(self, exchange: Exchange, method: str, route: str) -> None:
        """Hand a traced request on, once it is answered."""
        timeline = exchange.timing
        if self._traces is not None and isinstance(timeline, Timeline):
            self._traces.record(
                TracedRequest(
                    traceparent=exchange.trace.traceparent,
                    method=method,
                    route=route,
                    status=exchange.status,
                    started=exchange.started,
                    ended=perf_counter(),
                    tenant=exchange.tenant,
                    request_id=exchange.trace.request_id,
                    timeline=timeline,
                )
            )
