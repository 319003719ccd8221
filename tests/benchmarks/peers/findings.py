"""From samples to what they say: cost per request, ratios with intervals, and whether a target is met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from statistics import median

import msgspec

from slo import stats
from slo.stats import Estimate
from tests.benchmarks.peers.forms import BULK, CACHED, CEILING, LITESTAR, OURS, TUNED, UNCACHED, USUAL

CONFIDENCE = 0.95

COST_TARGETS: dict[tuple[str, str], float] = {
    (CACHED, USUAL): 8.0,
    (CACHED, TUNED): 4.0,
    (CACHED, CEILING): 0.55,
    (UNCACHED, USUAL): 5.0,
    (UNCACHED, TUNED): 2.5,
    (BULK, USUAL): 4.0,
}
"""By scenario and form: so many times the form's requests per CPU-second, at least."""
FASTER_THAN = (USUAL, TUNED, LITESTAR)
"""Forms whose p99 must be higher at the same rate."""
LIGHTER_THAN = (USUAL,)
"""Forms whose worker must hold more memory."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One form in one block of a closed loop."""

    scenario: str
    form: str
    block: int
    sent: int
    answered: int
    failed: int
    seconds: float
    worker_cpu_seconds: float
    redis_cpu_seconds: float
    generator_cpu_seconds: float
    received_bytes: int

    @property
    def cost(self) -> float:
        """CPU seconds of the worker for one answer."""
        return self.worker_cpu_seconds / self.answered


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """One form in one block of an open loop."""

    scenario: str
    form: str
    block: int
    rate_per_s: float
    sent: int
    answered: int
    failed: int
    p50_ms: float
    p99_ms: float
    longest_ms: float
    lateness_p99_ms: float


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The memory of one form's worker, before all load and after it."""

    form: str
    resting_bytes: int
    """Resident, when it had answered its first requests."""
    resident_bytes: int
    proportional_bytes: int


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one run of all forms measured."""

    started_at: str
    machine: str
    python: str
    connections: int
    one_core: bool = False
    """Whether servers and generator had to share a core."""
    blocks: int
    block_seconds: float
    samples: tuple[Sample, ...]
    paces: tuple[Pace, ...]
    held: tuple[Held, ...]
    checked_answers: int
    wrong_answers: tuple[str, ...] = ()

    @property
    def failed(self) -> list[str]:
        """Where requests failed, such as ``12 of 340 cached ones on tuned``."""
        counts = [(each.form, each.scenario, each.failed, each.sent) for each in self.samples]
        counts += [(each.form, each.scenario, each.failed, each.sent) for each in self.paces]
        return [f"{failed} of {sent} {scenario} ones on {form}" for form, scenario, failed, sent in counts if failed]


class State(StrEnum):
    """What an interval says about a target."""

    MET = "met"
    MISSED = "missed"
    UNDECIDED = "undecided"


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Loadstone against one form: how many times better."""

    measure: str
    scenario: str
    form: str
    ratio: float
    low: float
    high: float
    target: float | None = None
    state: State | None = None


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one form's requests of one scenario cost; medians over the blocks."""

    scenario: str
    form: str
    requests_per_cpu_s: float
    worker_cpu_us: float
    redis_cpu_us: float
    sent: int
    answered: int
    failed: int


def costs(measured: Measured) -> list[Cost]:
    """One row per scenario and form, in the order in which they were measured."""
    rows = []
    for scenario, form in dict.fromkeys((sample.scenario, sample.form) for sample in measured.samples):
        own = _samples(measured, scenario, form)
        cost = median(sample.cost for sample in own)
        rows.append(
            Cost(
                scenario=scenario,
                form=form,
                requests_per_cpu_s=1 / cost,
                worker_cpu_us=cost * 1e6,
                redis_cpu_us=median(sample.redis_cpu_seconds / sample.answered for sample in own) * 1e6,
                sent=sum(sample.sent for sample in own),
                answered=sum(sample.answered for sample in own),
                failed=sum(sample.failed for sample in own),
            )
        )
    return rows


