"""Outcomes kept for equal items, in tiers: the nearest in the process, the others shared with other processes.

    peek, peek_many ─▶ memory                                    no await, about a fifth of a microsecond a key
    fetch_many ──────▶ Redis ─▶ PostgreSQL                       what is found goes to every nearer tier
    keep ────────────▶ memory at once ┈▶ Redis, PostgreSQL       in the background, by batches
    forget ──────────▶ memory, and what waits to be written      in this process; `caretaker` tells the others

A tier that is away is skipped, never an error.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from service.core.entries import Entry, Letter
from service.core.errors import AnalysisError
from service.core.far_tier import FarTier
from service.core.invalidation import EVERYTHING, Invalidation
from service.core.memory import MemoryTier
from service.core.workload import CachePolicy

CLOSING_SECONDS = 2.0
"""How long a process that ends goes on writing to the far tiers."""


class Cache:
    """All tiers of one process, nearest first. For one event loop.

    ``clock`` gives seconds that only rise, ``wall`` Unix time, ``chance`` numbers from 0 to below 1.
    """

    def __init__(
        self,
        memory: MemoryTier,
        far: Sequence[FarTier] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.memory = memory
        self.far = tuple(far)
        self.peek: Callable[[str], Entry | None] = memory.peek
        """The entry of a key in memory: None where it is missing; stale where its ``fresh_until`` has passed on
        the clock; a failure where its ``value`` is an `AnalysisError`."""
        self.peek_many: Callable[[Sequence[str]], list[Entry | None]] = memory.peek_many
        """The same for many keys, in order."""
        self._clock = clock
        self._wall = wall
        self._chance = chance
        self.generation = 0
        """Counts up whenever something is forgotten: what was read before is then not to be kept any more."""
        self._listeners: list[Callable[[Invalidation], None]] = []

    async def fetch_many(self, keys: Sequence[str], policy: CachePolicy) -> list[Entry | None]:
        """The entries of ``keys`` in the far tiers, in order; what they know is in memory afterwards."""
        found: dict[str, Entry] = {}
        if policy.far:
            missing = list(dict.fromkeys(keys))
            for depth, tier in enumerate(self.far):
                generation = self.generation
                letters = await tier.look_up(missing)
                if not letters:
                    continue
                found.update(self._promoted(depth, letters, generation))
                missing = [key for key in missing if key not in letters]
                if not missing:
                    break
        return [found.get(key) for key in keys]

    def keep(self, entries: Mapping[str, bytes | AnalysisError], policy: CachePolicy) -> None:
        """Keep encoded outcomes and failures by ``policy``: in memory at once, in the far tiers soon."""
        if policy.ttl <= 0:
            return
        shared = policy.far and bool(self.far)
        now, wall = self._clock(), self._wall()
        kept: list[tuple[str, Entry, float]] = []
        letters: dict[str, Letter] = {}
        for key, value in entries.items():
            if isinstance(value, AnalysisError):
                fresh = life = 0.0 if value.may_pass else policy.negative
                value = AnalysisError(value.reason, value.kind)
            else:
                fresh = policy.ttl * (1.0 - policy.jitter * self._chance())
                life = fresh + policy.stale
            if life > 0:
                kept.append((key, Entry(value, now + fresh, shared), life))
                if shared:
                    letters[key] = Letter(value, wall + fresh, wall + life)
        self.memory.keep(kept)
        for tier in self.far:
            tier.post(letters)

    def load(self, letters: Iterable[tuple[str, Letter]]) -> list[Entry]:
        """Take what a far tier knows into memory, for the rest of its life."""
        offset = self._clock() - self._wall()
        now = self._clock()
        kept = [
            (key, Entry(letter.value, letter.fresh_until + offset), letter.ends_at + offset - now)
            for key, letter in letters
        ]
        self.memory.keep(kept)
        return [entry for _, entry, _ in kept]

    async def forget(self, invalidation: Invalidation) -> int:
        """Forget in this process what is meant; how many entries its memory had."""
        self._forget_around(invalidation)
        if invalidation.glob is None:
            return self.memory.drop_many(invalidation.keys)
        dropped = await self.memory.drop_matching(invalidation.matcher())
        self._forget_around(invalidation)  # once more, for what was made of entries whose turn had not come
        return dropped

    def forget_everything(self) -> None:
        """Forget in this process all that there is, at once."""
        self._forget_around(EVERYTHING)
        self.memory.clear()

    def on_forget(self, listener: Callable[[Invalidation], None]) -> None:
        """Have ``listener`` called with whatever is forgotten: it keeps something made of outcomes."""
        self._listeners.append(listener)

    async def close(self) -> None:
        """Write what waits for the far tiers, for a while."""
        await asyncio.gather(*(tier.close(CLOSING_SECONDS) for tier in self.far))

    def _forget_around(self, invalidation: Invalidation) -> None:
        """Forget what goes with memory: what waits to be written, and what others made of outcomes."""
        self.generation += 1
        is_meant = invalidation.matcher()
        for tier in self.far:
            tier.discard(is_meant)
        for listener in self._listeners:
            listener(invalidation)

    def _promoted(self, depth: int, letters: Mapping[str, Letter], generation: int) -> Iterable[tuple[str, Entry]]:
        tier = self.far[depth]
        offset = self._clock() - self._wall()
        if generation != self.generation:
            # Good enough for this answer, but not to be kept.
            return [(key, Entry(letter.value, letter.fresh_until + offset)) for key, letter in letters.items()]
        entries = self.load(letters.items())
        for nearer in self.far[:depth]:
            nearer.post(letters)
        tier.meters.promoted.add(len(letters))
        for key in letters:
            self.memory.note_use(key, 1)
        return zip(letters, entries, strict=True)
