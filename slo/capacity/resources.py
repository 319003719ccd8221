"""How full each resource of the service was in a step, and which is full first.

CPU time is a counter; its growth between the snapshots of a run, divided by the requests served meanwhile and times
their rate, is the use during the step, whatever lay between its end and the snapshot. Gauges are looked at while the
step runs, and the mean of the looks counts; of memory the highest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from slo import selectors
from slo.capacity.model import Bound, Step, StepState, Use
from slo.record import Run

FULL = 0.9
"""The share from which a resource counts as saturated: queues grow without bound well before the last tenth."""
SERVED = 'http_server_request_duration_seconds_count{http_route=~"/v1/.+"}'
"""The service's own counter of requests."""
CPU = "process_cpu_time_seconds_total"

Samples = Mapping[str, float]


class Sight(NamedTuple):
    """A look at the service while a step ran; ``busy`` is the share of its cores' time in use, where that is seen."""

    samples: Samples
    busy: float | None = None


class Gauge(NamedTuple):
    """A resource whose use is a gauge divided by another, or by a fixed number."""

    name: str
    title: str
    used: str
    limit: str
    unit: str


GAUGES = (
    Gauge(
        "database-pool",
        "database connections",
        'db_client_connection_count{db_client_connection_state="used"}',
        "db_client_connection_max",
        "connections",
    ),
    Gauge(
        "admission",
        "requests that the service admits at once",
        "loadstone_requests_in_flight",
        'loadstone_concurrency_limit{priority="interactive"}',
        "requests",
    ),
    Gauge(
        "redis",
        "workers that leave Redis alone",
        'loadstone_cache_left_alone{tier="redis"}',
        "loadstone_workers",
        "workers",
    ),
    Gauge(
        "memory-relief",
        "workers short of memory",
        'loadstone_workers_short_of_memory{relief="all"}',
        "loadstone_workers",
        "workers",
    ),
)
TITLES = {
    "worker": ("the busiest worker: its event loop and threads", "one core"),
    "workers": ("CPU of all workers", "the cores of the service"),
    "cores": ("the cores of the service, whatever ran on them", "all of their time"),
    "memory": ("memory of all workers", "the memory of the machine"),
    "generator": ("the load generator", "one core of each process"),
    **{gauge.name: (gauge.title, f"all {gauge.unit} allowed") for gauge in GAUGES},
}
"""What people call a resource, and what is full."""


class Place(NamedTuple):
    """What the service may use, as far as it is known."""

    cores: float | None = None
    memory_bytes: float | None = None


def uses(run: Run, sights: Sequence[Sight], place: Place, *, rate: float, generator: float) -> tuple[Use, ...]:
    """Every use that can be known of a step that ended ``rate`` requests a second."""
    found = [*_processor(run, place, rate), *_seen(sights, place)]
    return (*found, Use(resource="generator", share=generator, amount=f"{generator:.2f} of 1 core"))


def cpu_per_request(run: Run) -> float | None:
    """Seconds of the workers' CPU time for each request served, over the judged part."""
    used, served = _growth(run, CPU), _growth(run, SERVED)
    return None if used is None or not served else used / served


def _growth(run: Run, selector: str) -> float | None:
    begin, end = run.snapshot("judged"), run.snapshot("end")
    if begin is None or end is None:
        return None
    parsed = selectors.parse(selector)
    last = selectors.total(parsed, end.samples)
    grown = None if last is None else last - (selectors.total(parsed, begin.samples) or 0.0)
    return None if grown is None or grown < 0 else grown


def _processor(run: Run, place: Place, rate: float) -> list[Use]:
    each, served = cpu_per_request(run), _growth(run, SERVED)
    end = run.snapshot("end")
    if each is None or not served or end is None:
        return []
    slots = [name for name in end.samples if name.startswith("loadstone_worker_cpu_seconds_total{")]
    busiest = max((_growth(run, slot) or 0.0 for slot in slots), default=0.0) * rate / served
    cores = place.cores or end.samples.get("loadstone_workers") or 1.0
    found = [Use(resource="workers", share=each * rate / cores, amount=f"{each * rate:.2f} of {cores:g} cores")]
    if len(slots) > 1:
        found.insert(0, Use(resource="worker", share=busiest, amount=f"{busiest:.2f} of 1 core"))
    return found


