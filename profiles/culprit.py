"""Which functions made a request dearer.

A function is named when its own cost rose for certain and by a part of what all requests cost that matters. Work
that only moved, from a function into one that it calls, shows as a rise and a fall that cancel out in whoever calls
both: the callers' inclusive cost is unchanged, and nobody is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from profiles.diff import Difference, FrameChange

LEAST_SHARE = 0.01
"""Of the cost of a request before; less is not worth a name when costs are sampled."""
LEAST_SHARE_EXACT = 0.001
"""The same when they are counted."""


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


def suspects(difference: Difference, *, is_exact: bool) -> Sequence[Suspect]:
    """Those to be named, who explains most first; none when a request is not dearer for certain."""
    total = difference.total
    if not (total.is_certain and total.by > 0.0) or total.before <= 0.0:
        return ()
    least = total.before * (LEAST_SHARE_EXACT if is_exact else LEAST_SHARE)
    named = [each for each in difference.frames if each.own.is_certain and each.own.by >= least]
    return tuple(
        Suspect(each, each.own.by / total.before, each.own.by / total.by)
        for each in sorted(named, key=lambda each: (-each.own.by, each.frame))
    )
