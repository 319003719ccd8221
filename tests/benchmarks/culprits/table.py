"""What came of the trials, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from slo.stats import clopper_pearson

EDGES = (0.0, 0.015, 0.035, 0.075, 0.15, float("inf"))
"""Between the sizes that are planted."""
CONFIDENCE = 0.95
LARGE = 0.05
"""A slowdown of such a part of a request, or of something new, must be found."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One slowdown, or none, and who was named for it."""

    kind: str
    right: tuple[str, ...]
    """The function, or those that will do; empty where nothing was made slower."""
    added: float | None
    """What it cost in the end, in parts of a request; None where that had cost nothing before."""
    named: tuple[str, ...]

    @property
    def is_large(self) -> bool:
        """Whether it is one that must be found."""
        return self.added is None or self.added >= LARGE

    def is_found(self, within: int) -> bool:
        """Whether the right function is among the first ``within`` that were named: itself or what is defined in it."""
        return any(each in self.right or _inside(each) in self.right for each in self.named[:within])


def _inside(frame: str) -> str:
    """The function that ``frame`` is defined in."""
    name, mark, file = frame.rpartition(" (")
    return f"{name.partition('.<locals>')[0]}{mark}{file}"


def write(path: Path, trials: Sequence[Trial]) -> None:
    """Keep all trials as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(trials), indent=1))


def rows(trials: Sequence[Trial]) -> str:
    """A Markdown table by kind and by size."""
    changed = [trial for trial in trials if trial.right]
    unchanged = [trial for trial in trials if not trial.right]
    lines = ["| slowdown | planted | right function first | among the first three |", "| --- | --- | --- | --- |"]
    lines += [
        _row(kind, [trial for trial in changed if trial.kind == kind])
        for kind in dict.fromkeys(t.kind for t in changed)
    ]
    for low, high in pairwise(EDGES):
        part = [trial for trial in changed if trial.added is not None and low <= trial.added < high]
        if part:
            added = [trial.added for trial in part if trial.added is not None]
            lines.append(_row(f"of {min(added):.1%} to {max(added):.1%}", part))
    large = [trial for trial in changed if trial.is_large]
    if large:
        lines.append(_row(f"**of {LARGE:.0%} or more, and what was not there before**", large))
    lines.append(_row("all", changed))
    if unchanged:
        false = sum(bool(trial.named) for trial in unchanged)
        lines.append("")
        lines.append(f"Nothing changed: {len(unchanged)} times, and somebody was named in {false} of them.")
    return "\n".join(lines)


def _row(name: str, trials: Sequence[Trial]) -> str:
    shares = [_share(sum(trial.is_found(within) for trial in trials), len(trials)) for within in (1, 3)]
    return f"| {name} | {len(trials)} | {shares[0]} | {shares[1]} |"


def _share(hits: int, trials: int) -> str:
    interval = clopper_pearson(hits, trials, CONFIDENCE)
    return f"{hits / trials:.0%} ({interval.low:.0%} to {interval.high:.0%})"
