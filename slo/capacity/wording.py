"""Figures of a capacity test in words, the same in every form."""

from __future__ import annotations

from collections.abc import Callable

from slo.capacity.model import Agreement, Bound, Capacity, Cost, Estimate, Step, StepState
from slo.model import Unit
from slo.quantities import written

SIGNS: dict[StepState, str] = {
    StepState.CARRIED: "✔",
    StepState.BROKEN: "✖",
    StepState.UNDECIDED: "◐",
    StepState.TOO_FEW: "○",
    StepState.GENERATOR: "?",
    StepState.SPOILT: "∅",
}
"""What became of a step, as one character."""


def rate(value: float | None) -> str:
    """Requests a second: whole numbers where they are large."""
    if value is None:
        return "–"
    return f"{value:,.0f}/s" if value >= 100 else f"{value:.3g}/s"


def share(value: float | None) -> str:
    """A part of a limit."""
    return "–" if value is None else f"{value:.0%}"


def milliseconds(value: float | None) -> str:
    """A duration with a fitting unit."""
    return "–" if value is None else written(value / 1000, Unit.SECONDS)


def figure(value: float | None) -> str:
    """A bare number with three digits, or whole."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def rates(estimate: Estimate) -> str:
    """A rate and its interval; an open end says so."""
    return _interval(estimate, rate)


def figures(estimate: Estimate) -> str:
    """A number and its interval."""
    return _interval(estimate, figure)


def _interval(estimate: Estimate, told: Callable[[float | None], str]) -> str:
    if estimate.value is None:
        if estimate.low:
            return f"above {told(estimate.low)}"
        return "not known" if estimate.high is None else f"below {told(estimate.high)}"
    if estimate.low is None and estimate.high is None:
        return told(estimate.value)
    if estimate.high is None:
        return f"at least {told(estimate.low)}" if estimate.low == estimate.value else f"{told(estimate.value)} or more"
    return f"{told(estimate.value)} ({told(estimate.low).removesuffix('/s')} to {told(estimate.high)})"


def cells(each: Step) -> list[str]:
    """Offered and answered rate, p50, p95, p99, requests in flight, CPU time of a request."""
    latencies = (each.p50_ms, each.p95_ms, each.p99_ms)
    return [
        rate(each.offered_per_s),
        rate(each.answered_per_s),
        *(milliseconds(latency) for latency in latencies),
        figure(each.in_flight),
        milliseconds(each.cpu_ms_per_request),
    ]


def step(each: Step) -> str:
    """One line on a step that has just ended."""
    sign = f"{SIGNS[each.state]} {each.state.value}"
    seen = f"answered {rate(each.answered_per_s)}, p95 {milliseconds(each.p95_ms)}, {each.in_flight:.2g} in flight"
    cause = "" if each.state is StepState.CARRIED else f"  {each.reason}"
    return f"{each.number:>3}  {rate(each.offered_per_s):>9}  {sign:<12} {seen}{cause}"


def bound(each: Bound) -> list[str]:
    """Title; share at the lowest rate, the highest carried and at most; where it was full."""
    full = "–" if each.full_at_per_s is None else rate(each.full_at_per_s)
    return [each.title, share(each.at_lowest), share(each.at_highest_carried), share(each.highest), full]


def agreements(agreement: Agreement) -> list[list[str]]:
    """Per figure: title, the value of each test, and what they have in common."""
    rows = []
    for each in agreement.figures:
        unit, words = (rate, rates) if each.figure.endswith("per_s") else (figure, figures)
        common = "nothing" if each.common is None else f"{unit(each.common[0])} to {unit(each.common[1])}"
        rows.append([each.title, *(words(value) for value in each.values), common])
    return rows


def circumstances(found: Capacity) -> str:
    """On what, how and when, in a sentence."""
    machine = found.machine
    workers = "1 worker" if found.target.workers == 1 else f"{found.target.workers} workers"
    return (
        f"Measured {found.started_at[:10]} on {machine.cpu}, {machine.cores} cores, {machine.kernel}, "
        f"Python {machine.python}, {workers}: {len(found.steps)} steps of {found.step_seconds:g} s after "
        f"{found.settle_seconds:g} s of settling, Poisson arrivals, seed {found.seed}, "
        f"objectives of {', '.join(found.budgets)} for {found.environment}."
    )


def cpu(cost: Cost) -> str:
    """What one more request takes."""
    low, high = cost.cpu_ms_per_request.low, cost.cpu_ms_per_request.high
    return f"{milliseconds(cost.cpu_ms_per_request.value)} ({milliseconds(low)} to {milliseconds(high)})"


def money(cost: Cost) -> str:
    """What a million requests cost, in the currency of the price."""
    if cost.money_per_million is None:
        return ""
    least = cost.money_per_million_at_capacity
    at_most = "" if least is None else f", {least:.3g} at the most that the machine carries"
    return f"{cost.money_per_million:.3g} at the target rate{at_most}"


def key_figures(found: Capacity) -> list[tuple[str, str]]:
    """Titles and figures, the most important first."""
    law, cost, scaling = found.scalability, found.cost, found.scaling
    rows = [
        ("Sustainable under the objectives", rates(found.sustainable_per_s)),
        (
            "Tried",
            f"highest carried {rate(found.highest_carried_per_s)}, lowest broken {rate(found.lowest_broken_per_s)}",
        ),
        ("Limited by", found.limited_by or "nothing that was tried"),
    ]
    if law is not None:
        rows += [
            ("Knee (1 % more load, 1 % more time)", rates(law.knee_per_s)),
            ("Elbow of the latencies (Kneedle)", rates(found.elbow_per_s)),
            ("Highest throughput of the curve", rates(law.peak_per_s)),
            ("Contention α, coherency β", f"{figures(law.contention)}; {figures(law.coherency)}"),
        ]
    if cost is not None:
        rows += [
            ("CPU time of one more request", cpu(cost)),
            ("CPU time of a million requests", f"{figures(cost.cpu_s_per_million)} s at the target rate"),
        ]
        if cost.money_per_million is not None:
            rows.append(("Price of a million requests", money(cost)))
    if scaling is not None:
        use = "" if scaling.target_utilisation is None else f", {share(scaling.target_utilisation)} of its CPU"
        worker = f", {rate(scaling.target_per_s_per_worker)} a worker" if scaling.workers > 1 else ""
        rows.append(("Target for one replica", f"{rate(scaling.target_per_s)}{worker} ({scaling.rests_on}{use})"))
    return rows
