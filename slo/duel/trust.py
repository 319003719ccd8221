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
"""By how much the base may differ from itself between two blocks of one launch; beyond it and certainly so, the machine
was not the same machine."""
CONTROL_P = 0.001


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
    elif abs(head - base) / (head + base) > LARGEST_IMBALANCE:
        reason = f"the base had {base:,} requests and the head {head:,}, where both were to have as many"
        yield Distrust(code="sides-unbalanced", reason=reason, evidence={"base": base, "head": head})


def _control(launches: Sequence[Launch]) -> Iterator[Distrust]:
    """The negative control: the base against itself, in the first and in the last block of each round."""
    moved = [_against_itself(launch.opened) for launch in launches]
    moved = [each for each in moved if each]
    if len(moved) < 2:
        return
    change = abs(stats.two_level_interval(moved, 0.95).value)
    flipped = [[-value for value in each] for each in moved]
    if math.expm1(change) > CONTROL_CHANGE and min(stats.cluster_p(moved), stats.cluster_p(flipped)) < CONTROL_P:
        reason = f"the base differs from itself by {written(math.expm1(change), Unit.RATIO)} within each launch"
        yield Distrust(code="control-moved", reason=reason, evidence={"change": round(math.expm1(change), 4)})


def _against_itself(run: Run) -> list[float]:
    medians = [pair[0].tallies["base", ""].histogram().quantile(0.5) for pair in blocks(run)]
    return [math.log(last / first) for first, last in zip(medians[::2], medians[1::2], strict=False) if first and last]
