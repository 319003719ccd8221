"""``python -m tests.faults``: campaigns under faults, each held against what went in; the last line counts losses.

Each campaign has servers and workers of its own. The same seed draws the same rows and the same moments again.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from service.workloads import WORKLOADS
from slo.exits import ExitCode
from tests.faults.campaigns import table
from tests.faults.campaigns.campaign import Account, Terms, held
from tests.faults.campaigns.catalogue import INJECTIONS, Injection
from tests.faults.campaigns.comments import Comments
from tests.faults.campaigns.pictures import Pictures
from tests.faults.campaigns.sources import Source

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "faults.md"
SERVED = {workload.name for workload in WORKLOADS}
SOURCES: dict[str, type[Source]] = {each.workload: each for each in (Comments, Pictures) if each.workload in SERVED}
"""Where rows come from, by the workload that does them."""
POSSIBLE = [each for each in INJECTIONS if each.source is None or each.source.workload in SERVED]
NAMES = [injection.name for injection in POSSIBLE]


@click.command()
@click.option("--seed", default=1, show_default=True, help="Of rows, moments and victims.")
@click.option("--rows", default=10_000, show_default=True, type=click.IntRange(1, 10**8), help="Of each campaign.")
@click.option(
    "--strikes", "--kills", type=click.IntRange(1, 10**6), help="Of each fault; without it, its usual number."
)
@click.option(
    "--of", type=click.Choice([*SOURCES]), default=list(SOURCES)[-1], show_default=True, help="What the rows name."
)
@click.option("--workers", default=3, show_default=True, type=click.IntRange(2, 64), help="Of each campaign.")
@click.option("--lease", default=2.0, show_default=True, type=click.FloatRange(1, 600), help="Of a chunk, in seconds.")
@click.option("--only", multiple=True, type=click.Choice(NAMES), metavar="FAULT", help=f"One of {', '.join(NAMES)}.")
@click.option("--logs", type=click.Path(file_okay=False, path_type=Path), help="Folder for what workers say.")
@click.option("--write", "writes", is_flag=True, help=f"Put the campaigns into {PAGE.relative_to(ROOT)}.")
def main(
    seed: int,
    rows: int,
    strikes: int | None,
    of: str,
    workers: int,
    lease: float,
    only: tuple[str, ...],
    logs: Path | None,
    writes: bool,
) -> None:
    """Hold a campaign under each fault; exits with 1 when a row is lost, duplicated or wrong."""
    terms = Terms(rows, seed, workers, lease, SOURCES[of], strikes)
    console = Console()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # servers and disks end with their blocks
    if logs is not None:
        logs.mkdir(parents=True, exist_ok=True)
    accounts = []
    for injection in POSSIBLE:
        if only and injection.name not in only:
            continue
        if injection.takes_root and os.geteuid() != 0:
            click.echo(f"{injection.name}: left out, as it takes root")
        else:
            accounts.append(_watched(injection, terms, console, logs))
            _tell(accounts[-1])
    if writes:
        PAGE.write_text(table.written(accounts, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    click.echo(table.sums(accounts))
    sys.exit(ExitCode.MET if all(account.holds for account in accounts) else ExitCode.MISSED)


def _watched(injection: Injection, terms: Terms, console: Console, logs: Path | None) -> Account:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(injection.name, total=terms.rows)
        return held(injection, terms, lambda done: bar.update(task, completed=done), logs)


def _tell(account: Account) -> None:
    click.echo(f"{account.injection.name}: {account}")
    for complaint in account.complaints():
        click.echo(f"  {complaint}")


if __name__ == "__main__":
    main(prog_name="python -m tests.faults")
