"""Traces arrive at a collector that speaks OTLP over HTTP, and cost nobody anything when it is away."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from time import perf_counter, time_ns

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from service.adapters import traces
from service.adapters.traces import Tracer, open_tracer
from service.core.errors import SettingsError
from service.core.metrics import TRACE_OUTCOMES, TRACES, Metrics, layout_of
from service.core.timeline import Timeline, TracedRequest
from tests.service.waiting import comes_true

TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = f"00-{TRACE_ID}-{SPAN_ID}-01".encode()


class Collector:
    """What was received."""

    def __init__(self) -> None:
        self.requests: asyncio.Queue[ExportTraceServiceRequest] = asyncio.Queue()
        self.status = 200

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                assert head.startswith(b"POST /v1/traces ")
                fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
                assert fields[b"content-type"] == b"application/x-protobuf"
                body = await reader.readexactly(int(fields[b"content-length"]))
                writer.write(b"HTTP/1.1 %d X\r\ncontent-length: 0\r\n\r\n" % self.status)
                self.requests.put_nowait(ExportTraceServiceRequest.FromString(body))
        except asyncio.IncompleteReadError:
            writer.close()


@asynccontextmanager
async def collecting() -> AsyncIterator[tuple[Collector, str]]:
    """A collector and its URL."""
    collector = Collector()
    async with await asyncio.start_server(collector.serve, "127.0.0.1", 0) as server:
        yield collector, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/traces"


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "SEND_SECONDS", 0.01)
    monkeypatch.setattr(traces, "FLUSH_SECONDS", 0.5)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(layout_of((), (), ()))


opened = partial(open_tracer, version="1.2", environment="staging")


def outcomes(metrics: Metrics) -> dict[str, float]:
    cells = metrics.readings()[0].cells
    return {outcome: float(cells[metrics.layout.offset(TRACES, outcome)]) for outcome in TRACE_OUTCOMES}


def traced(status: int = 200, timeline: Timeline | None = None, started: float = 0.0) -> TracedRequest:
    return TracedRequest(
        traceparent=SAMPLED,
        method="POST",
        route="/v1/comments",
        status=status,
        started=started,
        ended=started + 0.5,
        tenant="north",
        request_id="abc-1",
        timeline=timeline,
    )


def attributes(span: Span) -> dict[str, str | int]:
    return {
        item.key: item.value.int_value if item.value.HasField("int_value") else item.value.string_value
        for item in span.attributes
    }


async def test_a_traced_request_arrives_whole(metrics: Metrics) -> None:
    started = perf_counter()
    moments = iter([started + 0.1, started + 0.2, started + 0.3, started + 0.4])
    timeline = Timeline(lambda: next(moments))
    timeline.cache += 0.05
    timeline.db += 0.01
    timeline.compute += 0.02
    timeline.cache += 0.03
    before = time_ns()
    async with collecting() as (collector, url):
        async with opened(url, metrics) as tracer:
            tracer.record(traced(timeline=timeline, started=started))
            received = await asyncio.wait_for(collector.requests.get(), 30)
        assert outcomes(metrics) == {"sent": 1, "lost": 0, "dropped": 0}
    (resource_spans,) = received.resource_spans
    facts = {item.key: item.value.string_value for item in resource_spans.resource.attributes}
    assert facts["service.name"] == "loadstone"
    assert (facts["service.version"], facts["deployment.environment.name"]) == ("1.2", "staging")
    spans = [span for scope in resource_spans.scope_spans for span in scope.spans]
    (request,) = [span for span in spans if span.kind == Span.SPAN_KIND_SERVER]
    assert (request.name, request.trace_id.hex(), request.parent_span_id.hex()) == (
        "POST /v1/comments",
        TRACE_ID,
        SPAN_ID,
    )
    assert attributes(request) == {
        "http.request.method": "POST",
        "http.route": "/v1/comments",
        "http.response.status_code": 200,
        "loadstone.request_id": "abc-1",
        "loadstone.tenant": "north",
    }
    assert abs(request.start_time_unix_nano - before) < 60 * 10**9
    assert request.end_time_unix_nano - request.start_time_unix_nano == pytest.approx(0.5e9, abs=1000)
    stages = [
        (
            span.name,
            round((span.start_time_unix_nano - request.start_time_unix_nano) / 1e9, 3),
            round((span.end_time_unix_nano - request.start_time_unix_nano) / 1e9, 3),
        )
        for span in spans
        if span.parent_span_id == request.span_id
    ]
    assert stages == [("cache", 0.05, 0.1), ("db", 0.19, 0.2), ("compute", 0.28, 0.3), ("cache", 0.37, 0.4)]
    assert len(spans) == 5
    (database,) = [span for span in spans if span.kind == Span.SPAN_KIND_CLIENT]
    assert attributes(database) == {"db.system.name": "postgresql"}


async def test_a_request_that_failed_is_marked(metrics: Metrics) -> None:
    async with collecting() as (collector, url), opened(url, metrics) as tracer:
        tracer.record(traced(status=503))
        received = await asyncio.wait_for(collector.requests.get(), 30)
    (span,) = received.resource_spans[0].scope_spans[0].spans
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert attributes(span)["error.type"] == "503"


async def test_what_waits_is_sent_at_the_end(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "SEND_SECONDS", 1000.0)
    monkeypatch.setattr(traces, "FLUSH_SECONDS", 30.0)
    async with collecting() as (collector, url):
        async with opened(url, metrics) as tracer:
            for _ in range(traces.BATCH_REQUESTS + 1):
                tracer.record(traced())
        sizes = [len(collector.requests.get_nowait().resource_spans[0].scope_spans[0].spans) for _ in range(2)]
    assert sizes == [traces.BATCH_REQUESTS, 1]


async def test_the_standard_variables_say_where_to(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    async with collecting() as (collector, url):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url.removesuffix("/v1/traces"))
        monkeypatch.setenv("OTEL_SERVICE_NAME", "north")
        async with opened(None, metrics) as tracer:
            tracer.record(traced())
            received = await asyncio.wait_for(collector.requests.get(), 30)
    facts = {item.key: item.value.string_value for item in received.resource_spans[0].resource.attributes}
    assert facts["service.name"] == "north"


async def test_a_collector_that_refuses_costs_its_traces_and_one_line(
    metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    async with collecting() as (collector, url), opened(url, metrics) as tracer:
        for status in (400, 400, 200):
            collector.status = status
            tracer.record(traced())
            await asyncio.wait_for(collector.requests.get(), 30)
    assert outcomes(metrics) == {"sent": 1, "lost": 2, "dropped": 0}
    assert caplog.messages == [
        "the collector takes traces no more; they are dropped",
        "the collector takes traces again",
    ]


async def test_nobody_waits_for_a_collector_that_hangs(metrics: Metrics) -> None:
    hangs, sending = threading.Event(), threading.Event()

    def send(batch: Sequence[TracedRequest]) -> bool:
        sending.set()
        hangs.wait(30)
        return True

    tracer = Tracer(send, metrics, capacity=10)
    tracer.record(traced())
    assert await asyncio.to_thread(sending.wait, 30)
    for _ in range(25):
        tracer.record(traced())
    assert outcomes(metrics)["dropped"] == 15
    await tracer.close()
    assert tracer._thread.is_alive(), "the end waits no longer than it may"
    hangs.set()
    await asyncio.to_thread(tracer._thread.join, 30)
    assert outcomes(metrics) == {"sent": 11, "lost": 0, "dropped": 15}


async def test_traces_that_cannot_be_made_do_not_end_the_thread(
    metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    def send(batch: Sequence[TracedRequest]) -> bool:
        raise ZeroDivisionError

    tracer = Tracer(send, metrics)
    tracer.record(traced())
    await comes_true(lambda: outcomes(metrics)["lost"] == 1)
    tracer.record(traced())
    await comes_true(lambda: outcomes(metrics)["lost"] == 2)
    await tracer.close()
    assert caplog.records[0].exc_info is not None
    assert caplog.records[0].levelno == logging.ERROR


@given(st.integers(0, 255))
def test_only_what_the_caller_samples_is_wanted(flags: int) -> None:
    assert Tracer.wants(f"00-{TRACE_ID}-{SPAN_ID}-{flags:02x}".encode()) == bool(flags & 1)
    assert not Tracer.wants(b"")


async def test_without_the_extra_it_is_named(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'loadstone\[traces\]'"):
        await opened(None, metrics).__aenter__()
