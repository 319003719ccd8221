"""What is compared between base and head: the one table of metrics."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from slo.model import Unit


class Design(StrEnum):
    """How a metric's ratios come about, and with it what they can be trusted for."""

    MIXED = "mixed"
    """Windows in which every request goes to base or head at random: both have the same second of the machine."""
    BLOCKS = "blocks"
    """Pairs of blocks, A B B A, in which one side has all requests: queues of one side do not delay the other."""
    LAUNCH = "launch"
    """One figure a launch."""
    COUNTED = "counted"
    """Events of each side, none of them timed."""
    EXACT = "exact"
    """Both trees do the same work and are counted; no chance is in it."""


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that may become worse; ``higher_is_better`` says which way that is."""

    name: str
    title: str
    """For people."""
    unit: Unit
    design: Design
    higher_is_better: bool = False


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(name="cpu-per-request", title="CPU time", unit=Unit.SECONDS_PER_REQUEST, design=Design.MIXED),
        Metric(name="p50", title="median latency", unit=Unit.SECONDS, design=Design.MIXED),
        Metric(name="p95", title="95th percentile of latency", unit=Unit.SECONDS, design=Design.BLOCKS),
        Metric(name="p99", title="99th percentile of latency", unit=Unit.SECONDS, design=Design.BLOCKS),
        Metric(
            name="throughput",
            title="throughput of one core",
            unit=Unit.PER_SECOND,
            design=Design.BLOCKS,
            higher_is_better=True,
        ),
        Metric(name="errors", title="failed requests", unit=Unit.RATIO, design=Design.COUNTED),
        Metric(name="response-bytes", title="size of an answer", unit=Unit.BYTES_PER_REQUEST, design=Design.MIXED),
        Metric(name="resident-memory", title="resident memory", unit=Unit.BYTES, design=Design.LAUNCH),
        Metric(name="start-up", title="time until ready", unit=Unit.SECONDS, design=Design.LAUNCH),
        Metric(name="bytecodes", title="bytecodes", unit=Unit.COUNT, design=Design.EXACT),
        Metric(name="calls", title="calls of Python functions", unit=Unit.COUNT, design=Design.EXACT),
        Metric(name="allocated-bytes", title="allocated memory", unit=Unit.BYTES_PER_REQUEST, design=Design.EXACT),
        Metric(name="allocations", title="allocations", unit=Unit.COUNT, design=Design.EXACT),
        Metric(name="waited", title="time waited", unit=Unit.SECONDS_PER_REQUEST, design=Design.EXACT),
        Metric(name="queries-per-request", title="queries", unit=Unit.COUNT, design=Design.EXACT),
    )
}
"""By name. Figures of requests are for each request; those of `Design.EXACT` are counted by replaying requests."""
