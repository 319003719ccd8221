"""The tier of the cache in the process: answers at once, without an await, and knows what is asked for most."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from service.core.entries import Entry
from service.core.metrics import CACHE_MEMORY, MemoryMeters
from service.core.store import Store

SAMPLED = 17
"""One look-up in so many is noted for the count of uses, and weighs as much; a prime, to fall in with no rhythm."""
LOOKED_AT_ONCE = 2000
"""Keys that are looked at in one turn of the event loop when some are to be forgotten: about a millisecond."""
NOTED_KEYS = 4096
"""Keys whose uses are noted until they are fetched, at most."""


class MemoryTier:
    """Keeps entries in ``capacity`` bytes; ``clock`` gives seconds that only rise."""

    name = CACHE_MEMORY

    def __init__(self, capacity: int, meters: MemoryMeters, clock: Callable[[], float]) -> None:
        self._store: Store[Entry] = Store(capacity, clock)
        self._meters = meters
        self._clock = clock
        self._turn = 0
        self._uses: dict[str, int] = {}
        self._evictions = 0

    @property
    def capacity(self) -> int:
        """Bytes that it may take."""
        return self._store.capacity

    @property
    def size(self) -> int:
        """Bytes in use."""
        return self._store.size

    @property
    def count(self) -> int:
        """Entries held."""
        return self._store.count

    def peek(self, key: str) -> Entry | None:
        """The entry of ``key``, fresh or stale, if there is one."""
        entry = self._store.get(key)
        if entry is None:
            self._meters.miss.add()
            return None
        self._meters.hit.add()
        self._turn += 1
        if self._turn >= SAMPLED:
            self._turn = 0
            if entry.shared:
                self.note_use(key, SAMPLED)
        return entry

    def peek_many(self, keys: Sequence[str]) -> list[Entry | None]:
        """The entries of ``keys`` in order, for less than as many `peek` cost."""
        found = self._store.get_many(keys)
        missing = found.count(None)
        self._meters.miss.add(missing)
        self._meters.hit.add(len(found) - missing)
        self._turn += 1
        if self._turn >= SAMPLED:
            self._turn = 0
            for key, entry in zip(keys, found, strict=True):
                if entry is not None and entry.shared:
                    self.note_use(key, SAMPLED)
        return found

    def keep(self, entries: Iterable[tuple[str, Entry, float]]) -> None:
        """Keep entries under their keys, each for its seconds."""
        put = self._store.put
        for key, entry, ttl in entries:
            put(key, entry, entry.size, ttl)
        self._measure()

    def drop_many(self, keys: Iterable[str]) -> int:
        """Forget ``keys``; how many there were."""
        dropped = sum(map(self._store.drop, keys))
        self._meters.invalidations.add()
        self._measure()
        return dropped

    async def drop_matching(self, is_meant: Callable[[str], bool]) -> int:
        """Forget the keys that are meant of those held now; how many there were. Lets others have their turn."""
        keys = [key for key in self._store if isinstance(key, str)]
        dropped = 0
        for first in range(0, len(keys), LOOKED_AT_ONCE):
            dropped += sum(map(self._store.drop, filter(is_meant, keys[first : first + LOOKED_AT_ONCE])))
            await asyncio.sleep(0)
        self._meters.invalidations.add()
        self._measure()
        return dropped

    def resize(self, capacity: int) -> None:
        """Take ``capacity`` bytes at most from now on."""
        self._store.resize(capacity)
        self._measure()

    def clear(self) -> None:
        """Forget everything."""
        self._store.clear()
        self._meters.invalidations.add()
        self._measure()

    def note_use(self, key: str, times: int) -> None:
        """Count ``times`` uses of ``key``."""
        uses = self._uses
        known = uses.get(key)
        if known is not None:
            uses[key] = known + times
        elif len(uses) < NOTED_KEYS:
            uses[key] = times

    def take_uses(self) -> Mapping[str, int]:
        """What was noted since this was asked last."""
        uses, self._uses = self._uses, {}
        return uses

    def _measure(self) -> None:
        store, meters = self._store, self._meters
        meters.entries.set(store.count)
        meters.resident.set(store.size)
        if store.evictions > self._evictions:
            meters.evictions.add(store.evictions - self._evictions)
            self._evictions = store.evictions
