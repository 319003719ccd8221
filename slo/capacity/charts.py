"""What the page draws: offered and answered rate, latency by rate, and the scalability curve, as shapes for SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from slo.capacity import scales, wording
from slo.capacity.model import Capacity, Estimate, Scalability, Step, StepState
from slo.capacity.resources import FULL
from slo.capacity.scales import Scale, Tick

WIDTH, HEIGHT = 540, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 26, 44
_UNUSED = (StepState.GENERATOR, StepState.SPOILT)


class Dot(NamedTuple):
    """A step; ``look`` names its style, ``title`` says what it is."""

    x: float
    y: float
    look: str
    title: str


class Line(NamedTuple):
    """A path with its style and, at its end, its name."""

    path: str
    look: str
    name: str = ""


class Mark(NamedTuple):
    """A figure on the horizontal axis, with its interval where that is drawn."""

    x: float
    low: float | None
    high: float | None
    label: str
    look: str
    row: int
    """Labels of neighbours stand in rows, so that they do not cover one another."""
    tall: bool
    """Whether the interval fills the drawing, or only lies along its lower edge."""


class Chart(NamedTuple):
    """One drawing."""

    title: str
    note: str
    x_title: str
    y_title: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line]
    dots: list[Dot]
    marks: list[Mark]
    band: str = ""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    top: int = _TOP
    right: int = WIDTH - _RIGHT
    bottom: int = HEIGHT - _BOTTOM


def charts(found: Capacity) -> list[Chart]:
    """All drawings that the figures allow."""
    steps = sorted(found.steps, key=lambda step: step.offered_per_s)
    drawn = [_rates(found, steps), _latencies(found, [step for step in steps if step.p50_ms > 0])]
    if found.scalability is not None:
        drawn.append(_law(found.scalability, steps))
    if found.resources:
        drawn.append(_resources(found, [step for step in steps if step.state is not StepState.SPOILT]))
    return [chart for chart in drawn if chart.dots]


def _across(values: list[float]) -> Scale:
    return scales.logarithmic(values, _LEFT, WIDTH - _RIGHT)


def _rates(found: Capacity, steps: Sequence[Step]) -> Chart:
    x = _across([step.offered_per_s for step in steps])
    y = scales.logarithmic(
        [rate for step in steps for rate in (step.offered_per_s, step.answered_per_s)], HEIGHT - _BOTTOM, _TOP
    )
    low, high = max(x.low, y.low), min(x.high, y.high)
    return Chart(
        title="Offered and answered",
        note="A step on the line was answered as it came; one below it was not.",
        x_title="offered, requests/s",
        y_title="rightly answered/s",
        x_ticks=x.ticks,
        y_ticks=y.ticks,
        lines=[Line(_path([(x.place(low), y.place(low)), (x.place(high), y.place(high))]), "even")],
        dots=[_dot(step, x.place(step.offered_per_s), y.place(step.answered_per_s)) for step in steps],
        marks=_marks(found, x),
    )


_QUANTILES: tuple[tuple[str, Callable[[Step], float]], ...] = (
    ("p99", lambda step: step.p99_ms),
    ("p95", lambda step: step.p95_ms),
    ("p50", lambda step: step.p50_ms),
)


def _latencies(found: Capacity, steps: Sequence[Step]) -> Chart:
    x = _across([step.offered_per_s for step in steps])
    y = scales.logarithmic([of(step) for _, of in _QUANTILES for step in steps], HEIGHT - _BOTTOM, _TOP)
    used = [step for step in steps if step.state not in _UNUSED]
    lines = [
        Line(_path((x.place(step.offered_per_s), y.place(of(step))) for step in used), name, name)
        for name, of in _QUANTILES
    ]
    dots = [_dot(step, x.place(step.offered_per_s), y.place(of(step))) for _, of in _QUANTILES for step in steps]
    return Chart(
        title="Latency by rate",
        note="From the intended start, right answers only: half, 95 % and 99 % of them are quicker.",
        x_title="offered, requests/s",
        y_title="latency, ms",
        x_ticks=x.ticks,
        y_ticks=y.ticks,
        lines=lines,
        dots=dots,
        marks=_marks(found, x),
    )


def _law(law: Scalability, steps: Sequence[Step]) -> Chart:
    used = [step for step in steps if step.in_flight > 0 and step.state not in _UNUSED]
    curve = law.curve
    x = _across([step.in_flight for step in used] + [point.in_flight for point in curve[-1:]])
    highest = max(step.answered_per_s for step in used)
    y = scales.linear([highest, *(min(point.high_per_s, highest * 1.5) for point in curve)], HEIGHT - _BOTTOM, _TOP)
    inside = [point for point in curve if point.in_flight >= x.low]
    upper = [(x.place(point.in_flight), y.place(point.high_per_s)) for point in inside]
    lower = [(x.place(point.in_flight), y.place(point.low_per_s)) for point in reversed(inside)]
    marks = [_mark(x, law.knee_in_flight, "knee", "knee", 0)]
    if law.retrograde:
        marks.append(_mark(x, law.peak_in_flight, "N*", "peak", 1))
    return Chart(
        title="Universal Scalability Law",
        note=law.reading,
        x_title="requests in the service",
        y_title="rightly answered/s",
        x_ticks=x.ticks,
        y_ticks=y.ticks,
        lines=[Line(_path((x.place(p.in_flight), y.place(p.per_s)) for p in inside), "law")],
        dots=[_dot(step, x.place(step.in_flight), y.place(step.answered_per_s)) for step in used],
        marks=[mark for mark in marks if mark is not None],
        band=f"{_path([*upper, *lower])}Z" if inside else "",
    )


_LOOKS = ("first", "second", "third", "fourth")
"""Of the fullest resources, which are the ones that are drawn."""


def _resources(found: Capacity, steps: Sequence[Step]) -> Chart:
    x = _across([step.offered_per_s for step in steps])
    y = scales.linear([1.0], HEIGHT - _BOTTOM, _TOP)
    fullest = sorted(found.resources, key=lambda bound: -(bound.highest or 0.0))[: len(_LOOKS)]
    lines = [Line(_path([(x.begin, y.place(FULL)), (x.end, y.place(FULL))]), "even")]
    dots = []
    for bound, look in zip(fullest, _LOOKS, strict=False):
        uses = [(step, use) for step in steps for use in step.uses if use.resource == bound.resource]
        places = [(x.place(step.offered_per_s), y.place(use.share)) for step, use in uses]
        lines.append(Line(_path(places), look, bound.title))
        dots += [
            Dot(*place, "use", f"{bound.title}: {use.amount}") for place, (_, use) in zip(places, uses, strict=True)
        ]
    return Chart(
        title="Resources by rate",
        note=f"Share of each limit in use; what is above {FULL:.0%} counts as full.",
        x_title="offered, requests/s",
        y_title="share in use",
        x_ticks=x.ticks,
        y_ticks=y.ticks,
        lines=lines,
        dots=dots,
        marks=_marks(found, x),
    )


def _marks(found: Capacity, x: Scale) -> list[Mark]:
    law = found.scalability
    marks = [_mark(x, found.sustainable_per_s, "sustainable", "sustainable", 0)]
    if law is not None:
        marks.append(_mark(x, law.knee_per_s, "knee", "knee", 1))
    return [mark for mark in marks if mark is not None]


def _mark(x: Scale, estimate: Estimate, label: str, look: str, row: int) -> Mark | None:
    if estimate.value is None or not x.low <= estimate.value <= x.high:
        return None
    low = None if estimate.low is None else x.place(max(estimate.low, x.low))
    high = None if estimate.high is None else x.place(estimate.high)
    return Mark(x.place(estimate.value), low, high, label, look, row, tall=look == "sustainable")


def _dot(step: Step, x: float, y: float) -> Dot:
    look = step.state.value.replace(" ", "-")
    latency = f"p50 {wording.milliseconds(step.p50_ms)}, p99 {wording.milliseconds(step.p99_ms)}"
    rates = f"{wording.rate(step.offered_per_s)} offered, {wording.rate(step.answered_per_s)} answered"
    return Dot(x, y, look, f"{step.state.value}: {rates}, {latency}")


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "".join(f"{'L' if index else 'M'}{x:g} {y:g}" for index, (x, y) in enumerate(points))
