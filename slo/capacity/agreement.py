"""Whether several tests of the same kind agree within what each of them states.

Intervals agree when they share a point: if each holds the truth, they all hold the same one. (On a line, intervals that
meet in pairs meet in one point: Helly's theorem.) An end that a test leaves open meets everything beyond.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from slo.capacity.model import FORMAT, Agreeing, Agreement, Capacity, Estimate

_NOTHING = Estimate(value=None, low=None, high=None)

FIGURES: dict[str, tuple[str, Callable[[Capacity], Estimate]]] = {
    "sustainable_per_s": ("sustainable rate", lambda run: run.sustainable_per_s),
    "knee_per_s": ("knee", lambda run: run.scalability.knee_per_s if run.scalability else _NOTHING),
    "peak_per_s": (
        "highest throughput of the curve",
        lambda run: run.scalability.peak_per_s if run.scalability else _NOTHING,
    ),
    "cpu_ms_per_request": (
        "CPU time of one more request, ms",
        lambda run: run.cost.cpu_ms_per_request if run.cost else _NOTHING,
    ),
}
"""What is compared: name, title, where it stands."""

DECIDING = ("sustainable_per_s", "knee_per_s")


def agreement(runs: Sequence[Capacity]) -> Agreement:
    """What ``runs`` have in common."""
    figures = tuple(agreeing(name, title, [figure(run) for run in runs]) for name, (title, figure) in FIGURES.items())
    apart = [each.title for each in figures if each.figure in DECIDING and each.common is None and _known(each)]
    comparable = any(_known(each) for each in figures if each.figure in DECIDING)
    return Agreement(
        format=FORMAT,
        agree=comparable and not apart,
        reading=_reading(len(runs), apart, comparable=comparable),
        figures=figures,
        runs=tuple(runs),
    )


def agreeing(name: str, title: str, values: Sequence[Estimate]) -> Agreeing:
    """One figure of several tests."""
    known = [value for value in values if value.value is not None]
    low = max((value.low if value.low is not None else -math.inf for value in known), default=math.inf)
    high = min((value.high if value.high is not None else math.inf for value in known), default=-math.inf)
    meet = low <= high and len(known) == len(values)
    numbers = sorted(value.value for value in known if value.value is not None)
    return Agreeing(
        figure=name,
        title=title,
        values=tuple(values),
        common=(low, high) if meet and math.isfinite(low) and math.isfinite(high) else None,
        spread=(numbers[-1] - numbers[0]) / numbers[len(numbers) // 2] if numbers and numbers[-1] else None,
    )


def _known(figure: Agreeing) -> bool:
    """Whether every test gave the figure with both ends."""
    return all(value.low is not None and value.high is not None for value in figure.values)


def _reading(count: int, apart: Sequence[str], *, comparable: bool) -> str:
    if not comparable:
        return f"The {count} tests leave an end open, so there is nothing to compare."
    if apart:
        return f"The {count} tests do not agree: the intervals of the {' and the '.join(apart)} share no point."
    return f"The {count} tests agree: each figure's intervals share a point."
