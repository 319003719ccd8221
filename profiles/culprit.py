"""Which functions made a request dearer.

A function is named when its own cost rose for certain, by a part of what a request costs that matters, and when the
whole request became dearer by half as much at least: work that only moved from one function into another is a rise
and a fall that cancel out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from profiles.diff import Difference, FrameChange
from profiles.recording import EXACT_UNITS

LEAST_SHARE = 0.01
"""Of the cost of a request before; less is not worth a name when costs are sampled."""
LEAST_SHARE_EXACT = 0.001
"""The same when they are counted."""
SEEN_IN_TOTAL = 0.5
"""Such a part of a function's rise must be seen in the whole request; with samples not all of it would be."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A function that is dearer than it was. ``share`` is of what a request cost before, ``explains`` of its rise."""

    change: FrameChange
    share: float
    explains: float

    @property
    def is_new(self) -> bool:
        """Whether it was not called before."""
        return self.change.inclusive.before == 0.0


def suspects(difference: Difference) -> Sequence[Suspect]:
    """Those to be named, who explains most first."""
    total = difference.total
    if total.by <= 0.0 or total.before <= 0.0:
        return ()
    least = total.before * (LEAST_SHARE_EXACT if difference.unit in EXACT_UNITS else LEAST_SHARE)
    most = total.by / SEEN_IN_TOTAL
    named = [each for each in difference.frames if each.own.is_certain and least <= each.own.by <= most]
    return tuple(
        Suspect(each, each.own.by / total.before, each.own.by / total.by)
        for each in sorted(named, key=lambda each: (-each.own.by, each.frame))
    )
