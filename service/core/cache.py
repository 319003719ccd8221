"""Outcomes kept for equal items: tiers in order, nearest first; what a far one knows is promoted to the nearer."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from service.core.errors import DependencyError
from service.core.metrics import Metrics, TierMeters
from service.core.ports import Tier

_log = logging.getLogger(__name__)
_Value = TypeVar("_Value")

_ENTRY_BYTES = 250
"""What an entry costs beside its key and value: objects, table and order (measured with tracemalloc)."""


class MemoryTier:
    """Keeps entries in this process, the least recently used go first; ``capacity`` is in bytes.

    ``clock`` gives seconds that only rise.
    """

    name = "memory"

    def __init__(self, capacity: int, clock: Callable[[], float]) -> None:
        self._capacity = capacity
        self._clock = clock
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self.size = 0
        """Bytes in use."""

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of ``keys`` in order, None where there is none."""
        now = self._clock()
        return [self._get(key, now) for key in keys]

    async def put_many(self, entries: Mapping[str, bytes], ttl: float) -> None:
        """Keep ``entries`` for ``ttl`` seconds, as long as there is room."""
        expiry = self._clock() + ttl
        for key, value in entries.items():
            self._drop(key)
            self._entries[key] = value, expiry
            self.size += _ENTRY_BYTES + len(key) + len(value)
        while self.size > self._capacity:
            self._drop(next(iter(self._entries)))

    def _get(self, key: str, now: float) -> bytes | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[1] <= now:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.size -= _ENTRY_BYTES + len(key) + len(entry[0])


class GuardedTier:
    """A tier that may be away: slow or failing answers count as nothing, and after some it is left alone for a while.

    ``patience`` bounds each call, ``rest`` is how long it is left alone after ``tolerance`` failures
    in a row; all but the count are in seconds.
    """

    def __init__(
        self,
        tier: Tier,
        clock: Callable[[], float],
        *,
        patience: float = 0.25,
        tolerance: int = 3,
        rest: float = 2.0,
    ) -> None:
        self._tier = tier
        self._clock = clock
        self._patience = patience
        self._tolerance = tolerance
        self._rest = rest
        self._failures = 0
        self._closed_until = 0.0

    @property
    def name(self) -> str:
        """The name of the tier behind."""
        return self._tier.name

    async def get_many(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        """The values of ``keys`` in order; DependencyError when the tier is away or rests."""
        return await self._call(lambda: self._tier.get_many(keys))

    async def put_many(self, entries: Mapping[str, bytes], ttl: float) -> None:
        """Keep ``entries`` for ``ttl`` seconds; DependencyError when the tier is away or rests."""
        await self._call(lambda: self._tier.put_many(entries, ttl))

    async def _call(self, call: Callable[[], Awaitable[_Value]]) -> _Value:
        if self._clock() < self._closed_until:
            raise DependencyError(self.name, "left alone after it failed")
        try:
            async with asyncio.timeout(self._patience):
                value = await call()
        except TimeoutError as error:
            self._failed("slow")
            raise DependencyError(self.name, f"no answer within {self._patience:g} s") from error
        except DependencyError as error:
            self._failed(error.reason)
            raise
        self._failures = 0
        return value

    def _failed(self, reason: str) -> None:
        self._failures += 1
        if self._failures >= self._tolerance:
            self._closed_until = self._clock() + self._rest
            _log.warning("cache tier %s is left alone for %g s: %s", self.name, self._rest, reason)


class Cache:
    """Asks the nearest tier first, and the next for what is missing. A tier that is away is skipped, never an error."""

    def __init__(self, tiers: Sequence[Tier], metrics: Metrics) -> None:
        self._tiers = tuple(tiers)
        self._meters: tuple[TierMeters, ...] = tuple(metrics.tier(tier.name) for tier in tiers)
        self._background: set[asyncio.Task[None]] = set()

    async def get_many(self, keys: Sequence[str], ttl: float) -> list[bytes | None]:
        """The values of ``keys`` in order, None where no tier has one; ``ttl`` is for what is promoted."""
        found: list[bytes | None] = [None] * len(keys)
        missing: Sequence[int] = range(len(keys))
        for depth in range(len(self._tiers)):
            values = await self._ask(depth, [keys[index] for index in missing])
            known = {index: value for index, value in zip(missing, values, strict=True) if value is not None}
            for index, value in known.items():
                found[index] = value
            if depth and known:
                await self._promote(depth, {keys[index]: value for index, value in known.items()}, ttl)
            missing = [index for index in missing if index not in known]
            if not missing:
                break
        return found

    async def put_many(self, entries: Mapping[str, bytes], ttl: float) -> None:
        """Keep ``entries`` in every tier, in the nearest at once and in the others soon."""
        if not entries or ttl <= 0:
            return
        for depth, tier in enumerate(self._tiers):
            if depth == 0:
                await self._keep(tier, entries, ttl)
            else:
                self._soon(self._keep(tier, entries, ttl))

    async def drain(self) -> None:
        """Wait for what is still being kept."""
        if self._background:
            await asyncio.wait(self._background)

    async def _ask(self, depth: int, keys: Sequence[str]) -> Sequence[bytes | None]:
        meters = self._meters[depth]
        try:
            values = await self._tiers[depth].get_many(keys)
        except DependencyError:
            meters.skipped.add(len(keys))
            return [None] * len(keys)
        misses = values.count(None)
        meters.hit.add(len(keys) - misses)
        meters.miss.add(misses)
        return values

    async def _promote(self, depth: int, entries: Mapping[str, bytes], ttl: float) -> None:
        for tier in self._tiers[:depth]:
            await self._keep(tier, entries, ttl)

    async def _keep(self, tier: Tier, entries: Mapping[str, bytes], ttl: float) -> None:
        try:
            await tier.put_many(entries, ttl)
        except DependencyError as error:
            _log.debug("cache tier %s kept nothing: %s", tier.name, error.reason)

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
