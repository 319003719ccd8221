"""A tier outside of the process, kept at arm's length: asked with patience, left alone when it fails, written to later.

look_up ──(breaker closed, and not too many ask already)──▶ tier
    └──(otherwise)──▶ nothing found, at once; when a rest is over, a probe goes out in the background
post ──▶ outbox ──(batches; a breaker of its own: a full server still reads)──▶ tier
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context

from service.core.breaker import Breaker
from service.core.entries import Codec, Letter
from service.core.errors import BusyError, DependencyError
from service.core.invalidation import Invalidation
from service.core.metrics import TierMeters
from service.core.outbox import Outbox
from service.core.ports import Parcel, Tier

_log = logging.getLogger(__name__)

READ_PATIENCE = 0.25
"""Seconds that a look-up may take: a cache that is slower is worse than none."""
WRITE_PATIENCE = 2.0
INVALIDATION_PATIENCE = 30.0
WAITING_BYTES = 2**25
"""Of outcomes that wait to be written to one tier, at most."""
PROBE_KEY = "probe:0:none:0"
SEALED_BYTES = 2**18
"""So many bytes are sealed in one turn of the event loop: about a millisecond."""


class FarTier:
    """One tier for the cache of one process. Nothing here raises when the tier is away, but `drop`.

    ``clock`` gives seconds that only rise, ``wall`` Unix time. ``lookups`` bounds the look-ups at once, ``letters``
    those that wait to be written; ``rest`` is the breakers' first one, in seconds.
    """

    def __init__(
        self,
        tier: Tier,
        meters: TierMeters,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
        patience: float = READ_PATIENCE,
        lookups: int = 32,
        letters: int = 20_000,
        rest: float = 1.0,
    ) -> None:
        self.name = tier.name
        self.meters = meters
        self._tier = tier
        self._wall = wall
        self._patience = patience
        self._lookups = lookups
        self._asking = 0
        self._reading = Breaker(f"cache tier {tier.name}", clock, rest=rest)
        self._writing = Breaker(f"writing to cache tier {tier.name}", clock, rest=rest)
        self._outbox: Outbox[Letter] = Outbox(self._send, letters=letters, capacity=WAITING_BYTES)
        self._codec = Codec()
        self._probing: asyncio.Task[None] | None = None

    @property
    def is_left_alone(self) -> bool:
        """Whether it is not asked at the moment, because it failed."""
        return not self._reading.is_closed

    async def look_up(self, keys: Sequence[str]) -> dict[str, Letter]:
        """What it has of ``keys``, fresh or stale."""
        if not self._reading.is_closed or self._asking >= self._lookups:
            self.meters.skipped.add(len(keys))
            self._probe_when_due()
            return {}
        envelopes = await self._ask(keys)
        if envelopes is None:
            self.meters.skipped.add(len(keys))
            return {}
        found = self._opened(keys, envelopes)
        self.meters.hit.add(len(found))
        self.meters.miss.add(len(keys) - len(found))
        return found

    def post(self, letters: Mapping[str, Letter]) -> None:
        """Have ``letters`` written soon; what finds no room is dropped."""
        if letters:
            self.meters.dropped.add(self._outbox.post(letters))

    def discard(self, is_meant: Callable[[str], bool]) -> None:
        """Write no more what waits under the keys that are meant."""
        self._outbox.discard(is_meant)

    async def drop(self, invalidation: Invalidation) -> int:
        """Forget what is meant; how many entries that was. DependencyError when the tier cannot be reached."""
        glob = invalidation.glob
        try:
            async with asyncio.timeout(INVALIDATION_PATIENCE):
                if glob is not None:
                    return await self._tier.drop_matching(glob)
                return await self._tier.drop_many(invalidation.keys)
        except TimeoutError:
            raise DependencyError(self.name, f"no answer within {INVALIDATION_PATIENCE:g} s") from None

    async def close(self, patience: float) -> None:
        """Write what waits, at most ``patience`` seconds."""
        await self._outbox.drain(patience)
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)

    async def _ask(self, keys: Sequence[str]) -> Sequence[bytes | None] | None:
        self._asking += 1
        try:
            async with asyncio.timeout(self._patience):
                envelopes = await self._tier.get_many(keys)
        except TimeoutError:
            self._read_failed(f"no answer within {self._patience:g} s")
        except BusyError:
            return None
        except DependencyError as error:
            self._read_failed(error.reason)
        else:
            self._reading.succeeded()
            self.meters.left_alone.set(self.is_left_alone)
            return envelopes
        finally:
            self._asking -= 1
        return None

    def _read_failed(self, reason: str) -> None:
        self.meters.failed_reads.add()
        self._reading.failed(reason)
        self.meters.left_alone.set(self.is_left_alone)

    def _probe_when_due(self) -> None:
        # No request waits for the probe: it may take the whole patience.
        if self._reading.wants_probe():
            self._probing = asyncio.get_running_loop().create_task(self._probe(), context=Context())

    async def _probe(self) -> None:
        await self._ask([PROBE_KEY])

    def _opened(self, keys: Sequence[str], envelopes: Sequence[bytes | None]) -> dict[str, Letter]:
        now = self._wall()
        found = {}
        for key, envelope in zip(keys, envelopes, strict=True):
            letter = self._codec.open(envelope) if envelope is not None else None
            if letter is not None and letter.ends_at > now:
                found[key] = letter
        return found

    async def _send(self, batch: Mapping[str, Letter]) -> None:
        parcels = await self._sealed(batch)
        if not parcels:
            return
        if not (self._writing.is_closed or self._writing.wants_probe()):
            self.meters.dropped.add(len(parcels))
            return
        try:
            async with asyncio.timeout(WRITE_PATIENCE):
                await self._tier.put_many(parcels)
        except TimeoutError:
            self._write_failed(len(parcels), f"no answer within {WRITE_PATIENCE:g} s")
        except DependencyError as error:
            self._write_failed(len(parcels), error.reason)
        else:
            self._writing.succeeded()
            self.meters.written.add(len(parcels))
            self.meters.saved.add(sum(batch[parcel.key].saved for parcel in parcels))

    def _write_failed(self, entries: int, reason: str) -> None:
        self.meters.failed_writes.add()
        self.meters.dropped.add(entries)
        self._writing.failed(reason)

    async def _sealed(self, batch: Mapping[str, Letter]) -> list[Parcel]:
        parcels = []
        done = 0
        for key, letter in batch.items():
            ttl = letter.ends_at - self._wall()
            if ttl <= 0:
                continue
            envelope = self._codec.seal(letter)
            if envelope is None:
                self.meters.dropped.add()
                continue
            parcels.append(Parcel(key, envelope, ttl))
            done += len(envelope) + letter.saved
            if done >= SEALED_BYTES:
                done = 0
                await asyncio.sleep(0)
        return parcels
