"""What is still to be sent somewhere slow: a bounded table that one task empties in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from itertools import islice
from typing import Generic, TypeVar

Letter = TypeVar("Letter")

BATCH_LETTERS = 500
"""Sent at once, at most."""


class Outbox(Generic[Letter]):
    """Gathers letters by key, the newest of a key counting, while ``send`` is busy with the last batch.

    ``send`` never raises. At most ``most`` letters wait; the task lives only while some do.
    """

    def __init__(self, send: Callable[[Mapping[str, Letter]], Awaitable[None]], most: int) -> None:
        self._send = send
        self._most = most
        self._waiting: dict[str, Letter] = {}
        self._task: asyncio.Task[None] | None = None

    def post(self, letters: Mapping[str, Letter]) -> int:
        """Take on ``letters`` as far as there is room; how many found none."""
        waiting = self._waiting
        refused = 0
        for key, letter in letters.items():
            if key in waiting or len(waiting) < self._most:
                waiting[key] = letter
            else:
                refused += 1
        if waiting and self._task is None:
            # In a context of its own: what belongs to the request that posts first must not live on in the task.
            self._task = asyncio.get_running_loop().create_task(self._empty(), context=Context())
        return refused

    def discard(self, is_meant: Callable[[str], bool]) -> None:
        """Take back the letters whose keys are meant; what is being sent cannot be."""
        for key in [key for key in self._waiting if is_meant(key)]:
            del self._waiting[key]

    async def drain(self, patience: float) -> None:
        """Wait until all is sent, at most ``patience`` seconds; what is left then is lost."""
        if self._task is None:
            return
        _, late = await asyncio.wait([self._task], timeout=patience)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _empty(self) -> None:
        try:
            while self._waiting:
                batch = dict(islice(self._waiting.items(), BATCH_LETTERS))
                for key in batch:
                    del self._waiting[key]
                await self._send(batch)
        finally:
            self._task = None
