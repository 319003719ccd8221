"""Why a run cannot be judged. One doubt is enough, and it comes before every verdict.

A load generator that was late, saturated or partly dead measures itself; a run that was cut short measures
what happened to come first. Such figures are shown and decide nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator

import msgspec

from slo.histogram import Histogram
from slo.indicators import judged_seconds
from slo.model import Distrust, Unit
from slo.quantities import written
from slo.record import FORMAT, Pulse, Run


class TrustLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where doubt begins, with the reason for each number."""

    started_share: float = 0.98
    """Started among intended arrivals, and intended among planned ones. Two percent fewer requests move a p95 by less
    than its own interval in runs of some thousand requests; more would lighten the load that is judged."""
    ended_share: float = 0.98
    """Ended among started requests; those that never end are the slowest of all, and missing from every figure."""
    dropped: int = 0
    """Arrivals given up: each is a request whose latency is worse than any that was measured."""
    lateness_p99: float = 0.05
    """Seconds. Lateness enters the latency; a quarter of the strictest threshold shipped (200 ms) is the most that
    may come from the generator."""
    generator_cpu: float = 0.80
    """Of one core, used or waited for: above it a single-threaded generator queues its own work, and measures that
    queue. A process that others keep from its core is as busy as one that fills it."""
    generator_cpu_quantile: float = 0.90
    """The share of seconds that must stay below ``generator_cpu``: one busy second is no saturation."""
    steal: float = 0.05
    """Mean share of CPU time that the host took; in such minutes the same build differs from itself by more than the
    usual budgets."""
    clock_error: float = 0.05
    """Seconds between the second 0 of two generators: a start that is so late is distrusted, and so is one that is so
    late by another's clock."""
    poisson_deviations: float = 4.0
    """Standard deviations (√n) by which Poisson arrivals may fall short of the plan by chance: once in 30,000 runs."""


LIMITS = TrustLimits()

Rule = Callable[[Run, TrustLimits], Iterator[Distrust]]


def distrusts(run: Run, limits: TrustLimits = LIMITS) -> tuple[Distrust, ...]:
    """Every reason to distrust ``run``, the most basic first and causes before effects; empty when it can be judged."""
    return tuple(distrust for rule in RULES for distrust in rule(run, limits))


def _doubt(code: str, reason: str, **evidence: float | int | str) -> Distrust:
    return Distrust(code=code, reason=reason, evidence=evidence)


def _format(run: Run, _: TrustLimits) -> Iterator[Distrust]:
    if run.header.format != FORMAT:
        reason = f"the record has the format {run.header.format!r}, and {FORMAT!r} is understood"
        yield _doubt("unknown-format", reason, format=run.header.format)


def _ending(run: Run, _: TrustLimits) -> Iterator[Distrust]:
    if run.footer is None:
        yield _doubt("aborted", "the run was aborted: its record has no end")
    elif run.footer.outcome == "stopped":
        yield _doubt("stopped-early", "the run was stopped before its plan ended", ended_at=run.footer.ended_at)


def _generators(run: Run, _: TrustLimits) -> Iterator[Distrust]:
    if run.footer is None:
        return
    lost = sorted(name for name, end in run.footer.generators.items() if end == "lost")
    unknown = sorted({pulse.generator for pulse in run.pulses} - set(run.footer.generators))
    if lost or unknown:
        names = ", ".join((*lost, *unknown))
        yield _doubt("generator-lost", f"load generators were lost on the way: {names}", generators=names)


def _stages(run: Run, _: TrustLimits) -> Iterator[Distrust]:
    known = {stage.name for stage in run.header.plan.stages}
    strange = sorted({cell.stage for cell in run.cells} - known)
    if strange:
        names = ", ".join(strange)
        yield _doubt("unknown-stage", f"requests belong to stages that the plan does not have: {names}", stages=names)
    if not judged_seconds(run):
        yield _doubt("nothing-judged", "the plan has no judged stage that lasts a second")
    elif not any(cell.requests for cell in run.judged()):
        yield _doubt("no-requests", "no request ended in the judged part", judged_seconds=len(judged_seconds(run)))


def _clock(run: Run, limits: TrustLimits) -> Iterator[Distrust]:
    wanted = set(judged_seconds(run))
    by_generator: dict[str, list[int]] = defaultdict(list)
    for pulse in run.pulses:
        by_generator[pulse.generator].append(pulse.second)
    if wanted and not by_generator:
        yield _doubt("no-generator-health", "the record does not say how the load generator fared")
    for name, seconds in sorted(by_generator.items()):
        missing = sorted(wanted - set(seconds))
        if missing:
            reason = f"{name} has nothing to say of {len(missing)} judged seconds, the first of them {missing[0]}"
            yield _doubt("seconds-missing", reason, generator=name, seconds=len(missing), first=missing[0])
        if seconds != sorted(set(seconds)):
            yield _doubt("clock-jumped", f"the seconds of {name} are out of order or come twice", generator=name)
    yield from _clocks_apart(run, limits)
    begin, end = run.snapshot("judged"), run.snapshot("end")
    if begin is not None and end is not None and end.second < begin.second:
        yield _doubt(
            "clock-jumped", "the server's counters were read at the end before they were read at the beginning"
        )


