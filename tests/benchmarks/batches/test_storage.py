"""The benchmark of the storage measures everything that it tells of."""

from __future__ import annotations

from pathlib import Path

from service.adapters.embedded import EmbeddedServers
from tests.benchmarks.batches.storage import HEADINGS, PAGE, hot, intake, lines, opened, results, written

CHUNKS = 100


async def test_every_figure_is_measured_and_told(tmp_path: Path) -> None:
    with EmbeddedServers(tmp_path) as servers:
        async with opened(servers.start_postgres()) as stores:
            kept = await results(stores, 5_000)
            batch, taken_in = await intake(stores, CHUNKS, 20)
            asked = await hot(stores, batch, 20, rounds=2)
    figures = [*kept, taken_in, *asked]

    assert all((figure.rows_per_second or 0) > 0 for figure in [*kept, taken_in])
    assert all(min(figure.milliseconds) > 0 for figure in asked)
    assert {len(line) for line in lines(figures)} == {len(HEADINGS)}
    assert "| claim of a chunk | " in written(figures, CHUNKS, PAGE.read_text(encoding="utf-8"))
