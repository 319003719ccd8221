"""Blocks that one side has to itself come in twins: base and head, or head and base, get the same at the same moments.

Two blocks whose arrivals and payloads are drawn apart differ by the luck of the draw, and their 95th percentiles by
nearly half. Twins share it ("common random numbers"), so that what is left is the sides and the machine.

Source: A. M. Law, Simulation Modeling and Analysis, 5th edition, section 11.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from slo.record import Stage


def twins(sides: Mapping[str, str]) -> dict[str, str]:
    """The second stage of each pair to its first, of stages to ``both``, ``base`` or ``head`` in their order."""
    own = [stage for stage, side in sides.items() if side != "both"]
    return {second: first for first, second in zip(own[::2], own[1::2], strict=False) if sides[first] != sides[second]}


def twinned(moments: Iterator[float], stages: Sequence[Stage]) -> Iterator[float]:
    """``moments`` in order, where those in the second of twins are those in the first, as long after its beginning."""
    first_of = twins({stage.name: stage.side for stage in stages})
    followed = set(first_of.values())
    begins = accumulate((stage.seconds for stage in stages), initial=0.0)
    kept: dict[str, list[float]] = {}
    ahead = next(moments, None)
    for stage, begin in zip(stages, begins, strict=False):
        first = first_of.get(stage.name)
        kept[stage.name] = []
        if first is not None:
            yield from (begin + after for after in kept[first] if after < stage.seconds)
        while ahead is not None and ahead < begin + stage.seconds:
            if stage.name in followed:
                kept[stage.name].append(ahead - begin)
            if first is None:
                yield ahead
            ahead = next(moments, None)
