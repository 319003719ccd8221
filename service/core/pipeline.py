"""The way of every request: admit -> cache -> batch -> analyse -> measure.

    request ─split─▶ items ─▶ cache ──hit──────────────────────────────────────▶ outcomes ─join─▶ answer
                                └─miss──▶ cheap: on the loop, in chunks ──────────┤
                                     └──▶ dear: batched in threads, equal ones once ┘

A cheap lane (one without threads) asks only the cache in this process: a round trip would cost as much as
the work itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Generic, Protocol, TypeVar

import msgspec

from service.core.batcher import Analyse, Batcher, Keep, isolated
from service.core.call import Call
from service.core.cache import Cache
from service.core.errors import AnalysisError, ItemsFailedError, OverloadError, QueueFullError
from service.core.limits import ConcurrencyLimit
from service.core.metrics import REFUSALS, LaneMeters, Metrics
from service.core.workload import Answer, Item, Lane, Outcome, Request, Workload

_Work = TypeVar("_Work", contravariant=True)
_Found = TypeVar("_Found", covariant=True)
_KEY_BYTES = 16
TURN_SECONDS = 0.01
"""How long cheap work may hold the event loop before others have their turn."""


class _Analyser(Protocol[_Work, _Found]):
    async def analyse(self, work: Mapping[str, _Work]) -> Mapping[str, _Found]: ...

    async def close(self) -> None: ...


class Pipeline(Generic[Request, Item, Outcome, Answer]):
    """Answers one workload's requests, in the event loop that runs when it is made.

    ``near`` is the cache in this process, ``whole`` the one with every tier; ``limit`` is shared by all workloads.
    """

    def __init__(
        self,
        workload: Workload[Request, Item, Outcome, Answer],
        *,
        cache: Cache,
        limit: ConcurrencyLimit,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.workload = workload
        self._limit = limit
        self._lanes = {
            lane.name: _LanePath(workload, lane, cache, metrics.lane(workload.name, lane.name), clock)
            for lane in workload.lanes
        }
        self._refused_by_limit = metrics.count(REFUSALS, workload.name, "concurrency")
        self._refused_by_queue = metrics.count(REFUSALS, workload.name, "queue")

    def admit(self, call: Call) -> object:
        """Take a place, to be given back with `leave`; OverloadError when there is none."""
        try:
            self._limit.enter()
        except OverloadError:
            self._refused_by_limit.add()
            raise
        return None

    def leave(self, ticket: object) -> None:
        """Give the place back."""
        self._limit.leave()

    async def answer(self, request: Request, call: Call) -> Answer:
        """The answer to ``request``.

        Raises what ``split`` raises, OverloadError when there is no room and ItemsFailedError when items failed.
        """
        try:
            items = self.workload.split(request)
            return self.workload.join(request, whole(await self._outcomes(items)))
        except QueueFullError:
            self._refused_by_queue.add()
            raise

    async def close(self) -> None:
        """Finish what waits in every lane."""
        for lane in self._lanes.values():
            await lane.close()

    async def _outcomes(self, items: Sequence[Item]) -> Sequence[Outcome | AnalysisError]:
        lanes = [self.workload.lane_of(item) for item in items]
        names = set(lanes)
        if len(names) == 1:
            return await self._lanes[lanes[0]].outcomes(items)
        found: list[Outcome | AnalysisError] = [AnalysisError("the item was not analysed")] * len(items)
        for name in names:
            places = [place for place, lane in enumerate(lanes) if lane == name]
            outcomes = await self._lanes[name].outcomes([items[place] for place in places])
            for place, outcome in zip(places, outcomes, strict=True):
                found[place] = outcome
        return found


def whole(outcomes: Sequence[Outcome | AnalysisError]) -> list[Outcome]:
    """``outcomes`` when all items have one; ItemsFailedError otherwise."""
    good = [outcome for outcome in outcomes if not isinstance(outcome, AnalysisError)]
    if len(good) < len(outcomes):
        failures = {place: error.reason for place, error in enumerate(outcomes) if isinstance(error, AnalysisError)}
        raise ItemsFailedError(failures, len(outcomes))
    return good


class _LanePath(Generic[Item, Outcome]):
    """Cache, then analysis, of the items of one lane."""

    def __init__(
        self,
        workload: Workload[Request, Item, Outcome, Answer],
        lane: Lane,
        cache: Cache,
        meters: LaneMeters,
        clock: Callable[[], float],
    ) -> None:
        self._key_of = workload.key_of
        self._prefix = f"{workload.name}:{workload.version}:{lane.name}:"
        self._policy = lane.cache
        self._cache = cache
        self._meters = meters
        self._encode = msgspec.msgpack.Encoder().encode
        self._decoder = msgspec.msgpack.Decoder(workload.outcome)
        path = Batcher if lane.threads else _OnLoop
        self._analyser: _Analyser[Item, Outcome | AnalysisError] = path(
            lane, workload.analyse, self._keep, meters, clock
        )

    async def outcomes(self, items: Sequence[Item]) -> Sequence[Outcome | AnalysisError]:
        """One outcome per item, in order."""
        self._meters.items.add(len(items))
        keys = [self._key(item) for item in items]
        found = await self._cached(keys)
        work = {key: item for key, item, outcome in zip(keys, items, found, strict=True) if outcome is None}
        if not work:
            return [outcome for outcome in found if outcome is not None]
        fresh = await self._analyser.analyse(work)
        return [fresh[key] if outcome is None else outcome for key, outcome in zip(keys, found, strict=True)]

    async def close(self) -> None:
        """Finish what waits."""
        await self._analyser.close()

    def _key(self, item: Item) -> str:
        return self._prefix + blake2b(self._key_of(item), digest_size=_KEY_BYTES).hexdigest()

    async def _cached(self, keys: Sequence[str]) -> list[Outcome | None]:
        entries = self._cache.peek_many(keys)
        missing = [key for key, entry in zip(keys, entries, strict=True) if entry is None]
        if missing and self._policy.far:
            fetched = dict(zip(missing, await self._cache.fetch_many(missing, self._policy), strict=True))
            entries = [entry or fetched[key] for key, entry in zip(keys, entries, strict=True)]
        return [self._decoded(entry.value if entry else None) for entry in entries]

    def _decoded(self, value: object) -> Outcome | None:
        if not isinstance(value, bytes):
            return None
        try:
            return self._decoder.decode(value)
        except msgspec.DecodeError:
            return None  # somebody else's bytes under our key are as good as none

    async def _keep(self, outcomes: Mapping[str, Outcome | AnalysisError]) -> None:
        good = {key: self._encode(value) for key, value in outcomes.items() if not isinstance(value, AnalysisError)}
        if len(good) < len(outcomes):
            self._meters.failed_items.add(len(outcomes) - len(good))
        self._cache.keep(good, self._policy)


class _OnLoop(Generic[Item, Outcome]):
    """Analyses on the event loop, chunk by chunk, letting others have their turn between the chunks.

    A chunk is as large as the lane allows and as the last one's pace promises to fit into a turn.
    """

    def __init__(
        self,
        lane: Lane,
        analyse: Analyse[Item, Outcome],
        keep: Keep[Outcome],
        meters: LaneMeters,
        clock: Callable[[], float],
    ) -> None:
        self._lane = lane
        self._analyse = analyse
        self._keep = keep
        self._meters = meters
        self._clock = clock
        self._item_seconds = 0.0

    async def analyse(self, work: Mapping[str, Item]) -> dict[str, Outcome | AnalysisError]:
        """The outcomes of ``work``."""
        found: dict[str, Outcome | AnalysisError] = {}
        rest = iter(work.items())
        while chunk := dict(islice(rest, self._chunk_items())):
            if found:
                await asyncio.sleep(0)
            started = self._clock()
            items = list(chunk.values())
            outcomes = dict(zip(chunk, isolated(self._analyse, self._lane.name, items), strict=True))
            seconds = self._clock() - started
            self._item_seconds = seconds / len(items)
            self._meters.batch_items.observe(len(items))
            self._meters.batch_duration.observe(seconds)
            await self._keep(outcomes)
            found.update(outcomes)
        return found

    async def close(self) -> None:
        """Nothing waits here."""

    def _chunk_items(self) -> int:
        if self._item_seconds * self._lane.batch_items <= TURN_SECONDS:
            return self._lane.batch_items
        return max(1, int(TURN_SECONDS / self._item_seconds))
