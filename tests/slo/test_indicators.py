from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from slo import indicators
from slo.histogram import Histogram
from slo.model import Reading, RunFigure, SeriesRatio, SeriesUse, Source, Unit
from slo.record import Run, Stage

MakeRun = Callable[..., Run]


def read(run: Run, source: Source, workload: str = "") -> Reading:
    return indicators.measure(run, source, workload=workload, confidence=0.95)


def ratio(good: str, total: str, **changes: Any) -> SeriesRatio:
    return SeriesRatio(good=good, total=total, query_good="a_total", query_total="b_total", **changes)


def figure(run: Run, name: str, workload: str = "") -> Reading:
    return read(run, RunFigure(name=name, unit=indicators.FIGURES[name].unit), workload)


def test_a_latency_ratio_counts_failures_as_late(make_run: MakeRun) -> None:
    run = make_run(good=[0.1] * 90 + [0.2] * 4 + [0.3], failures=5)
    within = read(run, ratio('ok{workload="comments",le="0.2"}', "requests", threshold=0.2))
    assert within.value == pytest.approx(0.94)
    assert (within.events, within.title) == (3000, "requests answered rightly within 200 ms")
    assert within.low is not None
    assert within.high is not None
    assert within.low < 0.94 < within.high


def test_an_inverted_ratio_speaks_of_the_other_events(make_run: MakeRun) -> None:
    run = make_run(failures=5)
    right, wrong = (read(run, ratio("ok", "requests", inverted=inverted)) for inverted in (False, True))
    assert right.low is not None
    assert right.high is not None
    assert wrong.value == pytest.approx(0.05)
    assert (wrong.low, wrong.high) == pytest.approx((1 - right.high, 1 - right.low))
    assert wrong.title == "requests not answered rightly"


def test_the_warm_up_and_other_workloads_do_not_count(make_run: MakeRun, make_cell: Callable[..., Any]) -> None:
    run = make_run()
    other = make_cell(7, good=[1.0], failures=9, workload="invoices", route="/v1/invoices")
    run = msgspec.structs.replace(run, cells=(*run.cells, other, make_cell(0, failures=1000)))
    assert read(run, ratio('ok{workload="comments"}', 'requests{workload="comments"}')).value == 1.0
    assert figure(run, "error-ratio", "comments").value == 0.0
    assert figure(run, "error-ratio").events == 3010
    assert figure(run, "items-per-second", "invoices").value == pytest.approx(1 / 30)


def test_requests_can_be_chosen_by_their_outcome(make_run: MakeRun) -> None:
    run = make_run(failures=5)
    assert read(run, ratio('requests{outcome="timeout"}', "requests")).value == pytest.approx(0.05)
    assert read(run, ratio('requests{outcome=~"http-5.."}', "requests")).value == 0.0


def test_an_objective_on_the_servers_counters_takes_their_growth(make_run: MakeRun) -> None:
    counts = {"judged": (100.0, 300.0), "end": (1000.0, 1300.0)}
    run = make_run()
    snapshots = tuple(
        msgspec.structs.replace(
            snapshot,
            samples={
                'lookups_total{outcome="hit"}': counts[snapshot.moment][0],
                'lookups_total{outcome="miss"}': counts[snapshot.moment][1] - counts[snapshot.moment][0],
            },
        )
        for snapshot in run.snapshots[1:]
    )
    source = ratio('lookups_total{outcome="hit"}', "lookups_total")
    hits = read(msgspec.structs.replace(run, snapshots=snapshots), source)
    assert (hits.value, hits.events) == (0.9, 1000)
    assert hits.title == 'lookups_total that are lookups_total{outcome="hit"}'
    assert "the server has no series lookups_total" in read(run, source).missing


