"""``python -m tests.benchmarks.batches.storage``: how fast batches are kept, taken in hand and looked at.

On a PostgreSQL of its own, by one connection at a time, all through the stores that the service uses:

    results     chunks completed with their results, each in one transaction with a COPY, by rows a chunk
    intake      packed rows added to a batch, 10,000 at a time
    hot         what is asked again and again while that batch waits: a claim, a tidy, its progress
"""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import psutil
import rich_click as click
import uvloop
from rich.console import Console
from rich.table import Table

from service.adapters.attempts import WORKER_ROLE
from service.adapters.batches import PostgresBatches
from service.adapters.chunks import PostgresChunks
from service.adapters.connection import connect
from service.adapters.database import open_database
from service.adapters.embedded import EmbeddedServers
from service.adapters.migrations import migrate
from service.core.batches import BatchWish, Chunk, Row, RowResult, RowState
from slo.documentation import put

PAGE = Path(__file__).resolve().parents[3] / "docs" / "batches.md"
PLACE = "storage"
HEADINGS = ("what", "rows/s", "CPU µs a row", "the server's", "median ms", "worst ms")
TENANT = "acme"
LEASE = 600.0
GROUP_ROWS = 10_000
"""Rows that the intake adds at a time."""
CHUNK_SIZES = (200, 1_000, 5_000)
RESULT = b'{"sentiment":"negative","confidence":0.93,"category":"service","words":["lento","corta"],"language":"es"}'


class Stores(NamedTuple):
    """Both sides of one database."""

    batches: PostgresBatches
    chunks: PostgresChunks
    url: str


class Figure(NamedTuple):
    """One line of the table."""

    what: str
    rows_per_second: float | None = None
    cpu: Sequence[float] = ()
    """Microseconds a row, of this process and of the server."""
    milliseconds: Sequence[float] = ()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Stores]:
    """The stores at ``url``, each over one connection."""
    await migrate(url)
    async with AsyncExitStack() as stack:
        front = await stack.enter_async_context(open_database(url, size=1, application="benchmark"))
        back = await stack.enter_async_context(open_database(url, size=1, application="benchmark", role=WORKER_ROLE))
        yield Stores(PostgresBatches(front), PostgresChunks(back), url)


