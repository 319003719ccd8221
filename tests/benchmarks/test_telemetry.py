"""What knowing costs a request: nothing to speak of when nobody wants to know."""

from __future__ import annotations

from pytest_benchmark.fixture import BenchmarkFixture

from service.adapters.traces import Tracer
from service.core.call import Priority, Timing
from service.core.memory_accounts import memory_accounts
from service.core.memory_watch import MemoryWatch, Shortage
from service.core.metrics import Metrics, layout_of
from service.core.timeline import Timeline, TracedRequest
from service.web.server_timing import CHOICES, rendered

HEADERS = {b"host": b"127.0.0.1", b"content-type": b"application/json", b"content-length": b"200"}
UNSAMPLED = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


def new_metrics() -> Metrics:
    return Metrics(layout_of((), (), ()))


def test_a_timing_that_nobody_asks_for(benchmark: BenchmarkFixture) -> None:
    choice = CHOICES["asked"]
    assert choice is not None
    benchmark(choice, HEADERS)


def test_a_timing_told(benchmark: BenchmarkFixture) -> None:
    def told() -> bytes:
        timing = Timing()
        timing.cache += 0.0001
        timing.compute += 0.0002
        return rendered(timing, 0.0005)

    benchmark(told)


def test_a_trace_that_the_caller_does_not_sample(benchmark: BenchmarkFixture) -> None:
    assert not benchmark(Tracer.wants, UNSAMPLED)


def test_a_trace_taken_on(benchmark: BenchmarkFixture) -> None:
    tracer = Tracer(lambda batch: True, new_metrics())

    def take_on() -> None:
        timeline = Timeline()
        timeline.cache += 0.0001
        timeline.compute += 0.0002
        tracer.record(TracedRequest(UNSAMPLED, "POST", "/v1/comments", 200, 0.0, 1.0, "public", "id", timeline))

    benchmark(take_on)


def test_memory_that_is_not_short(benchmark: BenchmarkFixture) -> None:
    watch = MemoryWatch(memory_accounts(), new_metrics(), lambda share: None)

    def pass_by() -> None:
        if watch.shortage:
            watch.check(Priority.BULK)

    benchmark(pass_by)
    assert watch.shortage is Shortage.NONE


def test_a_look_at_the_memory(benchmark: BenchmarkFixture) -> None:
    benchmark(MemoryWatch(memory_accounts(2**30), new_metrics(), lambda share: None).look)
