"""Works off batches for as long as there are any, told by the queue when there are.

An entry of the queue that is called ``chunk`` is a turn: it says that some chunk waits, and not which. Whoever has
nothing to do takes one and claims what is next; whoever is busy leaves it to others. A turn that is lost delays and
loses nothing, since every worker also looks by itself.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping

from pgqueuer.models import Job as Entry

from service.adapters.attempts import WORKER_ROLE
from service.adapters.chunks import PostgresChunks
from service.adapters.connection import Pool
from service.adapters.database import open_database
from service.adapters.delivery import APPLICATION, Delivery, while_connected
from service.adapters.maintenance import maintain
from service.adapters.pulse import Pulse
from service.campaigns.bench import Line
from service.campaigns.doorbell import Doorbell
from service.campaigns.hand import Hand
from service.campaigns.meters import MeteredStore, WorkerMeters
from service.campaigns.shift import Shift
from service.campaigns.stopwatch import Stopwatch
from service.campaigns.terms import CampaignTerms
from service.core.batches import ChunkStore

ENTRYPOINT = "chunk"
"""What the queue calls turns."""
TURN_LEASE = 30.0
"""A turn that its worker did not extend for so many seconds is another's."""
TURN_CONNECTIONS = 3
"""One listens, one runs the queue, one extends turns."""
CONNECTIONS = 4
"""One claims, one tidies, the others keep results; all of them rest while there are no batches."""
DAY = 86_400.0


def worker_name() -> str:
    """What this process claims under."""
    return f"{socket.gethostname()}:{os.getpid()}"


async def work_off(
    url: str,
    lines: Mapping[str, Line],
    stop: asyncio.Event,
    *,
    turn: asyncio.Semaphore,
    stopwatch: Stopwatch,
    longest: float,
    keep_days: int,
    known_days: int = 365,
    meters: WorkerMeters | None = None,
    terms: CampaignTerms | None = None,
) -> None:
    """Work on the batches in ``url``'s database by ``lines`` until ``stop``, as `Shift.run`.

    ``turn`` keeps jobs away while a row is done that may end the process; an analysis that takes ``longest`` seconds
    ends it. Batches are kept for ``keep_days`` days after their month, and known pictures for ``known_days`` after they
    were last sent. ``meters`` are told what is done.
    """
    terms = terms or CampaignTerms()
    doorbell, hand = Doorbell(), Hand()
    async with open_database(url, size=CONNECTIONS, application=APPLICATION, role=WORKER_ROLE) as database:
        chunks: ChunkStore = PostgresChunks(database)
        shift = Shift(
            chunks if meters is None else MeteredStore(chunks, meters),
            lines,
            stop,
            worker=worker_name(),
            hand=hand,
            doorbell=doorbell,
            alone=turn,
            terms=terms,
        )
        if meters is not None:
            meters.watch(hand, shift.benches)
        with Pulse(url, hand, terms.lease, stopwatch, longest):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_listen(url, doorbell, stop))
                maintenance = tasks.create_task(maintain(database, keep_days * DAY, known_days * DAY))
                await shift.run()
                maintenance.cancel()


async def _listen(url: str, doorbell: Doorbell, stop: asyncio.Event) -> None:
    async def work(pool: Pool) -> None:
        await Turns(pool, doorbell, stop).run()

    await while_connected(url, work, stop, connections=TURN_CONNECTIONS)


class Turns:
    """Rings ``doorbell`` for every turn, for as long as ``pool`` reaches the database."""

    def __init__(self, pool: Pool, doorbell: Doorbell, stop: asyncio.Event) -> None:
        self._doorbell = doorbell
        self._delivery = Delivery(
            pool, ENTRYPOINT, self._ring, stop, lease=TURN_LEASE, poll=TURN_LEASE / 4, failed="delete"
        )

    async def run(self) -> None:
        """Ring until the stop; raises when the database goes away."""
        await self._delivery.run()

    async def _ring(self, entry: Entry) -> None:
        ringing = asyncio.create_task(self._doorbell.ring())
        ending = asyncio.create_task(self._delivery.over.wait())
        await asyncio.wait({ringing, ending}, return_when=asyncio.FIRST_COMPLETED)
        is_heard = ringing.done()
        for task in (ringing, ending):
            task.cancel()
        if not is_heard:
            self._delivery.hand_back()