def cost_comparisons(measured: Measured) -> list[Comparison]:
    """Requests per CPU-second of ours over each other form's, block by block."""
    rows = []
    for scenario, form in dict.fromkeys((sample.scenario, sample.form) for sample in measured.samples):
        ours, theirs = _samples(measured, scenario, OURS), _samples(measured, scenario, form)
        if form == OURS or len(ours) != len(theirs):
            continue
        ratios = [their.cost / our.cost for our, their in zip(ours, theirs, strict=True)]
        rows.append(_compared("requests per CPU-second", scenario, form, ratios, COST_TARGETS.get((scenario, form))))
    return rows


def pace_comparisons(measured: Measured) -> list[Comparison]:
    """Each other form's p99 over ours at the same arrivals, block by block."""
    rows = []
    for scenario, form in dict.fromkeys((pace.scenario, pace.form) for pace in measured.paces):
        ours, theirs = _paces(measured, scenario, OURS), _paces(measured, scenario, form)
        if form == OURS or len(ours) != len(theirs):
            continue
        ratios = [their.p99_ms / our.p99_ms for our, their in zip(ours, theirs, strict=True)]
        rows.append(_compared("p99", scenario, form, ratios, 1.0 if form in FASTER_THAN else None))
    return rows


def memory_comparisons(measured: Measured) -> list[Comparison]:
    """Each other form's resident memory over ours; a single figure, so without an interval."""
    ours = next((held for held in measured.held if held.form == OURS), None)
    rows = []
    for held in measured.held:
        if ours is not None and held.form != OURS:
            ratio = held.resident_bytes / ours.resident_bytes
            target = 1.0 if held.form in LIGHTER_THAN else None
            rows.append(_told("resident memory", "", held.form, Estimate(ratio, ratio, ratio), target))
    return rows


def comparisons(measured: Measured) -> list[Comparison]:
    """All of them."""
    return [*cost_comparisons(measured), *pace_comparisons(measured), *memory_comparisons(measured)]


def doubts(measured: Measured) -> list[str]:
    """What speaks against the figures, a sentence each."""
    wrong = Counter(measured.wrong_answers)
    found = [f"wrong answer of {text}{f' ({count} times)' if count > 1 else ''}" for text, count in wrong.items()]
    found += [f"requests failed: {text}" for text in measured.failed]
    if measured.one_core:
        found.append("servers and generator shared one core")
    for scenario, form in dict.fromkeys((sample.scenario, sample.form) for sample in measured.samples):
        own = _samples(measured, scenario, form)
        busy = median(sample.generator_cpu_seconds / sample.seconds for sample in own)
        served = median((sample.worker_cpu_seconds + sample.redis_cpu_seconds) / sample.seconds for sample in own)
        if busy > 0.9:
            found.append(f"the generator used {busy:.0%} of its core for {scenario} on {form}: it was the bottleneck")
        elif served < 0.85:
            found.append(f"{form} had only {served:.0%} of its core for {scenario}: others used the machine")
    late = max((pace.lateness_p99_ms for pace in measured.paces), default=0.0)
    if late > 1.0:
        found.append(f"the generator started one request in a hundred {late:.1f} ms late or later")
    return found


def _samples(measured: Measured, scenario: str, form: str) -> list[Sample]:
    return [sample for sample in measured.samples if (sample.scenario, sample.form) == (scenario, form)]


def _paces(measured: Measured, scenario: str, form: str) -> list[Pace]:
    return [pace for pace in measured.paces if (pace.scenario, pace.form) == (scenario, form)]


def _compared(measure: str, scenario: str, form: str, ratios: Sequence[float], target: float | None) -> Comparison:
    return _told(measure, scenario, form, stats.mean_ratio(ratios, CONFIDENCE), target)


def _told(measure: str, scenario: str, form: str, estimate: Estimate, target: float | None) -> Comparison:
    return Comparison(
        measure=measure,
        scenario=scenario,
        form=form,
        ratio=estimate.value,
        low=estimate.low,
        high=estimate.high,
        target=target,
        state=None if target is None else state(estimate, target),
    )


def state(estimate: Estimate, target: float) -> State:
    """Met when the whole interval reaches ``target``, missed when none of it does."""
    if estimate.low >= target:
        return State.MET
    return State.MISSED if estimate.high < target else State.UNDECIDED
