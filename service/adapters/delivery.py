"""PgQueuer's deliveries of one kind, and how they go on when the database was away.

PgQueuer wakes us, keeps the lease of an entry alive by heartbeats and hands it to somebody else when they stop. It
gives up when the database goes away: we connect again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.errors import PgqException, RetryRequested
from pgqueuer.models import Job as Entry
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries
from pgqueuer.types import OnFailure

from service.adapters.attempts import WORKER_ROLE
from service.adapters.connection import DRIVER_ERRORS, Pool, open_pool
from service.core.errors import DependencyError

RECONNECT_SECONDS = 1.0
HANDS = 2
HURRY_SECONDS = 0.1
APPLICATION = "loadstone-worker"
"""What the server knows a worker's connections as."""

logger = logging.getLogger(__name__)


class Delivery:
    """Hands the entries of the queue that are called ``entrypoint`` to ``handle``, two at a time.

    An entry whose ``lease`` is not extended for so many seconds is handed to somebody else; every ``poll`` seconds the
    queue is looked at though nothing happened. ``failed`` says what becomes of an entry whose handler raises.
    """

    def __init__(
        self,
        pool: Pool,
        entrypoint: str,
        handle: Callable[[Entry], Awaitable[None]],
        stop: asyncio.Event,
        *,
        lease: float,
        poll: float,
        failed: OnFailure,
    ) -> None:
        self._stop = stop
        self._lease = lease
        self._poll = poll
        self._manager = QueueManager(Queries(AsyncpgPoolDriver(pool)))
        self._manager.entrypoint(entrypoint, on_failure=failed)(self._handled)
        self._handle = handle
        self._in_hand = 0
        self._look_again_soon()

    @property
    def over(self) -> asyncio.Event:
        """Is set when nothing more is to be begun."""
        return self._manager.shutdown

    def hand_back(self) -> None:
        """Have the entry in hand go back into the queue, when it is over."""
        if self._stop.is_set() or self.over.is_set():
            raise RetryRequested(reason="the worker stops")

    async def run(self) -> None:
        """Deliver until the stop; raises when the database goes away."""
        passing = asyncio.create_task(self._pass_on_stop())
        try:
            await self._manager.run(
                # The smallest that PgQueuer allows: one entry in hand and one that waits for its turn.
                batch_size=1,
                max_concurrent_tasks=HANDS,
                dequeue_timeout=timedelta(seconds=self._poll),
                heartbeat_timeout=timedelta(seconds=self._lease),
                log_aggregation_interval=timedelta(0),
                shutdown_on_listener_failure=True,
            )
        finally:
            passing.cancel()
            await asyncio.gather(passing, return_exceptions=True)

    async def _handled(self, entry: Entry) -> None:
        self._in_hand += 1
        self._look_again_soon()
        try:
            await self._handle(entry)
        finally:
            self._in_hand -= 1
            self._look_again_soon()

    def _look_again_soon(self) -> None:
        """While entries wait PgQueuer looks for them ten times a second, which both hands full makes no sense of."""
        seconds = self._poll if self._in_hand == HANDS else HURRY_SECONDS
        self._manager.min_dequeue_poll_interval = timedelta(seconds=seconds)

    async def _pass_on_stop(self) -> None:
        await self._stop.wait()
        self.over.set()


async def while_connected(
    url: str, work: Callable[[Pool], Awaitable[None]], stop: asyncio.Event, *, connections: int
) -> None:
    """``work`` on a pool of so many ``connections`` until ``stop`` is set; a database that goes away is waited for."""
    while not stop.is_set():
        try:
            async with _pool(url, connections) as pool:
                await work(pool)
        except (DependencyError, PgqException, *DRIVER_ERRORS) as error:
            reason = str(error) or type(error).__name__  # PgQueuer's errors say nothing but their name
            logger.warning("the queue is away, trying again in %s s: %s", RECONNECT_SECONDS, reason)
            await elapsed(RECONNECT_SECONDS, stop)


async def elapsed(seconds: float, stop: asyncio.Event) -> None:
    """Come back after so many ``seconds``, or when ``stop`` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


@asynccontextmanager
async def _pool(url: str, connections: int) -> AsyncIterator[Pool]:
    pool = await open_pool(url, size=connections, application=APPLICATION, role=WORKER_ROLE, tidies=False)
    try:
        yield pool
    finally:
        # Not closed politely: a connection that was lost while it listened would be waited for.
        pool.terminate()
