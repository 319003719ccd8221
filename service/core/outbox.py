"""What is still to be sent somewhere slow: a bounded table that one task empties in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from contextvars import Context
from typing import Generic, Protocol, TypeVar

BATCH_LETTERS = 500
BATCH_BYTES = 2**20
"""Sent at once, at most; one letter always is."""
REST_SECONDS = 0.2
"""After a batch, unless the next one is full: what a batch costs is then shared by all that came meanwhile."""


class Weighed(Protocol):
    """Something that takes room."""

    @property
    def size(self) -> int:
        """Bytes."""


Letter = TypeVar("Letter", bound=Weighed)


class Outbox(Generic[Letter]):
    """Gathers letters by key, the newest of a key counting, while ``send`` is busy with the last batch.

    ``send`` never raises. At most ``letters`` of them wait, with at most ``capacity`` bytes; the task lives only
    while some do.
    """

    def __init__(self, send: Callable[[Mapping[str, Letter]], Awaitable[None]], *, letters: int, capacity: int) -> None:
        self._send = send
        self._letters = letters
        self._room = capacity
        self._waiting: dict[str, Letter] = {}
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    def post(self, letters: Mapping[str, Letter]) -> int:
        """Take on ``letters`` as far as there is room; how many found none."""
        refused = 0
        for key, letter in letters.items():
            self._take_back(key)
            if len(self._waiting) < self._letters and letter.size <= self._room:
                self._waiting[key] = letter
                self._room -= letter.size
            else:
                refused += 1
        if len(self._waiting) >= BATCH_LETTERS:
            self._hurry.set()
        if self._waiting and self._task is None:
            # In a context of its own: what belongs to the request that posts first must not live on in the task.
            self._task = asyncio.get_running_loop().create_task(self._empty(), context=Context())
        return refused

    def discard(self, is_meant: Callable[[str], bool]) -> None:
        """Take back the letters whose keys are meant; what is being sent cannot be."""
        for key in list(filter(is_meant, self._waiting)):
            self._take_back(key)

    async def drain(self, patience: float) -> None:
        """Wait until all is sent, at most ``patience`` seconds; what is left then is lost."""
        if self._task is None:
            return
        self._hurry.set()
        _, late = await asyncio.wait([self._task], timeout=patience)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _empty(self) -> None:
        try:
            while self._waiting:
                await self._send(self._batch())
                await self._rest()
        finally:
            self._task = None

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(REST_SECONDS):
                await self._hurry.wait()
        if len(self._waiting) < BATCH_LETTERS:
            self._hurry.clear()

    def _batch(self) -> dict[str, Letter]:
        batch: dict[str, Letter] = {}
        size = 0
        for key, letter in self._waiting.items():
            size += letter.size
            if batch and (size > BATCH_BYTES or len(batch) == BATCH_LETTERS):
                break
            batch[key] = letter
        for key in batch:
            self._take_back(key)
        return batch

    def _take_back(self, key: str) -> None:
        letter = self._waiting.pop(key, None)
        if letter is not None:
            self._room += letter.size