CPU = SeriesUse(
    resource="process.cpu.time",
    title="CPU time",
    selector="process_cpu_time_seconds_total",
    requests='http_server_request_duration_seconds_count{http_route=~"/v1/.+"}',
    unit=Unit.SECONDS_PER_REQUEST,
)
MEMORY = SeriesUse(
    resource="process.memory.usage", title="memory", selector="process_memory_usage_bytes", unit=Unit.BYTES
)


def test_resources_are_taken_between_warm_up_and_end(make_run: MakeRun) -> None:
    run = make_run()
    assert read(run, CPU).value == pytest.approx(0.002)
    assert read(run, CPU).events == 3000
    assert read(run, MEMORY).value == 100 * 2**20


@pytest.mark.parametrize(
    ("kept", "changes", "said"),
    [
        (("start", "judged"), {}, "not taken before and after"),
        (("judged", "end"), {"process_cpu_time_seconds_total": 0.5}, "started anew"),
        (("end",), {}, "not taken before and after"),
    ],
)
def test_figures_of_the_server_are_missing_with_a_reason(
    kept: tuple[str, ...], changes: dict[str, float], said: str, make_run: MakeRun
) -> None:
    run = make_run()
    snapshots = tuple(
        msgspec.structs.replace(snapshot, samples={**snapshot.samples, **(changes if snapshot.moment == "end" else {})})
        for snapshot in run.snapshots
        if snapshot.moment in kept
    )
    reading = read(msgspec.structs.replace(run, snapshots=snapshots), CPU)
    assert reading.value is None
    assert said in reading.missing


def test_a_gauge_without_a_last_look_has_no_highest_value(make_run: MakeRun) -> None:
    run = make_run()
    assert read(msgspec.structs.replace(run, snapshots=run.snapshots[:2]), MEMORY).value is None
    assert read(msgspec.structs.replace(run, snapshots=()), MEMORY).missing == "the server's gauges were not read"


def test_quantiles_are_those_of_all_right_answers(make_run: MakeRun) -> None:
    latencies = [index / 1000 for index in range(1, 101)]
    run = make_run(good=latencies)
    for name, fraction in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        reading = figure(run, name)
        assert reading.value == pytest.approx(Histogram.of(latencies).quantile(fraction))
        assert reading.events == 3000
        assert reading.low is not None
        assert reading.high is not None
        assert reading.value is not None
        assert reading.low <= reading.value <= reading.high
    assert figure(make_run(good=[], failures=3), "p95").value is None


def test_throughput_is_what_was_answered_rightly_of_what_was_intended(make_run: MakeRun) -> None:
    run = make_run(failures=2)
    assert figure(run, "throughput-ratio").value == pytest.approx(0.98)
    assert figure(run, "requests-per-second").value == 100.0
    pulses = tuple(msgspec.structs.replace(pulse, intended=200) for pulse in run.pulses)
    assert figure(msgspec.structs.replace(run, pulses=pulses), "throughput-ratio").value == pytest.approx(0.49)


def test_more_good_events_than_events_are_no_reading(make_run: MakeRun) -> None:
    reading = read(make_run(failures=1), ratio("requests", 'requests{outcome="timeout"}'))
    assert reading.value is None
    assert "do not belong together" in reading.missing


def test_without_data_every_figure_says_why_it_is_missing(make_run: MakeRun) -> None:
    empty = Run(header=make_run().header)
    for name, entry in indicators.FIGURES.items():
        reading = figure(empty, name)
        assert reading.value is None
        assert reading.missing
        assert (reading.indicator, reading.unit) == (name, entry.unit)


def test_judged_seconds_lie_wholly_inside_of_judged_stages(make_run: MakeRun) -> None:
    stages = tuple(
        Stage(name=name, seconds=seconds, rate_from=1, rate_to=1, judged=judged)
        for name, seconds, judged in (("a", 2.5, False), ("b", 2.0, True), ("c", 1.5, False), ("d", 2.0, True))
    )
    assert indicators.judged_seconds(make_run(plan={"stages": stages})) == [3, 6, 7]
