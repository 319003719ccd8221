"""What a user sends next, and in a duel to which side.

In a duel two neighbouring requests of a user are a *pair*: the same exchange, once for base and once for head, in an
order drawn by lot. Both sides so get the same payloads, equally many, and nothing that happens by the clock can favour
one of them. A stage may also belong to one side alone; then every request is one of its own, and its twin (`_twins`)
has the same ones.

    no duel       a1 b1 c1 d1 …
    both sides    a→head a→base, b→base b→head, …
    base alone    a→base, b→base, …       and its twin, head alone: a→head, b→head, …

Pairs never reach over the border of two stages, and a turn that came to nothing comes again, so that of the requests
that a user sends in a stage one side has at most one more than the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from random import Random
from typing import Literal, NamedTuple, Protocol

from loadtests._exchange import Exchange
from loadtests._running._twins import twins

Side = Literal["", "base", "head"]
"""Who gets a request; empty where there is no duel."""
SIDES: tuple[Side, Side] = ("base", "head")


class Turn(NamedTuple):
    """An exchange, and whom it is for."""

    exchange: Exchange
    side: Side


class Turns(Protocol):
    """One user's turns."""

    def next(self, stage: str) -> tuple[Exchange, Side]:
        """For an arrival in ``stage``."""

    def give_back(self) -> None:
        """The last turn came to nothing."""


class Alone:
    """There is one target: exchange after exchange. It is asked for every request, and so spares what it can."""

    def __init__(self, exchanges: Iterator[Exchange]) -> None:
        self._exchanges = exchanges

    def next(self, stage: str) -> tuple[Exchange, Side]:
        """The next exchange, whatever the stage."""
        return next(self._exchanges), ""

    def give_back(self) -> None:
        """What was dropped is gone, and the next arrival has its own exchange."""


class Pairs:
    """Turns of a duel; ``sides`` are stages to ``both``, ``base`` or ``head``."""

    def __init__(self, exchanges: Iterator[Exchange], random: Random, sides: Mapping[str, str]) -> None:
        self._exchanges = exchanges
        self._random = random
        self._sides = sides
        self._first_of = twins(sides)
        self._kept: dict[str, deque[Exchange]] = {first: deque() for first in self._first_of.values()}
        """What was drawn in a stage whose twin is still to come."""
        self._stage = ""
        self._waiting: list[Turn] = []
        """Turns of this stage that are still to be taken, the next one last."""
        self._last: Turn | None = None

    def next(self, stage: str) -> Turn:
        """The other half of a pair that is begun in ``stage``, else a new turn."""
        if stage != self._stage:
            self._stage = stage
            self._waiting.clear()
        if not self._waiting:
            self._waiting = self._drawn(self._sides.get(stage, "both"))
        self._last = self._waiting.pop()
        return self._last

    def give_back(self) -> None:
        """Whoever arrives next in this stage takes it instead."""
        if self._last is not None:
            self._waiting.append(self._last)
            self._last = None

    def _drawn(self, side: str) -> list[Turn]:
        if side != "both":
            return [Turn(self._drawn_alone(), "base" if side == "base" else "head")]
        exchange = next(self._exchanges)
        first = self._random.random() < 0.5
        return [Turn(exchange, each) for each in (SIDES if first else SIDES[::-1])]

    def _drawn_alone(self) -> Exchange:
        """What the twin of this stage had, as far as it came, else a new one, kept for the twin if that is to come."""
        had = self._kept.get(self._first_of.get(self._stage, ""))
        if had:
            return had.popleft()
        exchange = next(self._exchanges)
        if self._stage in self._kept:
            self._kept[self._stage].append(exchange)
        return exchange
