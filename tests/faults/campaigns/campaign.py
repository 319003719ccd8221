"""One campaign under one fault: written down, worked off while the fault strikes, held against what went in."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

import asyncpg

from service.adapters.batches import PostgresBatches
from service.adapters.database import open_database
from service.adapters.postgres import migrate
from service.core.batches import BatchWish, RowResult
from tests.faults.campaigns.audit import Audit, audited
from tests.faults.campaigns.catalogue import Injection
from tests.faults.campaigns.comments import Comments
from tests.faults.campaigns.disk import small_disk
from tests.faults.campaigns.observer import Observer
from tests.faults.campaigns.scene import Scene
from tests.faults.campaigns.sources import Source
from tests.faults.campaigns.watch import Recovery
from tests.faults.campaigns.workforce import Workforce
from tests.faults.ground import Ground

TENANT = "public"
OVERDUE_SECONDS = 5.0
"""No chunk is running for longer past its lease."""
SMALL_LOG = ("ALTER SYSTEM SET max_wal_size = '64MB'", "SELECT pg_reload_conf()")
"""Of a server on a small disk, so that it is full when it is to be."""
LAST_STRIKE = 0.9
"""Strikes are spread over so much of the campaign."""


class Terms(NamedTuple):
    """How campaigns are held."""

    rows: int
    seed: int
    workers: int = 3
    lease: float = 2.0
    source: type[Source] = Comments
    """Where the rows come from, unless the fault says it."""
    strikes: int | None = None
    """As often as is usual for the fault, if None."""


@dataclass
class Account:
    """What became of a campaign."""

    injection: Injection
    terms: Terms
    strikes: int
    seconds: float
    crashes: int
    audit: Audit
    falls: list[str]
    overdue: float
    recoveries: list[Recovery]
    left: int = 0
    """Chunks that were in hand still when the workers had stopped."""

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.complaints()

    def __str__(self) -> str:
        """Its outcome in one line."""
        after = [recovery.after_lease for recovery in self.recoveries]
        recovered = f", {len(after)} chunks recovered within {max(after):.2f} s of their lease" if after else ""
        excused = f", {self.audit.excused} not reached" if self.audit.excused else ""
        return (
            f"struck {self.strikes}, {self.audit.rows:,} rows in {self.seconds:.1f} s, {len(self.audit.lost)} lost, "
            f"{len(self.audit.duplicated)} duplicated{excused}{recovered}"
        )

    def complaints(self) -> list[str]:
        """A sentence for everything that must not be."""
        told = [*self.audit.complaints(), *self.falls[:5]]
        if self.overdue > OVERDUE_SECONDS:
            told.append(f"a chunk was running {self.overdue:.1f} s past its lease")
        if self.left:
            told.append(f"{self.left} chunks were running still when the workers had stopped")
        if not self.strikes:
            told.append("the fault never struck")
        return told


def held(
    injection: Injection, terms: Terms, tell: Callable[[int], None] = lambda done: None, logs: Path | None = None
) -> Account:
    """The whole campaign, on servers and workers of its own.

    ``tell`` is told now and then how many rows are done; what workers say is kept in the folder ``logs``.
    """
    strikes = terms.strikes or injection.strikes
    source = (injection.source or terms.source)(terms.rows, terms.seed, injection.poison, strikes)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="campaign-")))
        ground = stack.enter_context(_ground(injection, folder))
        stack.enter_context(source.opened(folder))
        batch = asyncio.run(_written(ground.database_url, source))
        began = time.monotonic()
        observer = stack.enter_context(Observer(lambda: ground.database_url, batch, TENANT))
        settings = {**ground.settings, **source.settings, **injection.settings}
        settings["LOADSTONE_LEASE_SECONDS"] = f"{terms.lease:g}"
        log = (logs or folder) / f"{injection.name}.log"
        force = stack.enter_context(Workforce(terms.workers, settings, log, source.command, source.prefix))
        draw = Random(f"{terms.seed} {injection.name}")
        scene = Scene(ground, source, force, observer, draw, terms.rows, terms.lease, tell)
        struck = _struck(injection, scene, strikes)
        scene.wait_until(lambda: scene.is_over)
        seconds = time.monotonic() - began
        force.stop()  # who comes late has a last chance to do harm
        observer.look_again()
        watch = observer.of(lambda watch: watch)
        results = asyncio.run(_results(ground.database_url, batch))
    return Account(
        injection,
        terms,
        struck,
        seconds,
        force.crashes,
        audited(source.rows(), results, source.truth_of, injection.excuses),
        watch.falls,
        watch.overdue,
        watch.recoveries,
        len(watch.running),
    )


@contextmanager
def _ground(injection: Injection, folder: Path) -> Iterator[Ground]:
    with ExitStack() as stack:
        if injection.small_disk:
            stack.enter_context(small_disk(folder / "servers"))
        ground = stack.enter_context(Ground(folder / "servers", proxied=True))
        if injection.small_disk:
            asyncio.run(_execute(ground.database_url, *SMALL_LOG))
        yield ground


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


def _struck(injection: Injection, scene: Scene, strikes: int) -> int:
    """Let the fault strike at points of the progress that are drawn; how often it has."""
    points = sorted(scene.draw.uniform(0, LAST_STRIKE) * scene.rows for _ in range(strikes))
    for number, point in enumerate(points):
        if not scene.wait_until(partial(_has_reached, scene, point)) or not injection.strike(scene):
            return number
    return strikes


def _has_reached(scene: Scene, point: float) -> bool:
    return scene.done >= point


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[PostgresBatches]:
    async with open_database(url, size=2, application="campaign") as database:
        yield PostgresBatches(database)


async def _written(url: str, source: Source) -> str:
    """Write the batch down, so that it begins; its identifier."""
    await migrate(url)
    async with _opened(url) as batches:
        batch = await batches.create(BatchWish(workload=source.workload, name="campaign"), TENANT)
        for chunk in source.chunks():
            await batches.add(batch.id, TENANT, [chunk], [])
        await batches.uploaded(batch.id, TENANT, is_whole=True)
    return batch.id


async def _results(url: str, batch: str) -> list[RowResult]:
    async with _opened(url) as batches:
        portions = batches.results(batch, TENANT, state=None, error=None, after=0, most=None)
        return [result async for portion in portions for result in portion]
