"""A cache in this process with doubles for what is outside, and a clock that passes when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from service.core.cache import Cache
from service.core.entries import Entry
from service.core.errors import DependencyError
from service.core.far_tier import FarTier
from service.core.memory import MemoryTier
from service.core.metrics import Instrument, Metrics, layout_of
from tests.service.doubles import DictTier, FakeClock

EPOCH = 1_700_000_000.0
"""Unix time when the clock shows 0."""


class Rig:
    """One process's cache over ``tiers``."""

    def __init__(
        self,
        *tiers: DictTier,
        clock: FakeClock | None = None,
        capacity: int = 10_000_000,
        chance: Callable[[], float] = lambda: 0.0,
        patience: float = 60.0,
        lookups: int = 32,
        letters: int = 20_000,
        slots: Path | None = None,
    ) -> None:
        self.clock = clock or FakeClock()
        self.metrics = Metrics(layout_of((), (), [tier.name for tier in tiers]), slots)
        self.memory = MemoryTier(capacity, self.metrics.memory(), self.clock)
        self.far = [
            FarTier(
                tier,
                self.metrics.tier(tier.name),
                clock=self.clock,
                wall=self.wall,
                patience=patience,
                lookups=lookups,
                letters=letters,
            )
            for tier in tiers
        ]
        self.cache = Cache(self.memory, self.far, clock=self.clock, wall=self.wall, chance=chance)

    def wall(self) -> float:
        return EPOCH + self.clock.now

    def total(self, instrument: Instrument, *labels: str) -> float:
        layout = self.metrics.layout
        return float(layout.totals(self.metrics.readings())[layout.offset(instrument, *labels)])

    def values(self, keys: Sequence[str]) -> list[object]:
        """What memory has of ``keys``."""
        return values_of(self.cache.peek_many(keys))


async def until(is_so: Callable[[], object]) -> None:
    """Let others have their turn until something is so."""
    async with asyncio.timeout(10):
        while True:
            if is_so():
                return
            await asyncio.sleep(0.001)


def values_of(entries: Sequence[Entry | None]) -> list[object]:
    return [entry and entry.value for entry in entries]


class GatedTier(DictTier):
    """Answers when ``gate`` is set, with what it knew when it was asked."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.gate = asyncio.Event()
        self.asked = asyncio.Event()

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        values = await super().get_many(keys)
        self.asked.set()
        await self.gate.wait()
        return values


class LocalChannel:
    """Carries messages within this process; away when ``away`` is set."""

    def __init__(self) -> None:
        self.away = False
        self._listeners: list[tuple[Callable[[bytes], None], Callable[[], None]]] = []

    async def publish(self, message: bytes) -> None:
        if self.away:
            raise DependencyError("redis", "away")
        for hear, _ in self._listeners:
            hear(message)

    async def listen(self, hear: Callable[[bytes], None], resumed: Callable[[], None]) -> None:
        resumed()
        self._listeners.append((hear, resumed))
        await asyncio.Event().wait()

    def resume(self) -> None:
        """As after a broken connection."""
        for _, resumed in self._listeners:
            resumed()


class DictUses:
    """Remembers uses in a dict; what is used most comes from ``tier``."""

    def __init__(self, tier: DictTier) -> None:
        self.uses: dict[str, int] = {}
        self.over = 0
        self._tier = tier

    async def count_uses(self, uses: Mapping[str, int]) -> None:
        for key, times in uses.items():
            self.uses[key] = self.uses.get(key, 0) + times

    async def most_used(self, prefix: str, most: int, size: int) -> Sequence[tuple[str, bytes]]:
        keys = sorted((key for key in self.uses if key.startswith(prefix)), key=self.uses.__getitem__, reverse=True)
        values = await self._tier.get_many(keys[:most])
        return [(key, value) for key, value in zip(keys, values, strict=False) if value is not None]

    async def sweep(self) -> int:
        over, self.over = self.over, 0
        return over
