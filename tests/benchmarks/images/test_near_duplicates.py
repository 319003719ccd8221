"""The benchmark of near duplicates measures all that it tells of, on hashes that spread as those of photos do."""

from __future__ import annotations

from pathlib import Path

from service.adapters.embedded import EmbeddedServers
from slo.documentation import put
from tests.benchmarks.images.near_duplicates import PAGE, PLACE, measured, written

ROUNDS = 20


async def test_every_figure_is_measured_and_told(tmp_path: Path) -> None:
    with EmbeddedServers(tmp_path) as servers:
        found = await measured(servers.start_postgres(), 2_000, ROUNDS)
    assert found.missed == 0
    assert len(found.meetings) == ROUNDS
    assert 15 < found.spread < 25
    assert found.remembered > 0
    assert f"| {found.pictures:,} |" in put(PAGE.read_text(encoding="utf-8"), PLACE, written(found))
