"""``python -m tests.benchmarks.images.near_duplicates``: what it costs to meet a copy among a million known pictures.

On a PostgreSQL of its own, through the store that the service uses. The stock is drawn: hashes whose distances spread
as those of photos do (128 bits, give or take 19), since independent bits would make it too easy. A tenth of it is added
when the indexes are there already, to see what remembering costs. Then copies are sent that are exactly as far away as
counts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import asyncpg
import numpy as np
import rich_click as click
import uvloop
from numpy.typing import NDArray
from rich.console import Console

from service.adapters.bands import bands_of
from service.adapters.connection import Connection, connect
from service.adapters.database import open_database
from service.adapters.embedded import EmbeddedServers
from service.adapters.known_images import COARSE_BANDS, FINE_BANDS, PostgresKnownImages, first_value
from service.adapters.migrations import migrate
from service.core.known import Likeness
from service.workloads.images.likeness import NEARNESS
from slo.documentation import put

PAGE = Path(__file__).resolve().parents[3] / "docs" / "images.md"
PLACE = "near-duplicates"
TENANT = "acme"
LIKENESS_BITS = 256 + 64
DIMENSIONS = 24
"""Of the space that the hashes are drawn in; as many make the distances spread so."""
TOGETHER = 20_000
COLUMNS = (
    *("tenant", "sha256", "url", "fine", "coarse"),
    *(f"band_{band + 1}" for band in range(FINE_BANDS + COARSE_BANDS)),
)


class Found(NamedTuple):
    """What was measured of a stock of ``pictures``; times are in seconds."""

    pictures: int
    spread: float
    """Standard deviation of the distances between strangers, in bits."""
    table_bytes: int
    index_bytes: int
    remembered: float
    """Pictures a second into the stock, by one connection, in rows of many."""
    meetings: Sequence[float]
    """How long it took to meet a copy and to remember the one that was sent."""
    missed: int


class Stock:
    """Drawn pictures; the same ``seed``, the same pictures."""

    def __init__(self, seed: int) -> None:
        self._chance = np.random.default_rng(seed)
        self._planes = self._chance.standard_normal((DIMENSIONS, LIKENESS_BITS)).astype(np.float32)

    def likenesses(self, count: int) -> list[Likeness]:
        """So many more."""
        places = self._chance.standard_normal((count, DIMENSIONS)).astype(np.float32)
        hashes = np.packbits(places @ self._planes > 0, axis=1)
        names = self._chance.bytes(32 * count)
        return [
            Likeness(
                names[32 * row : 32 * row + 32], each[:32], each[32:], f"https://example.com/pictures/{row:09}.jpg"
            )
            for row, each in enumerate(map(bytes, hashes))
        ]

    def copy(self, likeness: Likeness) -> Likeness:
        """One that is as far from ``likeness`` as a copy may be, by one rule or the other."""
        fine, coarse = (NEARNESS.near, 32) if self._chance.random() < 0.5 else (NEARNESS.far, NEARNESS.coarse)
        return Likeness(
            self._chance.bytes(32), self._flipped(likeness.fine, fine), self._flipped(likeness.coarse, coarse)
        )

    def _flipped(self, digest: bytes, count: int) -> bytes:
        bits: NDArray[np.uint8] = np.unpackbits(np.frombuffer(digest, np.uint8))
        bits[self._chance.choice(bits.size, count, replace=False)] ^= 1
        return np.packbits(bits).tobytes()


async def measured(url: str, pictures: int, rounds: int) -> Found:
    """Fill the database at ``url`` with so many pictures, and send ``rounds`` copies."""
    await migrate(url)
    stock = Stock(1)
    sample = stock.likenesses(min(pictures // 2, TOGETHER))
    connection = await connect(url, application="benchmark")
    try:
        remembered = await _remember(connection, stock, sample, pictures)
        await connection.execute("VACUUM ANALYZE known_images")
        table = await connection.fetchval("SELECT pg_table_size('known_images')")
        indexes = await connection.fetchval("SELECT pg_indexes_size('known_images')")
    finally:
        await connection.close()
    async with open_database(url, size=1, application="benchmark") as database:
        meetings, missed = await _meet(PostgresKnownImages(database), stock, sample[:rounds])
    return Found(pictures, _spread(sample), table, indexes, remembered, meetings, missed)


async def _remember(connection: Connection, stock: Stock, sample: Sequence[Likeness], pictures: int) -> float:
    """Have ``pictures`` in the table, ``sample`` among them; how many a second it took of the last tenth."""
    definitions = await connection.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'known_images' AND indexname LIKE '%band%'"
    )
    for name, _ in definitions:
        await connection.execute(f"DROP INDEX {name}")
    late = max(pictures // 10, 1)
    await _fill(connection, sample)
    for first in range(len(sample), pictures - late, TOGETHER):
        await _fill(connection, stock.likenesses(min(TOGETHER, pictures - late - first)))
    for _, definition in definitions:
        await connection.execute(definition)
    portions = [stock.likenesses(min(TOGETHER, late - first)) for first in range(0, late, TOGETHER)]
    began = time.perf_counter()
    for portion in portions:
        await _fill(connection, portion)
    return late / (time.perf_counter() - began)


async def _fill(connection: Connection, likenesses: Sequence[Likeness]) -> None:
    await connection.copy_records_to_table("known_images", records=_rows(likenesses), columns=COLUMNS)


def _rows(likenesses: Sequence[Likeness]) -> Iterator[tuple[object, ...]]:
    first = first_value(TENANT)
    for name, fine, coarse, url in likenesses:
        bands = (*bands_of(fine, FINE_BANDS), *bands_of(coarse, COARSE_BANDS))
        bits = asyncpg.BitString.frombytes(fine), asyncpg.BitString.frombytes(coarse)
        yield (TENANT, name, url, *bits, *(first + value for value in bands))


async def _meet(known: PostgresKnownImages, stock: Stock, originals: Sequence[Likeness]) -> tuple[list[float], int]:
    times, missed = [], 0
    for original in originals:
        copy = stock.copy(original)
        began = time.perf_counter()
        met = await known.meet(copy, NEARNESS, 20, TENANT)
        times.append(time.perf_counter() - began)
        missed += original.sha256 not in {each.sha256 for each in met}
    return times, missed


def _spread(sample: Sequence[Likeness]) -> float:
    half = len(sample) // 2
    pairs = zip(sample[:half], sample[half:], strict=False)
    apart = [(int.from_bytes(one.fine) ^ int.from_bytes(other.fine)).bit_count() for one, other in pairs]
    return statistics.pstdev(apart)


def written(found: Found) -> str:
    """The figures as a table of Markdown."""
    times = sorted(1e3 * each for each in found.meetings)
    rows = [
        ("pictures known", f"{found.pictures:,}"),
        ("meeting one and being remembered, median", f"{statistics.median(times):.0f} ms"),
        ("the slowest of 20", f"{times[int(len(times) * 0.95)]:.0f} ms"),
        (f"copies missed, of {len(times)} at the farthest that counts", f"{found.missed}"),
        ("table", f"{found.table_bytes / 2**20:,.0f} MiB"),
        ("its indexes", f"{found.index_bytes / 2**20:,.0f} MiB"),
        ("pictures remembered a second, without looking", f"{found.remembered:,.0f}"),
    ]
    return "\n".join(f"| {what} | {figure} |" for what, figure in (("what", "figure"), ("---", "---:"), *rows))


@click.command()
@click.option("--pictures", type=click.IntRange(1_000, 100_000_000), default=1_000_000, show_default=True)
@click.option("--rounds", type=click.IntRange(20, 500), default=200, show_default=True, help="Copies that are sent.")
@click.option("--write", is_flag=True, help="Put the figures into docs/images.md.")
def main(pictures: int, rounds: int, write: bool) -> None:
    """Measure what it costs to meet a copy among known pictures."""
    console = Console()
    with (
        TemporaryDirectory(prefix="known-") as folder,
        EmbeddedServers(Path(folder)) as servers,
        console.status("remembering pictures, then sending copies"),
    ):
        found = uvloop.run(measured(servers.start_postgres(), pictures, rounds))
    console.print(written(found), markup=False)
    if write:
        PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), PLACE, written(found)), encoding="utf-8")


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.images.near_duplicates")
