"""Items on their way: equal ones are looked up and analysed once, for everybody who asks meanwhile.

    order ◀──┐
    order ◀──┼── flight (one item) ──▶ far tiers ──▶ line ──▶ batch
    order ◀──┘

An order is what one request waits for. A flight knows its orders and not the other way round, so a caller that goes
away takes nothing with it: the work ends where it would have ended, and others still get it.
"""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

import msgspec

from service.core.call import PUBLIC_TENANT
from service.core.errors import AnalysisError, OverloadError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome", bound=msgspec.Struct)


class Order(Generic[Outcome]):
    """The outcomes that one request waits for; ``outcomes`` has a gap of None at each of ``gaps`` places.

    ``since`` is when it began to wait for its turn, in seconds of the lane's clock.
    """

    __slots__ = ("_future", "_gaps", "_last", "began_at", "compute", "error", "fetch", "outcomes", "since")

    def __init__(
        self,
        outcomes: list[Outcome | AnalysisError | None],
        gaps: int,
        since: float,
        future: asyncio.Future[None],
    ) -> None:
        self.outcomes = outcomes
        self.since = since
        self.began_at: float | None = None
        """When the first batch with an item of it began; None when none was needed."""
        self.compute = 0.0
        """Seconds that the batches with items of it took, each counted once."""
        self.fetch = 0.0
        """Seconds that the slowest of its items took to be fetched."""
        self.error: OverloadError | None = None
        self._gaps = gaps
        self._future = future
        self._last = -1.0

    async def filled(self) -> list[Outcome | AnalysisError]:
        """All outcomes, once they are there; the OverloadError that came instead is raised."""
        await self._future
        if self.error is not None:
            raise self.error
        return [outcome for outcome in self.outcomes if outcome is not None]

    def fill(self, place: int, outcome: Outcome | AnalysisError) -> None:
        """The outcome for ``place`` is known."""
        self.outcomes[place] = outcome
        self._gaps -= 1
        if not self._gaps and not self._future.done():
            self._future.set_result(None)

    def note_batch(self, began_at: float, seconds: float) -> None:
        """A batch with an item of this order took so long; may be said once for each of its items."""
        if began_at != self._last:
            self._last = began_at
            self.compute += seconds
            if self.began_at is None:
                self.began_at = began_at

    def fail(self, error: OverloadError) -> None:
        """There will be no outcomes."""
        if not self._future.done():
            self.error = error
            self._future.set_result(None)


class Flight(Generic[Item, Outcome]):
    """One item on its way, for ``tenant``. ``size`` is how much of it there is, in bytes."""

    __slots__ = ("_orders", "item", "key", "size", "tenant")

    def __init__(self, key: str, item: Item, size: int, tenant: str = PUBLIC_TENANT) -> None:
        self.key = key
        self.tenant = tenant
        self.item = item
        self.size = size
        self._orders: list[tuple[Order[Outcome], int]] = []

    def join(self, order: Order[Outcome], place: int) -> None:
        """``order`` waits for it, for the outcome at ``place``."""
        self._orders.append((order, place))

    def fetched(self, item: Item, seconds: float) -> None:
        """It is ``item`` now, with what it names, after so long."""
        self.item = item
        for order, _ in self._orders:
            order.fetch = max(order.fetch, seconds)

    def arrive(self, outcome: Outcome | AnalysisError) -> None:
        """The outcome was found."""
        for order, place in self._orders:
            order.fill(place, outcome)

    def arrive_analysed(self, outcome: Outcome | AnalysisError, began_at: float, seconds: float) -> None:
        """The outcome was made, in a batch that began then and took so long."""
        for order, place in self._orders:
            order.note_batch(began_at, seconds)
            order.fill(place, outcome)

    def fail(self, error: OverloadError) -> None:
        """There will be no outcome now."""
        for order, _ in self._orders:
            order.fail(error)