async def results(stores: Stores, rows: int) -> Sequence[Figure]:
    """``rows`` rows completed in chunks of each size."""
    figures = []
    for size in CHUNK_SIZES:
        identifier = await _filled(stores, chunks=max(1, rows // size), size=size)
        await stores.batches.start(identifier, TENANT)
        outcomes: list[tuple[Chunk, Sequence[RowResult]]] = []
        while taken := await stores.chunks.claim("benchmark:1", LEASE, rows):
            outcomes += [(chunk, _outcomes(chunk)) for chunk in taken]
        began, before = time.perf_counter(), _cpu()
        for chunk, found in outcomes:
            assert await stores.chunks.complete(chunk, found)
        seconds, spent = time.perf_counter() - began, [now - then for now, then in zip(_cpu(), before, strict=True)]
        number = sum(len(found) for _, found in outcomes)
        await stores.chunks.tidy()
        figures.append(Figure(f"results, {size:,} a chunk", number / seconds, [each / number * 1e6 for each in spent]))
    return figures


async def intake(stores: Stores, chunks: int, size: int) -> tuple[str, Figure]:
    """A batch of so many chunks of ``size`` rows, and how fast it was filled."""
    number = chunks * size
    began, before = time.perf_counter(), _cpu()
    identifier = await _filled(stores, chunks=chunks, size=size)
    seconds, spent = time.perf_counter() - began, [now - then for now, then in zip(_cpu(), before, strict=True)]
    return identifier, Figure(f"intake, {size:,} a chunk", number / seconds, [each / number * 1e6 for each in spent])


async def hot(stores: Stores, identifier: str, size: int, rounds: int) -> Sequence[Figure]:
    """What is asked of a batch that waits, ``rounds`` times each; statistics as autovacuum would have left them."""
    await _analyse(stores.url)
    await stores.batches.start(identifier, TENANT)

    async def claim() -> None:
        (taken,) = await stores.chunks.claim("benchmark:1", LEASE, size)
        held.append(taken)

    held: list[Chunk] = []
    asked: list[tuple[str, Callable[[], Awaitable[object]]]] = [
        ("claim of a chunk", claim),
        ("extension of all leases", lambda: stores.chunks.extend(held, LEASE)),
        ("tidy", stores.chunks.tidy),
        ("progress", lambda: stores.batches.find(identifier, TENANT)),
        ("pause", lambda: stores.batches.pause(identifier, TENANT)),
        ("resume", lambda: stores.batches.resume(identifier, TENANT)),
    ]
    figures = [Figure(what, milliseconds=[await _timed(ask) for _ in range(rounds)]) for what, ask in asked]
    return [
        *figures,
        Figure("cancellation", milliseconds=[await _timed(lambda: stores.batches.cancel(identifier, TENANT))]),
        Figure("deletion", milliseconds=[await _timed(lambda: stores.batches.delete(identifier, TENANT))]),
    ]


async def _filled(stores: Stores, *, chunks: int, size: int) -> str:
    """A batch with so many chunks, which is not started."""
    batch = await stores.batches.create(BatchWish(workload="images", name="benchmark", auto_start=False), TENANT)
    together = max(1, GROUP_ROWS // size)
    for first in range(0, chunks, together):
        numbers = range(first, min(chunks, first + together))
        await stores.batches.add(batch.id, TENANT, [_rows(number * size, size) for number in numbers], [])
    await stores.batches.uploaded(batch.id, TENANT, is_whole=True)
    return batch.id


def _rows(first: int, number: int) -> list[Row]:
    return [
        Row(line, {"url": f"https://pictures.example/{line % 97}/{line}.jpg"}) for line in range(first, first + number)
    ]


def _outcomes(chunk: Chunk) -> list[RowResult]:
    return [
        RowResult(line=line, state=RowState.SUCCEEDED, subject=str(fields["url"]), result=RESULT, seconds=0.01)
        for line, fields in chunk.rows
    ]


def _cpu() -> tuple[float, float]:
    """Seconds that this process has used, and the server with all its processes."""
    return time.process_time(), sum(
        sum(process.cpu_times()[:2]) for process in psutil.Process().children(recursive=True)
    )


async def _analyse(url: str) -> None:
    connection = await connect(url, application="benchmark")
    try:
        await connection.execute("VACUUM ANALYZE batch_chunks")
        await connection.execute("VACUUM ANALYZE batches")
    finally:
        await connection.close()


async def _timed(ask: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await ask()
    return (time.perf_counter() - began) * 1e3


def lines(figures: Sequence[Figure]) -> list[list[str]]:
    """The cells of the table, in the order of `HEADINGS`."""
    told = []
    for what, rate, cpu, times in figures:
        spread = [f"{statistics.median(times):,.1f}", f"{max(times):,.1f}"] if times else ["", ""]
        costs = [f"{each:,.1f}" for each in cpu] or ["", ""]
        told.append([what, "" if rate is None else f"{rate:,.0f}", *costs, *spread])
    return told


def shown(figures: Sequence[Figure], chunks: int) -> Table:
    """The figures for a terminal."""
    table = Table(title=f"Storage of batches; the last ones with {chunks:,} chunks waiting")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == HEADINGS[0] else "right")
    for line in lines(figures):
        table.add_row(*line)
    return table


def written(figures: Sequence[Figure], chunks: int, page: str) -> str:
    """``page`` with the figures; raises `slo.documentation.NoPlaceError`."""
    rows = [f"| {' | '.join(line)} |" for line in [list(HEADINGS), ["---", *["---:"] * 5], *lines(figures)]]
    return put(page, PLACE, "\n".join([*rows, "", f"The last ones with {chunks:,} chunks waiting."]))


@click.command()
@click.option("--rows", type=click.IntRange(5_000, 10_000_000), default=200_000, show_default=True, help="Results.")
@click.option("--chunks", type=click.IntRange(100, 1_000_000), default=75_000, show_default=True, help="That wait.")
@click.option("--size", type=click.IntRange(1, 5_000), default=200, show_default=True, help="Rows of one that waits.")
@click.option("--rounds", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Of what is asked often.")
@click.option("--write", is_flag=True, help="Put the figures into docs/batches.md.")
def main(rows: int, chunks: int, size: int, rounds: int, write: bool) -> None:
    """Measure how fast batches are kept, taken in hand and looked at."""
    console = Console()

    async def measured(url: str) -> Sequence[Figure]:
        async with opened(url) as stores:
            with console.status("completing chunks") as status:
                figures = [*await results(stores, rows)]
                status.update("adding rows")
                identifier, filled = await intake(stores, chunks, size)
                status.update("asking while they wait")
                return [*figures, filled, *await hot(stores, identifier, size, rounds)]

    with TemporaryDirectory(prefix="storage-") as folder, EmbeddedServers(Path(folder)) as servers:
        figures = uvloop.run(measured(servers.start_postgres()))
    console.print(shown(figures, chunks))
    if write:
        PAGE.write_text(written(figures, chunks, PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.batches.storage")
