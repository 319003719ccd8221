"""The course of a plan, drawn with blocks: rate or users from left to right, the stages' names below."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise

from loadtests._planning._plan import Plan
from loadtests._planning._stages import PlanStage

ROWS = 6
_BLOCKS = " ▁▂▃▄▅▆▇█"
_FULL = len(_BLOCKS) - 1


def ends(plan: Plan, stage: PlanStage) -> tuple[float, float]:
    """Arrivals per second, or users of a closed plan, at the begin and at the end of ``stage``."""
    return stage.users_or(plan.users) if plan.closed else stage.rates


def columns(plan: Plan, width: int) -> list[float]:
    """The highest rate, or number of users, in each of ``width`` equal parts of the plan."""
    starts = [0.0, *accumulate(stage.seconds for stage in plan.stages)]
    spans = list(zip(plan.stages, starts, strict=False))
    part = starts[-1] / width
    return [max(_inside(plan, spans, index * part, (index + 1) * part), default=0.0) for index in range(width)]


def drawing(plan: Plan, width: int) -> Iterator[str]:
    """The lines of the drawing, each at most ``width`` characters."""
    unit = "" if plan.closed else "/s"
    peak = max(max(ends(plan, stage)) for stage in plan.stages)
    labels = [f"{peak:,.4g}{unit}", *[""] * (ROWS - 2), f"0{unit}"]
    margin = max(map(len, labels))
    values = columns(plan, max(width - margin - 2, 10))
    levels = [value / peak * ROWS * _FULL if peak else 0.0 for value in values]
    for label, below in zip(labels, reversed(range(ROWS)), strict=True):
        blocks = "".join(_BLOCKS[round(min(max(level - below * _FULL, 0.0), _FULL))] for level in levels)
        yield f"{label:>{margin}} ┤{blocks}".rstrip()
    yield f"{'':>{margin}} └{_names(plan, len(values))}"


def _inside(plan: Plan, spans: list[tuple[PlanStage, float]], begin: float, end: float) -> Iterator[float]:
    """Both ends of what each stage does between ``begin`` and ``end``."""
    for stage, start in spans:
        if start < end and begin < start + stage.seconds:
            first, last = ends(plan, stage)
            slope = (last - first) / stage.seconds
            yield first + slope * (max(begin, start) - start)
            yield first + slope * (min(end, start + stage.seconds) - start)


def _names(plan: Plan, width: int) -> str:
    """Each stage's name where it begins, as far as there is room until the next."""
    starts = accumulate((stage.seconds for stage in plan.stages), initial=0.0)
    places = [round(start / plan.seconds * width) for start in starts]
    rooms = [end - begin for begin, end in pairwise(places)]
    parts = [
        f"{stage.name[: room - 2]:─<{room - 1}}┴" if room > 1 else "┴" * room
        for stage, room in zip(plan.stages, rooms, strict=True)
    ]
    return "".join(parts).removesuffix("┴")
