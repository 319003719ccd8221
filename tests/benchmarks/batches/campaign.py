"""``python -m tests.benchmarks.batches.campaign``: a whole campaign of pictures, and what each costs by stage.

Pictures of an origin on this machine go as one CSV through ``POST /v1/batches``, and ``loadstone worker`` processes
work them off, on a PostgreSQL and a Valkey of their own. The kernel's accounts of processes and threads tell analysis,
database, cache and service apart; what fetching costs is measured once more without a pipeline, by the same fetcher at
the same pace beside the same analysis. In the end every result is held against the picture that it is of.
"""

from __future__ import annotations

import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import rich_click as click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from loadtests._payloads._pictures import EDGES, MOTIFS, Size, picture
from loadtests._running._machine import facts
from service.core.errors import ServiceError
from service.core.pool import cores
from slo.children import NotReadyError
from slo.documentation import put
from slo.exits import ExitCode
from tests.benchmarks.batches import campaign_tables
from tests.benchmarks.batches.campaign_findings import Campaign, misses
from tests.benchmarks.batches.campaign_scene import ROOT, CampaignError, Scene, opened
from tests.benchmarks.batches.expenses import ReplacedError
from tests.benchmarks.batches.fetch_cost import fetch_cost

RESULTS = Path(".loadstone/campaigns")
PAGE = ROOT / "docs/batches.md"
PLACE = "campaign"
WARM_UP_ROWS = 400
"""For each worker, before anything is measured: engines are loaded, and connections opened."""
FETCHING_SECONDS = 20.0
"""So many seconds' worth of fetches is measured alone, if there are as many rows."""


def measured(scene: Scene, workers: int, rows: int, progress: Progress) -> Campaign:
    """One campaign of ``rows`` pictures; CampaignError when it does not come out right."""
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    numbers, others = range(rows), range(rows, rows + workers * WARM_UP_ROWS)
    scene.worked_off(scene.uploaded(others), progress, "warming up")
    before = scene.meter.read()
    batch = scene.uploaded(numbers)
    between = scene.meter.read()
    batch = scene.worked_off(batch, progress, "working off")
    run = scene.meter.read() - between
    scene.check(batch, numbers, progress)
    fetching = rows * _fetch_cost(scene, rows, rows / batch.seconds / workers, workers, progress)
    if fetching > run.loop:
        raise CampaignError("fetching alone took more than all that workers did beside it: the machine is not quiet")
    width, height = EDGES[scene.size]
    some = [len(picture(scene.size, number).content) for number in numbers[:MOTIFS]]
    return Campaign(
        started_at=started_at,
        machine=facts().cpu,
        cores=cores(),
        python=platform.python_version(),
        rows=rows,
        width=width,
        height=height,
        picture_bytes=sum(some) // len(some),
        options=scene.options,
        workers=workers,
        seconds=batch.seconds,
        upload=between - before,
        run=run,
        fetching=fetching,
    )


def _fetch_cost(scene: Scene, rows: int, rate: float, workers: int, progress: Progress) -> float:
    numbers = range(min(rows, int(workers * rate * FETCHING_SECONDS)))
    task = progress.add_task("fetching alone", total=None)
    cost = fetch_cost(
        [scene.url(number) for number in numbers],
        urlsplit(scene.origin).netloc,
        rate,
        pictures=[picture(scene.size, number).content for number in numbers[:MOTIFS]],
        processes=workers,
    )
    progress.update(task, total=len(numbers), completed=len(numbers))
    return cost


@click.command()
@click.option("--rows", type=click.IntRange(100, 100_000_000), default=100_000, show_default=True, help="Pictures.")
@click.option("--size", type=click.Choice(list(EDGES)), default="small", show_default=True, help="0.02, 0.2 or 1 MP.")
@click.option("--workers", type=click.IntRange(1, 64), default=cores(), show_default="one for each core")
@click.option("--options", default="{}", help='Of the batch, as JSON: `{"thumbnails": [{"size": "small"}]}`.')
@click.option("--write", is_flag=True, help="Put the figures into docs/batches.md.")
@click.option("--strict", is_flag=True, help="Exit 1 unless the goal is reached.")
def main(rows: int, size: Size, workers: int, options: str, write: bool, strict: bool) -> None:
    """Work off a campaign of pictures from an origin on this machine, and tell what each costs by stage.

    Fails unless every row has exactly one result, of the right picture. Leave the machine alone meanwhile. The whole
    is also written as JSON to `.loadstone/campaigns`.
    """
    console = Console()
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        try:
            with _bar(console) as progress, opened(Path(folder), size, options, workers) as scene:
                campaign = measured(scene, workers, rows, progress)
        except (CampaignError, NotReadyError, ReplacedError, ServiceError) as error:
            click.echo(f"campaign: {error}", err=True)
            sys.exit(ExitCode.UNJUDGED)
    path = _kept(campaign)
    if write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(put(page, PLACE, campaign_tables.markdown(campaign)), encoding="utf-8")
    campaign_tables.show(campaign, console)
    console.print(f"results: {path}", soft_wrap=True)
    sys.exit(ExitCode.MISSED if strict and misses(campaign) else ExitCode.MET)


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, TimeRemainingColumn(), console=console)


def _kept(campaign: Campaign) -> Path:
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{campaign.started_at.replace(':', '').replace('-', '')}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(campaign), indent=1))
    return path


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.batches.campaign")
