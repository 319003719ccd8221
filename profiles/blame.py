"""Who decided that a request became dearer: the functions that do more, and those that have more done.

A function's cost is its own and that of what it calls outside of the project. When a function of the project became
dearer because it is called more often, not it is to blame but whoever calls it more often. With the calls at each
place of the call tree known, the rise of a place n below its callers a₀ … aₙ = n comes apart exactly:

    after − before  =  (after − before·rₙ)  +  Σ before·(rᵢ − rᵢ₋₁)

where rᵢ is by how much more often aᵢ is called, r₀ = 1. The first term is what n itself does more in each call; each
term of the sum is owed by aᵢ₋₁, which calls aᵢ more often. A place that is new is owed by itself if its function was
edited, else by the nearest caller that was there before. The same holds of a function that is called more often: if
it was edited and its caller was not, as when it lost its cache, it is to blame itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from profiles.culprit import LEAST_SHARE_EXACT, SEEN_IN_TOTAL
from profiles.recording import Recording
from profiles.stacks import Stack

FIRST_SHARE = 0.05
"""Of the rise; an edited function that owes so much comes before all that were not edited."""

Asks = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Blamed:
    """A function that made a request dearer, in the unit of the recordings and for each request."""

    frame: str
    before: float
    """Its own cost."""
    rise: float
    share: float
    """Of what a whole request cost before; of what it costs after where it cost nothing."""
    explains: float
    """Of the rise of a whole request."""
    detail: str
    """What outside of the project it is that costs more, where it is not the function itself."""


@dataclass(slots=True)
class _Tree:
    """Costs and calls by place, a place being its callers of the project and itself."""

    own: Counter[Stack] = field(default_factory=Counter)
    calls: Counter[Stack] = field(default_factory=Counter)
    outside: dict[Stack, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    per: float = 1.0

    def often(self, place: Stack) -> float:
        """Calls for each request; 1 of the root."""
        return self.calls[place] / self.per if place else 1.0


def blamed(
    base: Recording, head: Recording, calls: tuple[Recording, Recording], *, is_ours: Asks, is_edited: Asks
) -> Sequence[Blamed]:
    """Those to be named, the edited ones first and then who explains most.

    ``calls`` are of the same requests on the same sides.
    """
    before, after = _grown(base, calls[0], is_ours), _grown(head, calls[1], is_ours)
    total_before, total_after = (sum(tree.own.values()) / tree.per for tree in (before, after))
    by = total_after - total_before
    if by <= 0.0:
        return ()
    rises = _rises(before, after, is_edited)
    size = total_before or total_after
    least, most = size * LEAST_SHARE_EXACT, by / SEEN_IN_TOTAL
    owns = _by_function(before)
    named = {frame: rise for frame, rise in rises.items() if frame and least <= rise <= most}

    def rank(frame: str) -> tuple[bool, float, str]:
        return not (is_edited(frame) and named[frame] >= by * FIRST_SHARE), -named[frame], frame

    return tuple(
        Blamed(frame, owns.get(frame, 0.0), rise, rise / size, rise / by, _detail(before, after, frame, rise))
        for frame, rise in ((frame, named[frame]) for frame in sorted(named, key=rank))
    )


def is_inner(frame: str) -> bool:
    """Whether it is a lambda or a comprehension: a part of the function that it stands in."""
    return ".<locals>.<" in frame


def outer(frame: str) -> str:
    """The function that ``frame`` belongs to, itself or the one around a lambda or comprehension."""
    name, mark, file = frame.rpartition(" (")
    while ".<locals>.<" in name:
        name = name.rpartition(".<locals>.<")[0]
    return f"{name}{mark}{file}"


def _grown(costs: Recording, calls: Recording, is_ours: Asks) -> _Tree:
    tree = _Tree(per=costs.answered)
    known: dict[str, str] = {}

    def ours(frame: str) -> str:
        if frame not in known:
            known[frame] = outer(frame) if is_ours(frame) else ""
        return known[frame]

    for stack, cost in costs.profile().stacks.items():
        place = _place(stack, ours)
        tree.own[place] += cost
        if not ours(stack[-1]):
            beyond = next((n for n in range(len(stack) - 1, -1, -1) if ours(stack[n])), -1)
            tree.outside[place][f"{stack[beyond + 1]}"] += cost
    for stack, often in calls.profile().stacks.items():
        if ours(stack[-1]) and not is_inner(stack[-1]):
            tree.calls[_place(stack, ours)] += often
    return tree


def _place(stack: Stack, ours: Callable[[str], str]) -> Stack:
    place: list[str] = []
    for frame in stack:
        name = ours(frame)
        if name and not (place and is_inner(frame) and place[-1] == name):
            place.append(name)
    return tuple(place)


def _rises(before: _Tree, after: _Tree, is_edited: Asks) -> Mapping[str, float]:
    rises: defaultdict[str, float] = defaultdict(float)
    for place in before.own.keys() | after.own.keys():
        was, now = before.own[place] / before.per, after.own[place] / after.per
        if not _was_called(before, place):
            rises[_newcomer(before, place, is_edited)] += now - was
            continue
        ratio = 1.0
        for depth in range(1, len(place) + 1):
            called = _ratio(before, after, place[:depth], ratio)
            if called != ratio:
                rises[_decider(place, depth, is_edited)] += was * (called - ratio)
            ratio = called
        rises[place[-1] if place else ""] += now - was * ratio
    return rises


def _was_called(before: _Tree, place: Stack) -> bool:
    return not place or before.often(place) > 0.0 or before.own[place] > 0


def _ratio(before: _Tree, after: _Tree, place: Stack, callers: float) -> float:
    """By how much more often ``place`` is called than before; as its callers where nobody counted."""
    was = before.often(place)
    return after.often(place) / was if was > 0.0 else callers


def _decider(place: Stack, depth: int, is_edited: Asks) -> str:
    """Who owes that the function at ``depth`` of ``place`` is called more often."""
    callee = place[depth - 1]
    caller = place[depth - 2] if depth > 1 else callee
    return callee if is_edited(callee) and not is_edited(caller) else caller


def _newcomer(before: _Tree, place: Stack, is_edited: Asks) -> str:
    """Who owes that ``place`` is there."""
    depth = next(n for n in range(len(place), -1, -1) if _was_called(before, place[:n]))
    edited = [frame for frame in place[depth:] if is_edited(frame)]
    if edited:
        return edited[-1]
    return place[depth - 1] if depth else place[0]


def _by_function(tree: _Tree) -> Mapping[str, float]:
    costs: defaultdict[str, float] = defaultdict(float)
    for place, cost in tree.own.items():
        costs[place[-1] if place else ""] += cost / tree.per
    return costs


def _detail(before: _Tree, after: _Tree, frame: str, rise: float) -> str:
    """What lies outside, is called by ``frame`` or by what it calls, and became dearer by half the rise at least."""
    changes: defaultdict[str, float] = defaultdict(float)
    for tree, sign in ((before, -1.0), (after, 1.0)):
        for place, outside in tree.outside.items():
            if frame in place:
                for name, cost in outside.items():
                    changes[name] += sign * cost / tree.per
    dearest = max(changes, key=lambda name: (changes[name], name), default="")
    return dearest if dearest and changes[dearest] >= rise / 2 else ""
