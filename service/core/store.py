"""A bounded table in memory: what was used least lately goes first, and nothing is given out past its time.

The order of use is the order of the table itself: a hit moves its entry to the end, so the entry to go is always
the first. An expired entry vanishes when it is met; until then it is the likeliest to be evicted, being unused.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeAlias, TypeVar

Key: TypeAlias = bytes | str
Value = TypeVar("Value")

ENTRY_BYTES = 300
"""What an entry costs beside key and value: its tuple, its time, its place in table and order, the heads of two
objects (measured with tracemalloc)."""
LARGEST_SHARE = 1 / 16
"""A larger part of the capacity is not given to one entry: it would drive out too much else."""


class Store(Generic[Value]):
    """Keeps values in this process, ``capacity`` bytes of them at most; for one thread.

    ``clock`` gives seconds that only rise.
    """

    __slots__ = ("_clock", "_entries", "_largest", "capacity", "evictions", "size")

    def __init__(self, capacity: int, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: OrderedDict[Key, tuple[Value, float, int]] = OrderedDict()
        self._largest = capacity * LARGEST_SHARE
        self.capacity = capacity
        self.size = 0
        """Bytes in use."""
        self.evictions = 0
        """Entries that went because others needed their room."""

    @property
    def count(self) -> int:
        """Entries held, those included whose time is over and that were not met since."""
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """The value of ``key``, None where there is none or its time is over."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[1] <= self._clock():
            self.drop(key)
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def get_many(self, keys: Sequence[Key]) -> list[Value | None]:
        """The values of ``keys`` in order, for less than as many `get` cost."""
        now = self._clock()
        entry_of = self._entries.get
        move_to_end = self._entries.move_to_end
        found: list[Value | None] = []
        for key in keys:
            entry = entry_of(key)
            if entry is None:
                found.append(None)
            elif entry[1] > now:
                move_to_end(key)
                found.append(entry[0])
            else:
                self.drop(key)
                found.append(None)
        return found

    def put(self, key: Key, value: Value, size: int, ttl: float) -> bool:
        """Keep ``value``, which takes ``size`` bytes, for ``ttl`` seconds; False when it is too large to be kept."""
        self.drop(key)
        size += ENTRY_BYTES + len(key)
        if size > self._largest:
            return False
        self._entries[key] = value, self._clock() + ttl, size
        self.size += size
        if self.size > self.capacity:
            self._make_room()
        return True

    def resize(self, capacity: int) -> None:
        """Take ``capacity`` bytes at most from now on."""
        self.capacity = capacity
        self._largest = capacity * LARGEST_SHARE
        self._make_room()

    def drop(self, key: Key) -> bool:
        """Forget ``key``; whether it was there."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return False
        self.size -= entry[2]
        return True

    def __iter__(self) -> Iterator[Key]:
        """The keys held, the least lately used first, those included whose time is over."""
        return iter(self._entries)

    def drop_matching(self, predicate: Callable[[Key], bool]) -> int:
        """Forget every key for which ``predicate`` holds; how many there were."""
        matching = [key for key in self._entries if predicate(key)]
        for key in matching:
            self.drop(key)
        return len(matching)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.size = 0

    def _make_room(self) -> None:
        while self.size > self.capacity:
            self.size -= self._entries.popitem(last=False)[1][2]
            self.evictions += 1
