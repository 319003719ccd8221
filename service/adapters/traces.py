"""Traces for OpenTelemetry, of the requests whose callers trace them already; needs the extra ``traces``.

    caller's traceparent says "sampled" ──▶ timeline ──▶ record ──▶ queue ══▶ thread: spans ──▶ OTLP over HTTP
                         says it is not ──▶ nothing at all

A request pays for an entry in the queue. Spans are made and sent by a thread, and dropped when the collector is away
for longer than the queue is: the service never waits for it. Where to send, with which headers and how long to try,
say the variables of the OpenTelemetry specification (``OTEL_EXPORTER_OTLP_...``, ``OTEL_SERVICE_NAME``) unless a URL
is given.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from service.core.errors import SettingsError
from service.core.metrics import TRACES, Metrics
from service.core.timeline import TracedRequest

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

SEND_SECONDS = 1.0
BATCH_REQUESTS = 256
QUEUED_REQUESTS = 2048
"""So many wait to be sent, at most."""
FLUSH_SECONDS = 2.0
"""How long the last ones may take when the service stops."""
_SAMPLED: Final = frozenset(b"13579bdf")
"""Last digits of the flags whose lowest bit is set."""

_log = logging.getLogger(__name__)


class Tracer:
    """Takes traced requests; ``send`` is called in a thread with some of them, and tells whether they arrived."""

    def __init__(
        self, send: Callable[[Sequence[TracedRequest]], bool], metrics: Metrics, *, capacity: int = QUEUED_REQUESTS
    ) -> None:
        self._send = send
        self._capacity = capacity
        self._waiting: deque[TracedRequest] = deque()
        self._sent, self._lost, self._dropped = (
            metrics.count(TRACES, outcome) for outcome in ("sent", "lost", "dropped")
        )
        self._arrives = True
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="traces", daemon=True)
        self._thread.start()

    @staticmethod
    def wants(traceparent: bytes) -> bool:
        """Whether the caller traces this request; ``traceparent`` is well-formed or empty."""
        return traceparent != b"" and traceparent[-1] in _SAMPLED

    def record(self, request: TracedRequest) -> None:
        """Take ``request`` on; drops it when too many wait."""
        if len(self._waiting) < self._capacity:
            self._waiting.append(request)
        else:
            self._dropped.add()

    async def close(self) -> None:
        """Send what waits, as long as that takes no longer than `FLUSH_SECONDS`."""
        self._over.set()
        await asyncio.to_thread(self._thread.join, FLUSH_SECONDS)

    def _work(self) -> None:
        while not self._over.wait(SEND_SECONDS):
            self._drain()
        self._drain()

    def _drain(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH_REQUESTS, len(self._waiting)))]
            try:
                arrived = self._send(batch)
            except Exception:
                _log.exception("%d traces could not be made", len(batch))
                arrived = False
            (self._sent if arrived else self._lost).add(len(batch))
            if arrived != self._arrives:
                self._arrives = arrived
                _log.warning("the collector takes traces %s", "again" if arrived else "no more; they are dropped")


def require_extra() -> None:
    """SettingsError when the extra is not installed."""
    try:
        found = find_spec("opentelemetry.exporter.otlp.proto.http") and find_spec("opentelemetry.sdk")
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise SettingsError(["LOADSTONE_TRACES is on, which needs the extra traces: pip install 'loadstone[traces]'"])


@asynccontextmanager
async def open_tracer(url: str | None, metrics: Metrics, *, version: str, environment: str) -> AsyncIterator[Tracer]:
    """A tracer that sends to ``url``, or where the standard variables say; SettingsError without the extra."""
    require_extra()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import SpanExportResult

    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it would tell every failure; we tell every change
    exporter = OTLPSpanExporter(endpoint=url)
    maker = _SpanMaker(version, environment)
    tracer = Tracer(lambda batch: exporter.export(maker.spans(batch)) is SpanExportResult.SUCCESS, metrics)
    try:
        yield tracer
    finally:
        await tracer.close()
        exporter.shutdown()  # type: ignore[no-untyped-call]  # the exporter leaves it without types


class _SpanMaker:
    """Makes spans of traced requests, after the semantic conventions of OpenTelemetry for HTTP and databases."""

    def __init__(self, version: str, environment: str) -> None:
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON

        ended: list[ReadableSpan] = []

        class Collector(SpanProcessor):
            def on_end(self, span: ReadableSpan) -> None:
                ended.append(span)

        ours = {"service.name": "loadstone", "service.version": version, "deployment.environment.name": environment}
        told = OTELResourceDetector().detect()
        resource = Resource.create(Resource(ours).merge(told).attributes)
        provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(Collector())
        self._tracer = provider.get_tracer("loadstone", version)
        self._ended = ended

    def spans(self, requests: Sequence[TracedRequest]) -> list[ReadableSpan]:
        """The spans of ``requests``, each one's own and one for every stretch of its stages."""
        unix_ns = time.time_ns() - int(time.perf_counter() * 1e9)
        for request in requests:
            self._make(request, lambda moment: unix_ns + int(moment * 1e9))
        made, self._ended[:] = list(self._ended), []
        return made

    def _make(self, request: TracedRequest, moment_ns: Callable[[float], int]) -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

        span = self._tracer.start_span(
            f"{request.method} {request.route}",
            context=_parent(request.traceparent),
            kind=SpanKind.SERVER,
            attributes=dict(_attributes(request)),
            start_time=moment_ns(request.started),
        )
        if request.status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        within = set_span_in_context(span)
        for stage in request.timeline.stages if request.timeline else ():
            of_database = stage.name == "db"
            self._tracer.start_span(
                stage.name,
                context=within,
                kind=SpanKind.CLIENT if of_database else SpanKind.INTERNAL,
                attributes={"db.system.name": "postgresql"} if of_database else {},
                start_time=moment_ns(stage.started),
            ).end(moment_ns(stage.ended))
        span.end(moment_ns(request.ended))


def _attributes(request: TracedRequest) -> Iterator[tuple[str, str | int]]:
    yield "http.request.method", request.method
    yield "http.route", request.route
    yield "http.response.status_code", request.status
    yield "loadstone.request_id", request.request_id
    yield "loadstone.tenant", request.tenant
    if request.status >= 500:
        yield "error.type", str(request.status)


def _parent(traceparent: bytes) -> Any:
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    _, trace_id, span_id, flags = traceparent.decode("ascii").split("-")
    context = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return set_span_in_context(NonRecordingSpan(context))
