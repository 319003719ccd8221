"""Who waits for a lane, and in which order they are taken: by priority, and within it in turns.

A request's items wait together, as one party. Parties of one priority are served in rounds, some items each, so that
one comment does not wait for the thousand that came before it. Interactive parties go first, but as long as bulk
parties wait, one item in a few is theirs: they are slow then, not stuck.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable
from itertools import chain
from typing import Final, Generic

from service.core.call import Priority
from service.core.flight import Flight, Item, Outcome

PORTION: Final = 16
"""Items that a party is served in one round, at most."""
BULK_EVERY: Final = 8
"""Of so many items one is a bulk item, as long as any wait."""


class Line(Generic[Item, Outcome]):
    """Items that wait; ``observe`` is told how long some of them had waited when they were taken, and how many.

    All times are seconds of one clock.
    """

    def __init__(self, observe: Callable[[float, int], None]) -> None:
        self._observe = observe
        self._interactive: deque[_Party[Item, Outcome]] = deque()
        self._bulk: deque[_Party[Item, Outcome]] = deque()
        self._in_a_row = 0
        """Interactive items taken since the last bulk item."""
        self.earliest = 0.0
        """Nobody waits since earlier than this."""
        self.count = 0
        """Items that wait."""
        self.size = 0
        """Bytes of them."""

    def join(self, flights: Collection[Flight[Item, Outcome]], priority: Priority, now: float) -> None:
        """``flights`` wait from now on, as one party."""
        if not self.count:
            self.earliest = now
        (self._bulk if priority is Priority.BULK else self._interactive).append(_Party(flights, now))
        self.count += len(flights)
        self.size += _size(flights)

    def oldest(self) -> float:
        """Since when the party waits that waits longest; there must be one."""
        return min(party.since for party in chain(self._interactive, self._bulk))

    def take(self, items: int, size: float, now: float) -> list[Flight[Item, Outcome]]:
        """The next so many items of so many bytes, at most, but at least one."""
        batch: list[Flight[Item, Outcome]] = []
        while self.count and len(batch) < items:
            parties, portion = self._next()
            party = parties[0]
            served = party.served(min(portion, items - len(batch)), size, not batch)
            if not served:
                break
            parties.rotate(-1) if party.flights else parties.popleft()
            if parties is self._interactive:
                self._in_a_row += len(served)
            self._observe(now - party.since, len(served))
            size -= self._remove(served)
            batch += served
        return batch

    def expire(self, before: float) -> list[Flight[Item, Outcome]]:
        """Take out what waits since then or longer."""
        if not self.count or self.earliest > before:
            return []
        expired: list[Flight[Item, Outcome]] = []
        for parties in (self._interactive, self._bulk):
            for party in [party for party in parties if party.since <= before]:
                parties.remove(party)
                self._remove(party.flights)
                expired += party.flights
        if self.count:
            self.earliest = self.oldest()
        return expired

    def _next(self) -> tuple[deque[_Party[Item, Outcome]], int]:
        """(whose turn it is, how many items one of them is served)."""
        if not self._bulk:
            return self._interactive, PORTION
        if not self._interactive:
            return self._bulk, PORTION
        if self._in_a_row < BULK_EVERY - 1:
            return self._interactive, BULK_EVERY - 1 - self._in_a_row
        self._in_a_row = 0
        return self._bulk, 1

    def _remove(self, flights: Collection[Flight[Item, Outcome]]) -> int:
        size = _size(flights)
        self.count -= len(flights)
        self.size -= size
        return size


class _Party(Generic[Item, Outcome]):
    __slots__ = ("flights", "since")

    def __init__(self, flights: Iterable[Flight[Item, Outcome]], since: float) -> None:
        self.flights = deque(flights)
        self.since = since

    def served(self, items: int, size: float, is_first: bool) -> list[Flight[Item, Outcome]]:
        """Take out so many items of so many bytes, at most; the first of a batch gets one in any case."""
        served: list[Flight[Item, Outcome]] = []
        while self.flights and len(served) < items:
            size -= self.flights[0].size
            if size < 0 and (served or not is_first):
                break
            served.append(self.flights.popleft())
        return served


def _size(flights: Iterable[Flight[Item, Outcome]]) -> int:
    return sum([flight.size for flight in flights])
