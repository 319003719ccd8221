"""Takes jobs from the queue, one at a time, and sees each one to its end.

PgQueuer delivers: it wakes us, keeps the lease alive by heartbeats and hands an entry to somebody else
when they stop. What it does not do is done here and in the job store:

* it never stops delivering what always crashes: attempts are counted and capped by the store;
* it drops or parks an entry whose handler fails: nothing escapes our handler but a wish to try again,
  and what is parked because the database itself was away is enqueued again from the table of jobs;
* it gives up when the database goes away: we connect again.

One at a time, so that a job which takes the process down with it costs no other job an attempt.
More throughput is more workers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import msgspec
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.errors import PgqException, RetryRequested
from pgqueuer.models import Job as Entry
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries

from service.adapters.attempts import ENTRYPOINT, MOST_ATTEMPTS, WORKER_ROLE, Attempt, Attempts
from service.adapters.connection import Pool, open_pool
from service.adapters.database import Database
from service.adapters.jobs import parse_id
from service.core.errors import DependencyError, OverloadError, ServiceError

CONNECTIONS = 4
"""One listens, one runs the queue, one serves the job, one recovers."""
RECONNECT_SECONDS = 1.0

Answer = Callable[[str, bytes, str], Awaitable[bytes]]
"""(workload, request as JSON, tenant) to the answer as JSON; raises a `ServiceError` when there is none."""

logger = logging.getLogger(__name__)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How jobs are worked on; times in seconds."""

    lease: float = 30.0
    """A worker that has not been heard of for so long has lost its job."""
    deadline: float = 600.0
    """An analysis that takes longer has failed."""
    attempts: int = MOST_ATTEMPTS
    backoff: float = 1.0
    """Before the second attempt; doubles with each further one."""
    longest_backoff: float = 60.0

    @property
    def poll(self) -> float:
        """How often to look for lost leases when nothing happens."""
        return min(2.0, self.lease / 4)

    def delay(self, attempt: int) -> float:
        """How long to wait after ``attempt`` failed."""
        return float(min(self.longest_backoff, self.backoff * 2 ** (attempt - 1)))


async def consume(url: str, answer: Answer, stop: asyncio.Event, terms: Terms | None = None) -> None:
    """Work on the jobs in ``url``'s database until ``stop`` is set and the job in hand is done.

    A database that goes away is waited for.
    """
    terms = terms or Terms()
    while not stop.is_set():
        try:
            async with _pool(url) as pool:
                await Consumer(pool, answer, stop, terms).run()
        except (DependencyError, PgqException, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            reason = str(error) or type(error).__name__  # PgQueuer's errors say nothing but their name
            logger.warning("the queue is away, trying again in %s s: %s", RECONNECT_SECONDS, reason)
            await _elapsed(RECONNECT_SECONDS, stop)


class Consumer:
    """Works on jobs for as long as ``pool`` reaches the database."""

    def __init__(self, pool: Pool, answer: Answer, stop: asyncio.Event, terms: Terms) -> None:
        self._jobs = Attempts(Database(pool), most=terms.attempts)
        self._answer = answer
        self._stop = stop
        self._terms = terms
        self._turn = asyncio.Semaphore(1)
        self._manager = QueueManager(Queries(AsyncpgPoolDriver(pool)))
        self._manager.entrypoint(ENTRYPOINT, on_failure="hold")(self._deliver)

    async def run(self) -> None:
        """Consume until asked to stop; raises when the database goes away."""
        attendants = [asyncio.create_task(self._pass_on_stop()), asyncio.create_task(self._recover())]
        try:
            await self._manager.run(
                # The smallest that PgQueuer allows: one job in hand and one that waits for its turn.
                batch_size=1,
                max_concurrent_tasks=2,
                dequeue_timeout=timedelta(seconds=self._terms.poll),
                heartbeat_timeout=timedelta(seconds=self._terms.lease),
                log_aggregation_interval=timedelta(0),
                shutdown_on_listener_failure=True,
            )
        finally:
            for attendant in attendants:
                attendant.cancel()
            await asyncio.gather(*attendants, return_exceptions=True)

    async def _pass_on_stop(self) -> None:
        await self._stop.wait()
        self._manager.shutdown.set()

    async def _recover(self) -> None:
        # Not at once: PgQueuer gives up on a listener that hears nothing of its first probe, and the probe
        # overtakes a listener that has to wait for a new connection because we took the open one.
        await _elapsed(self._terms.poll, self._stop)
        while not self._stop.is_set():
            try:
                if recovered := await self._jobs.recover(self._terms.lease):
                    logger.warning("the queue had lost %d jobs, they are back in it", recovered)
            except DependencyError as error:
                logger.warning("could not look for lost jobs: %s", error)
            await _elapsed(self._terms.lease, self._stop)

    async def _deliver(self, entry: Entry) -> None:
        async with self._turn:
            if self._stop.is_set() or self._manager.shutdown.is_set():
                raise RetryRequested(reason="the worker stops")
            identifier = parse_id((entry.payload or b"").decode(errors="replace"))
            if identifier is None:
                logger.error("dropped entry %d of the queue: its payload names no job", entry.id)
                return
            try:
                attempt = await self._jobs.claim(identifier)
                if attempt is not None:
                    await self._work(attempt)
            except DependencyError as error:
                raise RetryRequested(timedelta(seconds=self._terms.backoff), str(error)) from error

    async def _work(self, attempt: Attempt) -> None:
        try:
            async with asyncio.timeout(self._terms.deadline) as limit:
                answer = await self._answer(attempt.workload, attempt.request, attempt.tenant)
        except OverloadError as error:
            await self._postpone(attempt, str(error), at_least=error.retry_after)
        except DependencyError as error:
            await self._postpone(attempt, str(error))
        except ServiceError as error:
            await self._jobs.fail(attempt, str(error))
        except Exception as error:
            if limit.expired():
                await self._jobs.fail(attempt, f"the analysis took longer than {self._terms.deadline:g} seconds")
                return
            logger.exception("attempt %d at job %s failed", attempt.number, attempt.id)
            await self._postpone(attempt, f"the analysis failed unexpectedly ({type(error).__name__})")
        else:
            if not await self._jobs.complete(attempt, answer):
                logger.warning("attempt %d at job %s came too late", attempt.number, attempt.id)

    async def _postpone(self, attempt: Attempt, reason: str, at_least: float = 0.0) -> None:
        if await self._jobs.postpone(attempt, reason):
            delay = max(at_least, self._terms.delay(attempt.number))
            raise RetryRequested(timedelta(seconds=delay), reason)


@asynccontextmanager
async def _pool(url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(url, size=CONNECTIONS, application="loadstone-worker", role=WORKER_ROLE)
    try:
        yield pool
    finally:
        # Not closed politely: a connection that was lost while it listened would be waited for.
        pool.terminate()


async def _elapsed(seconds: float, stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
