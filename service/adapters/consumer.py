"""Takes jobs from the queue, one at a time, and sees each one to its end.

What PgQueuer does not do is done here and in the job store:

* it never stops delivering what always crashes: attempts are counted and capped by the store;
* it drops or parks an entry whose handler fails: nothing escapes our handler but a wish to try again,
  and what is parked because the database itself was away is enqueued again from the table of jobs.

One at a time, so that a job which takes the process down with it costs no other job an attempt.
More throughput is more workers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job as Entry

from service.adapters.attempts import ENTRYPOINT, MOST_ATTEMPTS, Attempt, Attempts
from service.adapters.connection import Pool
from service.adapters.database import Database
from service.adapters.delivery import Delivery, elapsed, while_connected
from service.adapters.jobs import parse_id
from service.core.errors import DependencyError, OverloadError, ServiceError

CONNECTIONS = 4
"""One listens, one runs the queue, one serves the job, one recovers."""

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


async def consume(
    url: str,
    answer: Answer,
    stop: asyncio.Event,
    terms: Terms | None = None,
    turn: asyncio.Semaphore | None = None,
) -> None:
    """Work on the jobs in ``url``'s database until ``stop`` is set and the job in hand is done.

    A database that goes away is waited for. ``turn`` is held by whoever may end the process by what it does.
    """
    terms = terms or Terms()
    turn = turn or asyncio.Semaphore(1)

    async def work(pool: Pool) -> None:
        await Consumer(pool, answer, stop, terms, turn).run()

    await while_connected(url, work, stop, connections=CONNECTIONS)


class Consumer:
    """Works on jobs for as long as ``pool`` reaches the database."""

    def __init__(self, pool: Pool, answer: Answer, stop: asyncio.Event, terms: Terms, turn: asyncio.Semaphore) -> None:
        self._jobs = Attempts(Database(pool), most=terms.attempts)
        self._answer = answer
        self._stop = stop
        self._terms = terms
        self._turn = turn
        self._delivery = Delivery(
            pool, ENTRYPOINT, self._deliver, stop, lease=terms.lease, poll=terms.poll, failed="hold"
        )

    async def run(self) -> None:
        """Consume until asked to stop; raises when the database goes away."""
        recovering = asyncio.create_task(self._recover())
        try:
            await self._delivery.run()
        finally:
            recovering.cancel()
            await asyncio.gather(recovering, return_exceptions=True)

    async def _recover(self) -> None:
        # Not at once: PgQueuer gives up on a listener that hears nothing of its first probe, and the probe
        # overtakes a listener that has to wait for a new connection because we took the open one.
        await elapsed(self._terms.poll, self._stop)
        while not self._stop.is_set():
            try:
                if recovered := await self._jobs.recover(self._terms.lease):
                    logger.warning("the queue had lost %d jobs, they are back in it", recovered)
            except DependencyError as error:
                logger.warning("could not look for lost jobs: %s", error)
            await elapsed(self._terms.lease, self._stop)

    async def _deliver(self, entry: Entry) -> None:
        async with self._turn:
            self._delivery.hand_back()
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
