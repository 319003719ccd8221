"""What has to be done for batches now and then, by one worker at a time.

Partitions of the months to come are made long before they are needed, those of months long past are dropped, and the
results of batches that were deleted, and files that nobody made for long, are swept away a portion at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from time import monotonic

from service.adapters import queries
from service.adapters.database import Database
from service.adapters.keepsakes import sweep_keepsakes
from service.adapters.partitions import drop_partitions, make_partitions, sweep_remains
from service.core.errors import DependencyError

EVERY_SECONDS = 600.0
LONGEST_SECONDS = 20.0
"""No portion is begun after so long, so that the lock goes back before the server ends it."""

_SQL = queries.load("maintenance.sql")

logger = logging.getLogger(__name__)


async def maintain(database: Database, keep: float) -> None:
    """Do it at once and every `EVERY_SECONDS` from now on; batches are kept for ``keep`` seconds after their month."""
    while True:
        try:
            await maintain_once(database, keep)
        except DependencyError as error:
            logger.warning("the maintenance of batches has to wait: %s", error)
        await asyncio.sleep(EVERY_SECONDS)


async def maintain_once(database: Database, keep: float, clock: Callable[[], float] = monotonic) -> bool:
    """Do what is due; False when somebody else is at it. Needs two connections."""
    ends = clock() + LONGEST_SECONDS
    async with database.transaction() as statements:
        if not await statements.fetch_value(_SQL["take_maintenance"]):
            return False
        if made := await make_partitions(database):
            logger.info("made %d partitions for the months to come", made)
        if dropped := await drop_partitions(database, keep):
            logger.info("dropped %d partitions of months that are over", dropped)
        swept = 0
        while clock() < ends and (portion := await sweep_remains(database)):
            swept += portion
        if swept:
            logger.info("swept away %d results of deleted batches", swept)
        while clock() < ends and await sweep_keepsakes(database):
            pass
    return True
