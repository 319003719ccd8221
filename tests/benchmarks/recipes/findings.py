"""What one run of the benchmark found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from tests.benchmarks.recipes.cards import Kind
from tests.benchmarks.recipes.matching import Aspect
from tests.benchmarks.recipes.receipts import Receipt
from tests.benchmarks.recipes.scoring import Score
from tests.benchmarks.recipes.speed import GOALS, Timed
from tests.benchmarks.recipes.words import Part

FOUND_GOALS: Final = {"clean print": 0.95, "photographed print": 0.85}
"""Shares of the printed lines."""
RIGHT_GOALS: Final[dict[Aspect, float]] = {"quantity": 0.93, "unit": 0.93, "name": 0.93}
"""Shares of the found lines."""
RECALL_GOAL: Final = 0.94
MOST_BYTES: Final = 2**30
"""Of memory, for one process that reads."""

GROUPS: Final[dict[str, tuple[Kind, ...]]] = {
    "clean print": ("print", "turned print"),
    "of it, turned": ("turned print",),
    "photographed print": ("photo", "dark photo"),
    "of it, in little light": ("dark photo",),
    "like handwriting": ("script",),
}
"""Kinds of cards that are told of together."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Quality and speed, and under which circumstances."""

    started_at: str
    machine: str
    python: str
    packages: dict[str, str]
    command: str
    part: Part
    scores: list[Score]
    timed: list[Timed]
    receipts: list[Receipt]


class Share(NamedTuple):
    """So many of so many."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """From 0 to 1; 0 of nothing."""
        return self.part / self.whole if self.whole else 0.0


def found(scores: Sequence[Score]) -> Share:
    """Of the printed ingredients, those that were found."""
    return Share(sum(score.found for score in scores), sum(score.lines for score in scores))


def right(scores: Sequence[Score], aspect: Aspect) -> Share:
    """Of the found ingredients, those that are right in one aspect."""
    return Share(sum(score.right[aspect] for score in scores), sum(score.found for score in scores))


def false(scores: Sequence[Score]) -> Share:
    """Of the returned ingredients, those that are not printed."""
    count = sum(score.false for score in scores)
    return Share(count, count + sum(score.found for score in scores))


def steps(scores: Sequence[Score]) -> Share:
    """Of the printed steps, those that were returned."""
    return Share(sum(score.steps_found for score in scores), sum(score.steps for score in scores))


def whole(scores: Sequence[Score], name: str) -> Share:
    """Of the cards, those on which the title, say, is right."""
    return Share(sum(score.whole[name] for score in scores), len(scores))


def of_group(scores: Sequence[Score], group: str) -> list[Score]:
    """Those of the kinds in one of `GROUPS`."""
    return [score for score in scores if score.kind in GROUPS[group]]


def recall(receipts: Sequence[Receipt]) -> Share:
    """Of the words on all receipts, those that were read."""
    return Share(sum(receipt.read for receipt in receipts), sum(receipt.words for receipt in receipts))


def misses(measured: Measured) -> list[str]:
    """Goals that were not reached."""
    return [*_quality(measured.scores), *_speed(measured.timed), *_recall(measured.receipts)]


def _quality(scores: Sequence[Score]) -> Iterator[str]:
    for group, goal in FOUND_GOALS.items():
        if not (members := of_group(scores, group)):
            continue
        if (share := found(members)).value < goal:
            yield f"{group}: {share.value:.1%} of the lines are found, not {goal:.0%}"
        for aspect, least in RIGHT_GOALS.items():
            if (share := right(members, aspect)).value < least:
                yield f"{group}: {aspect} is right in {share.value:.1%} of the found lines, not {least:.0%}"


def _speed(timed: Sequence[Timed]) -> Iterator[str]:
    for each in timed:
        if each.p95_seconds > GOALS[each.kind]:
            yield f"{each.kind}: p95 is {each.p95_seconds:.2f} s, not {GOALS[each.kind]:g} s"
        if each.peak_bytes > MOST_BYTES:
            yield f"{each.kind}: a process takes {each.peak_bytes / 2**20:.0f} MiB, not {MOST_BYTES / 2**20:.0f}"


def _recall(receipts: Sequence[Receipt]) -> Iterator[str]:
    if receipts and (share := recall(receipts)).value < RECALL_GOAL:
        yield f"receipts: {share.value:.1%} of the words are read, not {RECALL_GOAL:.0%}"