def _seen(sights: Sequence[Sight], place: Place) -> list[Use]:
    found = []
    busy = [sight.busy for sight in sights if sight.busy is not None]
    if busy:
        mean = sum(busy) / len(busy)
        found.append(Use(resource="cores", share=mean, amount=f"{mean:.0%} of the time"))
    for gauge in GAUGES:
        pairs = [(_value(sight, gauge.used), _value(sight, gauge.limit)) for sight in sights]
        shares = [(used / limit, used, limit) for used, limit in pairs if used is not None and limit]
        if shares:
            share, used, limit = (sum(column) / len(shares) for column in zip(*shares, strict=True))
            found.append(Use(resource=gauge.name, share=share, amount=f"{used:.3g} of {limit:.3g} {gauge.unit}"))
    held = [value for sight in sights if (value := _value(sight, "process_memory_usage_bytes")) is not None]
    if held and place.memory_bytes:
        amount = f"{max(held) / 2**20:,.0f} of {place.memory_bytes / 2**20:,.0f} MiB"
        found.append(Use(resource="memory", share=max(held) / place.memory_bytes, amount=amount))
    return found


def _value(sight: Sight, selector: str) -> float | None:
    return selectors.total(selectors.parse(selector), sight.samples)


def bounds(steps: Sequence[Step]) -> tuple[Bound, ...]:
    """Every resource over the steps; what was full at the lowest rate first, then the fullest."""
    by_rate = sorted(steps, key=lambda step: step.offered_per_s)
    usable = [step for step in by_rate if step.state is not StepState.SPOILT]
    names = dict.fromkeys(use.resource for step in usable for use in step.uses)
    found = [bound for name in names if (bound := _bound(name, usable)) is not None]
    return tuple(sorted(found, key=lambda bound: (bound.full_at_per_s or float("inf"), -(bound.highest or 0))))


def _bound(name: str, by_rate: Sequence[Step]) -> Bound | None:
    # A step that the generator bent says nothing of the service, but much of the generator.
    used = [step for step in by_rate if step.state is not StepState.GENERATOR or name == "generator"]
    known = [(step, use.share) for step in used for use in step.uses if use.resource == name]
    if not known:
        return None
    carried = [(step, share) for step, share in known if step.state is StepState.CARRIED]
    title, limit = TITLES[name]
    full = next((step.offered_per_s for step, share in known if share >= FULL), None)
    return Bound(
        resource=name,
        title=title,
        limit=limit,
        at_lowest=known[0][1],
        at_highest_carried=carried[-1][1] if carried else None,
        highest=max(share for _, share in known),
        full_at_per_s=full,
        projected_per_s=_projected([(step.answered_per_s, share) for step, share in carried]),
    )


def _projected(points: Sequence[tuple[float, float]]) -> float | None:
    """Where the least-squares line through the points reaches 1; None where it hardly rises or two points lack."""
    if len(points) < 2:
        return None
    rates, shares = np.array(points).T
    if np.ptp(rates) <= 0:
        return None
    slope, start = np.polyfit(rates, shares, 1)
    if slope * rates.max() < 0.02:
        return None
    reached = (1 - start) / slope
    return float(reached) if reached > 0 else None


def first_to_saturate(found: Sequence[Bound]) -> str:
    """The sentence on the first full resource; ``found`` as `bounds` gives it."""
    if not found:
        return "The service tells nothing of its resources."
    first = found[0]
    if first.full_at_per_s is not None:
        more = [bound.title for bound in found[1:] if bound.full_at_per_s == first.full_at_per_s]
        others = f", together with {' and '.join(more)}" if more else ""
        where = f"from {first.full_at_per_s:,.0f}/s on ({FULL:.0%} of {first.limit})"
        return f"First to saturate: {first.title}, {where}{others}."
    fullest = max(found, key=lambda bound: bound.highest or 0)
    share = f"{fullest.highest or 0:.0%} of {fullest.limit}"
    told = f"Nothing that is measured was saturated; the fullest was {fullest.title}, {share}."
    rising = [bound for bound in found if bound.projected_per_s is not None]
    if not rising:
        return told
    soonest = min(rising, key=lambda bound: bound.projected_per_s or 0)
    return f"{told} By its slope {soonest.title} would be full at {soonest.projected_per_s:,.0f}/s."
