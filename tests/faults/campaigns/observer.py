"""Looks at a batch many times a second while it is worked off: straight at the server, past all proxies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Self, TypeVar

import asyncpg

from service.adapters.batches import PostgresBatches
from service.adapters.connection import DRIVER_ERRORS
from service.adapters.database import Database
from service.core.batches import Batch, BatchState
from service.core.errors import DependencyError
from tests.faults.campaigns.watch import Held, Sighting, Watch
from tests.faults.ground import wait_until
from tests.support.loop_thread import LoopThread

PERIOD_SECONDS = 0.05
_IN_HAND = """
SELECT number, attempt, worker, extract(epoch FROM lease_until)::float8 AS lease_end
FROM batch_chunks WHERE batch_id = $1::text::uuid AND state = 'running'
"""
_COMPLETED = """
SELECT number, attempt FROM batch_chunks WHERE batch_id = $1::text::uuid AND number = ANY($2::int[]) AND state = 'done'
"""
_NOW = """
SELECT
    extract(epoch FROM clock_timestamp())::float8 AS at,
    EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'loadstone-worker') AS is_attended
"""

Answer = TypeVar("Answer")


class Observer:
    """Sees the batch ``identifier`` of ``tenant`` in the database at ``url``, for the length of a block."""

    def __init__(self, url: Callable[[], str], identifier: str, tenant: str) -> None:
        self._url = url
        self._batch = identifier
        self._tenant = tenant
        self._watch = Watch()
        self._thread = LoopThread("observer")
        self._looking: asyncio.Task[None]
        self.state: BatchState | None = None
        """Of the batch, when it was seen last."""

    def __enter__(self) -> Self:
        self._thread.start()
        self._thread.do(self._begin())
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.do(self._end())
        self._thread.stop()

    def of(self, question: Callable[[Watch], Answer]) -> Answer:
        """What the watch says to it; between two sightings."""

        async def ask() -> Answer:
            return question(self._watch)

        return self._thread.do(ask())

    def look_again(self) -> None:
        """Come back when everything has been seen that is there now."""
        target = self.of(lambda watch: watch.sightings) + 2  # one may be on its way
        wait_until(lambda: self.of(lambda watch: watch.sightings) >= target, "the batch is seen once more")

    async def _begin(self) -> None:
        self._looking = asyncio.create_task(self._look())

    async def _end(self) -> None:
        self._looking.cancel()
        with suppress(asyncio.CancelledError):
            await self._looking

    async def _look(self) -> None:
        while True:
            with suppress(DependencyError, *DRIVER_ERRORS):  # the server is away: that is what some campaigns are about
                async with asyncpg.create_pool(self._url(), min_size=0, max_size=2) as pool:
                    batches = PostgresBatches(Database(pool))
                    while True:
                        await self._sight(pool, batches)
                        await asyncio.sleep(PERIOD_SECONDS)
            await asyncio.sleep(PERIOD_SECONDS)

    async def _sight(self, pool: asyncpg.Pool[asyncpg.Record], batches: PostgresBatches) -> None:
        # The leases first: one that is extended or ended meanwhile is not seen past its end.
        now = await pool.fetchrow(_NOW)
        running = await pool.fetch(_IN_HAND, self._batch)
        completed = await pool.fetch(_COMPLETED, self._batch, list(self._watch.awaited))
        batch: Batch | None = await batches.find(self._batch, self._tenant)
        assert batch is not None
        assert now is not None
        self.state = batch.state
        self._watch.see(
            Sighting(
                at=now["at"],
                done=batch.done,
                done_chunks=batch.done_chunks,
                running=[Held(row["number"], row["attempt"], row["worker"], row["lease_end"]) for row in running],
                done_attempts=frozenset((row["number"], row["attempt"]) for row in completed),
                is_attended=now["is_attended"],
            )
        )
