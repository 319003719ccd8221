"""A profile as a value: folded stacks with a cost each, that can be saved, loaded, added up and asked.

The text form is Brendan Gregg's folded format, one stack a line, outermost frame first::

    serve;handle;analyse 42

Source: B. Gregg, "The Flame Graph", CACM 59(6), 2016.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

Stack = tuple[str, ...]
"""Frames from the outermost to the one that was running or allocating."""


class FoldedStacksError(ValueError):
    """A text is not in the folded format; says which line."""


@dataclass(frozen=True, slots=True)
class FrameCost:
    """What one function costs, in the profile's unit."""

    frame: str
    own: int
    """In the function itself."""
    inclusive: int
    """In it and all that it calls; a recursive function is counted once a stack."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Costs by stack. ``unit`` says what a cost is: ``samples`` or ``bytes``."""

    unit: str
    stacks: Mapping[Stack, int]

    @classmethod
    def parse(cls, text: str, unit: str) -> Profile:
        """The profile in a folded ``text``; stacks without frames, such as native threads leave, are dropped."""
        stacks: Counter[Stack] = Counter()
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip():
                continue
            frames, _, cost = line.rpartition(" ")
            if not cost.isdecimal():
                raise FoldedStacksError(f"line {number}: no cost at its end")
            if frames.strip():
                stacks[tuple(frames.split(";"))] += int(cost)
        return cls(unit, dict(stacks))

    @classmethod
    def load(cls, path: Path, unit: str) -> Profile:
        """The profile in a folded file."""
        return cls.parse(path.read_text(encoding="utf-8"), unit)

    @classmethod
    def combined(cls, profiles: Iterable[Profile]) -> Profile:
        """The sum of ``profiles``, which must have one unit."""
        total: Counter[Stack] = Counter()
        units: set[str] = set()
        for profile in profiles:
            units.add(profile.unit)
            total.update(profile.stacks)
        if len(units) > 1:
            raise ValueError(f"profiles of {', '.join(sorted(units))} do not add up")
        return cls(units.pop() if units else "", dict(total))

    @property
    def total(self) -> int:
        """All costs together."""
        return sum(self.stacks.values())

    def text(self) -> str:
        """The folded form, in a stable order."""
        return "".join(f"{';'.join(stack)} {cost}\n" for stack, cost in sorted(self.stacks.items()))

    def save(self, path: Path) -> None:
        """Write the folded form."""
        path.write_text(self.text(), encoding="utf-8")

    def frames(self) -> list[FrameCost]:
        """Every function's cost, the dearest in itself first."""
        own: Counter[str] = Counter()
        inclusive: Counter[str] = Counter()
        for stack, cost in self.stacks.items():
            own[stack[-1]] += cost
            for frame in set(stack):
                inclusive[frame] += cost
        costs = [FrameCost(frame, own[frame], inclusive[frame]) for frame in inclusive]
        return sorted(costs, key=lambda cost: (-cost.own, -cost.inclusive, cost.frame))