def _clocks_apart(run: Run, limits: TrustLimits) -> Iterator[Distrust]:
    errors: dict[str, float] = defaultdict(float)
    for pulse in _judged_pulses(run):
        errors[pulse.generator] = max(errors[pulse.generator], pulse.clock_error)
    for name, error in sorted(errors.items()):
        if error > limits.clock_error:
            found, allowed = written(error, Unit.SECONDS), written(limits.clock_error, Unit.SECONDS)
            reason = f"the seconds of {name} may lie {found} off the others', where {allowed} is the most"
            yield _doubt("clocks-apart", reason, generator=name, clock_error_ms=round(error * 1000, 3))


def _arrivals(run: Run, limits: TrustLimits) -> Iterator[Distrust]:
    pulses = _judged_pulses(run)
    intended = sum(pulse.intended for pulse in pulses)
    started = sum(pulse.started for pulse in pulses)
    planned = _planned(run)
    chance = limits.poisson_deviations * math.sqrt(planned) if run.header.plan.arrivals == "poisson" else 0.0
    if pulses and intended < planned * limits.started_share - chance:
        reason = f"the generator intended {intended:,} arrivals where the plan has {planned:,.0f}"
        yield _doubt("arrivals-missing", reason, intended=intended, planned=planned)
    if intended and started / intended < limits.started_share:
        share = written(started / intended, Unit.RATIO)
        reason = f"only {started:,} of {intended:,} intended arrivals were started, {share}"
        yield _doubt("arrivals-not-started", reason, started=started, intended=intended)
    seconds = set(judged_seconds(run))
    ended = sum(cell.requests for cell in run.judged() if cell.second in seconds)
    if started and ended / started < limits.ended_share:
        reason = f"only {ended:,} of {started:,} started requests ended; the others are missing from every figure"
        yield _doubt("requests-unaccounted", reason, ended=ended, started=started)


def _dropped(run: Run, limits: TrustLimits) -> Iterator[Distrust]:
    dropped = sum(pulse.dropped for pulse in _judged_pulses(run))
    if dropped > limits.dropped:
        reason = f"the generator gave up {dropped:,} arrivals: too many requests were in flight, or it was too late"
        yield _doubt("arrivals-dropped", reason, dropped=dropped)


def _lateness(run: Run, limits: TrustLimits) -> Iterator[Distrust]:
    lateness = Histogram.merged(Histogram.decode(pulse.lateness) for pulse in _judged_pulses(run))
    late = lateness.quantile(0.99)
    if late > limits.lateness_p99:
        found, allowed = written(late, Unit.SECONDS), written(limits.lateness_p99, Unit.SECONDS)
        reason = f"one request in a hundred was started {found} late or later, where {allowed} is the most"
        yield _doubt("starts-late", reason, lateness_p99_ms=round(late * 1000, 3))


def _saturation(run: Run, limits: TrustLimits) -> Iterator[Distrust]:
    use: dict[str, list[float]] = defaultdict(list)
    for pulse in _judged_pulses(run):
        use[pulse.generator].append(pulse.cpu + pulse.waiting)
    for name, values in sorted(use.items()):
        busy = sum(value > limits.generator_cpu for value in values) / len(values)
        if busy > 1 - limits.generator_cpu_quantile + 1e-9:
            cores, share = written(limits.generator_cpu, Unit.RATIO), written(busy, Unit.RATIO)
            reason = f"{name} used or waited for more than {cores} of a core in {share} of the judged seconds"
            yield _doubt("generator-saturated", reason, generator=name, busy_share=round(busy, 4), peak=max(values))


def _steal(run: Run, limits: TrustLimits) -> Iterator[Distrust]:
    pulses = _judged_pulses(run)
    if not pulses:
        return
    steal = round(sum(pulse.steal for pulse in pulses) / len(pulses), 9)
    if steal > limits.steal:
        reason = f"the machine's host took {written(steal, Unit.RATIO)} of the CPU time away"
        yield _doubt("cpu-stolen", reason, steal=round(steal, 4))


def _judged_pulses(run: Run) -> list[Pulse]:
    seconds = set(judged_seconds(run))
    return [pulse for pulse in run.pulses if pulse.second in seconds]


def _planned(run: Run) -> float:
    """Arrivals that the plan puts into the judged seconds; none for a closed model, whose rate follows the answers."""
    if run.header.plan.arrivals == "closed":
        return 0.0
    seconds = judged_seconds(run)
    planned, begin = 0.0, 0.0
    for stage in run.header.plan.stages:
        inside = sum(begin <= second < begin + stage.seconds for second in seconds)
        planned += inside * (stage.rate_from + stage.rate_to) / 2
        begin += stage.seconds
    return planned


RULES: tuple[Rule, ...] = (
    _format,
    _generators,
    _ending,
    _stages,
    _clock,
    _saturation,
    _dropped,
    _lateness,
    _arrivals,
    _steal,
)
