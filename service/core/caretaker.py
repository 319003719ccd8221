"""What goes on around the cache of one process: invalidation everywhere, notices from others, warming, sweeping.

    invalidate ─▶ notice ─▶ PostgreSQL ─▶ Redis ─▶ notice         told twice: before, so that nothing read earlier is
                    ┊                                ┊             still promoted, and after, for what was read between
                    ▼                                ▼
                  memory of this and every other process

A process that did not hear for a while empties its memory as soon as it hears again.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from service.core.cache import Cache
from service.core.entries import Codec
from service.core.errors import DependencyError
from service.core.invalidation import Invalidation, Notice, decode_notice, encode_notice
from service.core.ports import Channel, UseCounter
from service.core.workload import AnyWorkload

_log = logging.getLogger(__name__)

ROUND_SECONDS = 10.0
"""How often uses are handed over and what is over is swept; drawn a little differently each time."""
SWEEPS = 10
"""Batches swept in one round, at most."""
STOP_SECONDS = 0.25
CHORE_SECONDS = 5.0
"""How long a step in the background may take."""
WARM_SECONDS = 5.0
WARM_SHARE = 0.5
"""Of the memory that may be filled by warming."""
WARM_ENTRIES = 10_000
LOADED_AT_ONCE = 200
"""Entries loaded in one turn of the event loop: well below a millisecond."""
WORKERS = "workers"
"""The other processes, as something that an invalidation may not reach."""


def prefix_of(workload: AnyWorkload) -> str:
    """How the keys of the outcomes of ``workload`` begin, in its current version."""
    return f"{workload.name}:{workload.version}:"


class Unreached(msgspec.Struct, frozen=True):
    """A place where an invalidation could not be carried out."""

    where: Annotated[str, Meta(description="A tier, or `workers`: the memory of the other processes.")]
    reason: str


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """What an invalidation did."""

    entries: Annotated[
        dict[str, int], Meta(description="Entries that were there, by tier; `memory` is that of one worker.")
    ]
    unreached: Annotated[
        tuple[Unreached, ...],
        Meta(description="Where it could not be carried out: repeat it when these are back."),
    ] = ()


class Warmed(msgspec.Struct, frozen=True, kw_only=True):
    """What a warming did."""

    entries: Annotated[int, Meta(ge=0, description="Entries loaded into the memory of one worker.")]
    unreached: Annotated[tuple[Unreached, ...], Meta(description="What could not be asked or told.")] = ()


class Caretaker:
    """Looks after ``cache``; the far tiers' word for what is used most comes from ``uses``.

    ``prefixes`` begin the keys of what is loaded at start: the workloads in their current versions. ``name`` is this
    process's own among all that share ``channel``; ``chance`` gives numbers from 0 to below 1.
    """

    def __init__(
        self,
        cache: Cache,
        *,
        name: str,
        prefixes: Sequence[str] = (),
        uses: UseCounter | None = None,
        channel: Channel | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._cache = cache
        self._name = name
        self._prefixes = tuple(prefixes)
        self._uses = uses
        self._channel = channel
        self._chance = chance
        self._codec = Codec()
        self._heard = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Work in the background, from loading what is used most to writing what is left at the end."""
        if self._channel is not None:
            self._start(self._channel.listen(self._hear, self._resumed))
        self._start(self._warm_at_start())
        self._start(self._rounds())
        try:
            yield
        finally:
            await self._stop()
            await self._hand_over_uses()
            await self._cache.close()

    async def invalidate(self, invalidation: Invalidation) -> Forgotten:
        """Forget what is meant in every tier and process; says where that was not possible.

        Raises InvalidRequestError when it does not say what is meant.
        """
        invalidation.check()
        notice = Notice(sender=self._name, invalidation=invalidation)
        unreached: dict[str, str] = {}
        await self._tell(notice)
        entries = {self._cache.memory.name: await self._cache.forget(invalidation)}
        for tier in reversed(self._cache.far):
            try:
                entries[tier.name] = await tier.drop(invalidation)
            except DependencyError as error:
                unreached[tier.name] = error.reason
        entries[self._cache.memory.name] += await self._cache.forget(invalidation)
        unreached |= await self._tell(notice)
        _log.info("invalidated %s: %s", invalidation.glob or f"{len(invalidation.keys)} keys", entries)
        return Forgotten(entries=entries, unreached=_places(unreached))

    async def warm(self, prefixes: Sequence[str], most: int) -> Warmed:
        """Load the ``most`` used entries of each of ``prefixes`` into the memory of this process and the others."""
        unreached = await self._tell(Notice(sender=self._name, warm=tuple(prefixes), most=most))
        try:
            loaded = await self._load(prefixes, most)
        except DependencyError as error:
            loaded = 0
            unreached[error.dependency] = error.reason
        return Warmed(entries=loaded, unreached=_places(unreached))

    async def _tell(self, notice: Notice) -> dict[str, str]:
        if self._channel is None:
            return {}
        try:
            await self._channel.publish(encode_notice(notice))
        except DependencyError as error:
            return {WORKERS: error.reason}
        return {}

    def _hear(self, message: bytes) -> None:
        try:
            notice = decode_notice(message)
        except msgspec.MsgspecError:
            _log.warning("a notice to the cache makes no sense and is passed over")
            return
        if notice.sender == self._name:
            return
        if notice.invalidation is not None:
            self._start(self._forget(notice.invalidation))
        if notice.warm:
            self._start(self._warm_quietly(notice.warm, notice.most))

    async def _forget(self, invalidation: Invalidation) -> None:
        await self._cache.forget(invalidation)

    def _resumed(self) -> None:
        # What was said while nobody listened is not known, so nothing in memory can be trusted.
        self._cache.forget_everything()
        self._heard.set()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stop(self) -> None:
        # Said again until it is heard: before Python 3.12 a cancellation can be lost in `asyncio.wait_for`.
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=STOP_SECONDS)

    async def _warm_at_start(self) -> None:
        # First listen: what is loaded before would be forgotten at once.
        if self._channel is not None:
            try:
                async with asyncio.timeout(WARM_SECONDS):
                    await self._heard.wait()
            except TimeoutError:
                _log.warning("the cache is not warmed at start: the channel for notices is away")
                return
        await self._warm_quietly(self._prefixes, WARM_ENTRIES)

    async def _warm_quietly(self, prefixes: Sequence[str], most: int) -> None:
        try:
            loaded = await self._load(prefixes, most)
        except DependencyError as error:
            _log.warning("the cache is not warmed: %s", error)
        else:
            _log.info("%d entries of the most used are in memory", loaded)

    async def _load(self, prefixes: Sequence[str], most: int) -> int:
        if self._uses is None or not prefixes:
            return 0
        size = int(self._cache.memory.capacity * WARM_SHARE / len(prefixes))
        loaded = 0
        try:
            async with asyncio.timeout(WARM_SECONDS):
                for prefix in prefixes:
                    generation = self._cache.generation
                    loaded += await self._loaded(await self._uses.most_used(prefix, most, size), generation)
        except TimeoutError:
            _log.warning("warming the cache ended after %g s", WARM_SECONDS)
        return loaded

    async def _loaded(self, found: Sequence[tuple[str, bytes]], generation: int) -> int:
        letters = [(key, letter) for key, value in found if (letter := self._codec.open(value)) is not None]
        letters.reverse()  # the most used last, so that it is the last to be evicted
        loaded = 0
        while loaded < len(letters) and generation == self._cache.generation:
            loaded += len(self._cache.load(letters[loaded : loaded + LOADED_AT_ONCE]))
            await asyncio.sleep(0)
        return loaded

    async def _rounds(self) -> None:
        while True:
            await asyncio.sleep(ROUND_SECONDS * (0.75 + self._chance() / 2))
            await self._hand_over_uses()
            await self._sweep()

    async def _hand_over_uses(self) -> None:
        uses = self._cache.memory.take_uses()
        if self._uses is not None and uses:
            await self._chore(self._uses.count_uses(uses))

    async def _sweep(self) -> None:
        for _ in range(SWEEPS):
            if self._uses is None or not await self._chore(self._uses.sweep()):
                return

    async def _chore(self, work: Coroutine[Any, Any, Any]) -> Any:
        """What ``work`` gives; None when the tier is away or slow, which its breaker tells of already."""
        try:
            async with asyncio.timeout(CHORE_SECONDS):
                return await work
        except (DependencyError, TimeoutError) as error:
            _log.debug("a chore of the cache is put off: %s", error)
            return None


def _places(unreached: dict[str, str]) -> tuple[Unreached, ...]:
    return tuple(Unreached(where, reason) for where, reason in unreached.items())
