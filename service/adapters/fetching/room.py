"""Memory for bodies on their way: who finds none waits for it, first come, first served."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress


class Room:
    """``most`` bytes, of which parts are taken and given back; belongs to one event loop."""

    __slots__ = ("_most", "_waiting", "taken")

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self.taken = 0
        """Bytes that are taken now."""

    async def take(self, count: int) -> None:
        """Wait until there are so many bytes, and take them. Whoever is alone gets as many as it likes."""
        if not self._waiting and self._fits(count):
            self.taken += count
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append((count, waiter))
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.cancelled():
                with suppress(ValueError):
                    self._waiting.remove((count, waiter))
                self.give(0)
            else:
                self.give(count)
            raise

    def give(self, count: int) -> None:
        """Give back so many bytes; who waits and fits now has them."""
        self.taken -= count
        while self._waiting:
            wanted, waiter = self._waiting[0]
            if not waiter.done():
                if not self._fits(wanted):
                    return
                self.taken += wanted
                waiter.set_result(None)
            self._waiting.popleft()

    def _fits(self, count: int) -> bool:
        return self.taken == 0 or self.taken + count <= self._most
