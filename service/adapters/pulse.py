"""Extends the leases of a worker's chunks from a thread of its own, and ends the process when an analysis never does.

An event loop that is busy for longer than a lease would lose its chunks to others, who would do them again; so the
leases do not depend on it. They would then be extended for a loop, or a thread, that never comes back: so this thread
also looks at how long analyses take, and ends the process when one takes too long. Its chunks are then taken for what
they are, those that a worker was lost at.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable

from service.adapters.attempts import WORKER_ROLE
from service.adapters.chunks import PostgresChunks
from service.adapters.database import open_database
from service.adapters.delivery import APPLICATION
from service.adapters.restarter import RECYCLED
from service.campaigns.hand import Hand
from service.campaigns.stopwatch import Stopwatch

LOOK_SECONDS = 0.25
PATIENCE_SECONDS = 2.0
"""How long the thread may take to end; one that waits for a server that says nothing ends with the process."""

logger = logging.getLogger(__name__)


def leave_at_once() -> None:
    """End the process without another word, so that it is started again."""
    os._exit(RECYCLED)


class Pulse:
    """Keeps ``hand`` for as long as the block lasts; an analysis may take ``longest`` seconds."""

    def __init__(
        self,
        url: str,
        hand: Hand,
        lease: float,
        stopwatch: Stopwatch,
        longest: float,
        leave: Callable[[], None] = leave_at_once,
    ) -> None:
        self._url = url
        self._hand = hand
        self._lease = lease
        self._stopwatch = stopwatch
        self._longest = longest
        self._leave = leave
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(PATIENCE_SECONDS)

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                asyncio.run(self._beat())
            except Exception:
                logger.exception("the leases are not extended for a moment")
                self._over.wait(LOOK_SECONDS)

    async def _beat(self) -> None:
        async with open_database(self._url, size=1, application=APPLICATION, role=WORKER_ROLE) as database:
            keeping = asyncio.create_task(self._hand.keep(PostgresChunks(database), self._lease))
            try:
                while not self._over.is_set() and not keeping.done():
                    self._look()
                    await asyncio.sleep(LOOK_SECONDS)
            finally:
                keeping.cancel()
                await asyncio.wait({keeping})
            if not keeping.cancelled():
                keeping.result()

    def _look(self) -> None:
        found = self._stopwatch.longest()
        if found is not None and found[0] > self._longest:
            logger.critical(
                "an analysis of %s takes longer than %g s: this process ends, as nothing else ends it",
                found[1],
                self._longest,
            )
            self._leave()
