"""``python -m tests.benchmarks.batches.working``: what a row of a batch costs a worker, stage by stage.

The same rows are done in three ways, each with one stage more, in CPU seconds of this process:

    analysis    the workload's own function, in batches as large as its lanes allow
    campaign    the same in a worker over chunks in memory: rows to items, groups, cache, results
    database    the same over chunks in PostgreSQL: claims, leases, COPY

Pictures come from memory, so that what fetching costs is left out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import rich_click as click
import uvloop
from rich.console import Console
from rich.table import Table

from service.adapters.batches import PostgresBatches
from service.adapters.chunk_consumer import work_off
from service.adapters.database import open_database
from service.adapters.embedded import EmbeddedServers
from service.adapters.postgres import migrate
from service.campaigns.doorbell import Doorbell
from service.campaigns.hand import Hand
from service.campaigns.shift import Shift
from service.campaigns.stopwatch import Stopwatch
from service.campaigns.terms import CampaignTerms
from service.core.batches import Batch, BatchState, BatchWish, Chunk, Row, RowResult
from service.core.call import Priority
from service.core.fetching import Fetched
from service.core.metrics import Metrics
from service.core.workload import AnyWorkload
from service.pipelines import SharedCache, open_metrics, open_works
from service.settings import Settings
from service.workloads.comments import WORKLOAD as COMMENTS
from service.workloads.images import WORKLOAD as IMAGES

TENANT = "acme"
LOOK_SECONDS = 0.5
PARTS = (
    "muy lento el internet",
    "todos los días se corta",
    "excelente atención, rápidos y amables",
    "me cobraron dos veces la factura",
    "nadie me atiende",
    "caro pero anda bien",
    "el técnico vino puntual",
    "la señal no llega a la pieza",
)
PHOTOS = 16


class Cost(NamedTuple):
    """What was measured of one way."""

    way: str
    cpu: float
    """Seconds of this process."""
    loop: float
    """Those of the thread with the event loop; where a workload has threads, all that is not analysis."""
    seconds: float
    """Of the clock."""


class Origin:
    """Gives the same pictures under any number of addresses."""

    def __init__(self, pictures: Sequence[bytes]) -> None:
        self._pictures = pictures

    async def fetch(self, url: str, priority: Priority) -> Fetched:
        """The picture that the number at the end of ``url`` says."""
        number = int(url.rpartition("/")[2])
        return Fetched(self._pictures[number % len(self._pictures)], "image/jpeg", url)


class Case(NamedTuple):
    """What is measured: a workload, its rows, and where its pictures come from."""

    workload: AnyWorkload
    rows: Sequence[Row]
    origin: Origin


class FreeStore:
    """Chunks in memory that cost next to nothing."""

    def __init__(self, chunks: Sequence[Chunk], is_done: asyncio.Event) -> None:
        self._waiting = list(reversed(chunks))
        self._left = len(chunks)
        self._is_done = is_done

    async def claim(self, worker: str, lease: float, most_items: int) -> Sequence[Chunk]:
        taken: list[Chunk] = []
        while self._waiting and (not taken or len(taken) * len(taken[0].rows) < most_items):
            taken.append(self._waiting.pop())
        return taken

    async def begin(self, chunks: Sequence[Chunk]) -> None:
        return

    async def extend(self, chunks: Sequence[Chunk], lease: float) -> Sequence[Chunk]:
        return chunks

    async def suspect(self, chunk: Chunk, line: int) -> bool:
        return True

    async def complete(self, chunk: Chunk, results: Sequence[RowResult]) -> bool:
        assert len(results) == len(chunk.rows)
        assert all(result.error is None for result in results), results[0]
        self._left -= 1
        if not self._left:
            self._is_done.set()
        return True

    async def give_back(self, chunks: Sequence[Chunk]) -> None:
        self._waiting.extend(chunks)

    async def tidy(self) -> float | None:
        return None


def case_of(name: str, rows: int) -> Case:
    """``rows`` rows of a workload, no two alike."""
    random = Random(1)
    lines = range(2, rows + 2)
    if name == "comments":
        texts = [f"{', '.join(random.sample(PARTS, 3))} {line}" for line in lines]
        return Case(COMMENTS, [Row(line, {"text": text}) for line, text in zip(lines, texts, strict=True)], Origin([]))
    from tests.benchmarks.images.photos import read, with_megapixels

    pictures = [with_megapixels(pixels, 0.2) for pixels in read((), PHOTOS)]
    urls = [Row(line, {"url": f"https://pictures.example/{line}"}) for line in lines]
    return Case(IMAGES, urls, Origin(pictures))


async def analysis(case: Case) -> Cost:
    """The work itself."""
    workload, rule = case.workload, _rule(case)
    items = [rule.item_of(row.fields, rule.options()) for row in case.rows]
    if workload.fetch is not None:
        items = [await workload.fetch(item, case.origin, Priority.BULK) for item in items]
    lane = workload.lanes[0]
    began = _now()
    for begin in range(0, len(items), lane.batch_items):
        workload.analyse(lane.name, items[begin : begin + lane.batch_items])
    return _cost("analysis", began)


async def campaign(case: Case, settings: Settings) -> Cost:
    """A worker over chunks in memory."""
    rule = _rule(case)
    numbers = count()
    chunks = [
        Chunk(
            batch="b",
            number=next(numbers),
            attempt=1,
            tenant=TENANT,
            workload=case.workload.name,
            options=b"{}",
            rows=tuple(case.rows[begin : begin + rule.chunk_rows]),
        )
        for begin in range(0, len(case.rows), rule.chunk_rows)
    ]
    done = asyncio.Event()
    async with AsyncExitStack() as stack:
        works = await stack.enter_async_context(
            open_works(settings, [case.workload], SharedCache(), _metrics(stack, case), fetcher=case.origin)
        )
        began = _now()
        await Shift(
            FreeStore(chunks, done),
            {case.workload.name: works.pipelines[0]},
            done,
            worker="benchmark",
            hand=Hand(),
            doorbell=Doorbell(),
            alone=asyncio.Lock(),
            terms=CampaignTerms(),
        ).run()
        return _cost("campaign", began)


async def database(case: Case, settings: Settings) -> Cost:
    """A worker over chunks in PostgreSQL."""
    url = settings.database_url or ""
    await migrate(url)
    rule = _rule(case)
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(open_database(url, size=1, application="benchmark"))
        batches = PostgresBatches(connection)
        batch = await batches.create(BatchWish(workload=case.workload.name, name="benchmark", auto_start=False), TENANT)
        for begin in range(0, len(case.rows), rule.chunk_rows):
            await batches.add(batch.id, TENANT, [case.rows[begin : begin + rule.chunk_rows]], [])
        await batches.uploaded(batch.id, TENANT, is_whole=True)
        stopwatch, stop = Stopwatch(time.monotonic), asyncio.Event()
        works = await stack.enter_async_context(
            open_works(
                settings,
                [stopwatch.watched(case.workload)],
                SharedCache(),
                _metrics(stack, case),
                fetcher=case.origin,
            )
        )
        await batches.start(batch.id, TENANT)
        began = _now()
        work = work_off(
            url,
            {case.workload.name: works.pipelines[0]},
            stop,
            turn=asyncio.Semaphore(1),
            stopwatch=stopwatch,
            longest=60.0,
            keep_days=90,
        )
        working = asyncio.create_task(work)
        found = await _completed(batches, batch.id)
        cost = _cost("database", began)
        stop.set()
        await working
        assert found.failed == 0
        return cost


async def _completed(batches: PostgresBatches, identifier: str) -> Batch:
    while True:
        batch = await batches.find(identifier, TENANT)
        if batch is not None and batch.state is BatchState.COMPLETED:
            return batch
        await asyncio.sleep(LOOK_SECONDS)


def _rule(case: Case) -> Any:
    assert case.workload.batch is not None
    return case.workload.batch


def _metrics(stack: AsyncExitStack, case: Case) -> Metrics:
    metrics = open_metrics([case.workload])
    stack.callback(metrics.close)
    return metrics


def _now() -> tuple[float, float, float]:
    return time.process_time(), time.thread_time(), time.perf_counter()


def _cost(way: str, began: tuple[float, float, float]) -> Cost:
    cpu, loop, clock = (now - before for now, before in zip(_now(), began, strict=True))
    return Cost(way, cpu, loop, clock)


def table(costs: Sequence[Cost], rows: int, *, is_threaded: bool) -> Table:
    """What each way costs a row, and what it adds to the work itself."""
    shown = Table(title=f"{rows:,} rows")
    for heading in ("way", "CPU µs a row", "beside the analysis", "of it", "rows/s"):
        shown.add_column(heading, justify="left" if heading == "way" else "right")
    work = costs[0].cpu
    shown.add_row("analysis", f"{work / rows * 1e6:,.1f}", "", "", f"{rows / costs[0].seconds:,.0f}")
    for cost in costs[1:]:
        beside = cost.loop if is_threaded else cost.cpu - work
        shown.add_row(
            cost.way,
            f"{cost.cpu / rows * 1e6:,.1f}",
            f"{beside / rows * 1e6:,.1f}",
            f"{beside / work:.1%}",
            f"{rows / cost.seconds:,.0f}",
        )
    return shown


@click.command()
@click.option("--workload", type=click.Choice(["comments", "images"]), default="images", show_default=True)
@click.option("--rows", type=click.IntRange(100, 10_000_000), default=2_000, show_default=True)
def main(workload: str, rows: int) -> None:
    """Measure what a worker adds to the analysis of a row."""
    console = Console()
    with TemporaryDirectory(prefix="working-") as folder, EmbeddedServers(Path(folder)) as servers:
        settings = Settings.from_environment({"DATABASE_URL": servers.start_postgres()})
        with console.status("drawing rows") as status:
            case = case_of(workload, rows)
            case.workload.prepare()
            status.update("analysing them")
            costs = [uvloop.run(analysis(case))]
            status.update("working them off in memory")
            costs.append(uvloop.run(campaign(case, settings)))
            status.update("working them off in PostgreSQL")
            costs.append(uvloop.run(database(case, settings)))
    console.print(table(costs, rows, is_threaded=case.workload.lanes[0].threads > 0))


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.batches.working")
