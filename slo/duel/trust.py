"""Why a duel cannot be judged: the doubts about its runs, and those that only two sides together raise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from slo import stats
from slo.duel.model import SIDES
from slo.duel.samples import Launch
from slo.duel.windows import blocks, windows
from slo.model import Distrust, Unit
from slo.quantities import written
from slo.record import Run
from slo.trust import distrusts

LARGEST_IMBALANCE = 0.02
"""Of all mixed requests; they go out in pairs, one to each side, so that only a torn pair may differ."""
CONTROL_CHANGE = 0.25
"""By how much a side may differ from itself between two blocks of one launch; beyond it and certainly so, the machine
was not the same machine."""
CONTROL_P = 0.005
"""Two-sided it is twice that: of a hundred steady machines one is doubted, if it differs so much at all."""


def doubts(launches: Sequence[Launch], window: int, *, clock_step: float, longest: float) -> tuple[Distrust, ...]:
    """Every reason to distrust a duel, each kind once however many launches show it."""
    found: dict[str, Distrust] = {}
    for number, launch in enumerate(launches, start=1):
        for run in filter(None, (launch.opened, launch.closed)):
            for doubt in distrusts(run):
                found.setdefault(
                    doubt.code,
                    Distrust(
                        code=doubt.code,
                        reason=f"in launch {number} {doubt.reason}",
                        evidence={**doubt.evidence, "launch": number},
                    ),
                )
    own = (*_clock(clock_step, longest), *_balance(launches, window), *_control(launches))
    return (*found.values(), *(doubt for doubt in own if doubt.code not in found))


def _clock(step: float, longest: float) -> Iterator[Distrust]:
    if step > longest:
        reason = f"the machine's clock was set by {written(step, Unit.SECONDS)} while a launch ran"
        yield Distrust(code="clock-jumped", reason=reason, evidence={"step_s": round(step, 3)})


def _balance(launches: Sequence[Launch], window: int) -> Iterator[Distrust]:
    mixed = [each for launch in launches for each in windows(launch.opened, window)]
    base, head = (sum(each.tallies[side, ""].requests for each in mixed) for side in SIDES)
    if not base or not head:
        yield Distrust(
            code="one-side-only", reason="one side had no requests at all", evidence={"base": base, "head": head}
        )
    elif launches[0].opened.header.plan.pairs and abs(head - base) / (head + base) > LARGEST_IMBALANCE:
        reason = f"the base had {base:,} requests and the head {head:,}, where both were to have as many"
        yield Distrust(code="sides-unbalanced", reason=reason, evidence={"base": base, "head": head})


def _control(launches: Sequence[Launch]) -> Iterator[Distrust]:
    """The negative control: whoever has the outer blocks of a round against itself, in the last and in the first."""
    moved = [each for each in (_against_itself(launch.opened) for launch in launches) if each]
    if len(moved) < 2:
        return
    change = abs(stats.two_level_interval(moved, 0.95).value)
    flipped = [[-value for value in each] for each in moved]
    if math.expm1(change) > CONTROL_CHANGE and min(stats.cluster_p(moved), stats.cluster_p(flipped)) < CONTROL_P:
        reason = f"a side differs from itself by {written(math.expm1(change), Unit.RATIO)} within each launch"
        yield Distrust(code="control-moved", reason=reason, evidence={"change": round(math.expm1(change), 4)})


def _against_itself(run: Run) -> list[float]:
    """ln(last / first) of the medians of the outer blocks, round by round."""
    found = []
    for first, second in zip(*[iter(blocks(run))] * 2, strict=False):
        base_is_outside = first[0].first < first[1].first
        side, place = ("base", 0) if base_is_outside else ("head", 1)
        ends = [pair[place].tallies[side, ""].histogram().quantile(0.5) for pair in (first, second)]
        if all(ends):
            found.append(math.log(ends[1] / ends[0]))
    return found
