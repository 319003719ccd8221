"""What has to be done for batches now and then, by one worker at a time.

Partitions of the months to come are made long before they are needed, those of months long past are dropped, and the
results of batches that were deleted, files that nobody made for long, pictures that nobody sent for long, and what is
left of products that were removed, are swept away a portion at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from time import monotonic

from service.adapters import queries
from service.adapters.catalogues import sweep_products
from service.adapters.database import Database
from service.adapters.keepsakes import sweep_keepsakes
from service.adapters.known_images import sweep_known_images
from service.adapters.partitions import drop_partitions, make_partitions, sweep_remains
from service.core.errors import DependencyError

EVERY_SECONDS = 600.0
LONGEST_SECONDS = 20.0
"""No portion is begun after so long, so that the lock goes back before the server ends it."""

KNOWN_SECONDS = 365 * 86_400.0
"""Pictures that nobody sent for so long are known no more, unless somebody says otherwise."""

_SQL = queries.load("maintenance.sql")

logger = logging.getLogger(__name__)


async def maintain(database: Database, keep: float, known: float = KNOWN_SECONDS) -> None:
    """Do it at once and every `EVERY_SECONDS` from now on.

    Batches are kept for ``keep`` seconds after their month, and known pictures for ``known`` after they were last sent.
    """
    while True:
        try:
            await maintain_once(database, keep, known=known)
        except DependencyError as error:
            logger.warning("the maintenance of batches has to wait: %s", error)
        await asyncio.sleep(EVERY_SECONDS)


async def maintain_once(
    database: Database, keep: float, clock: Callable[[], float] = monotonic, *, known: float = KNOWN_SECONDS
) -> bool:
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
        while clock() < ends and await sweep_known_images(database, known):
            pass
        while clock() < ends and await sweep_products(database):
            pass
    return True
