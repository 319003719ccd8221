"""A measured campaign, as tables for the terminal and for the documentation."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from slo.reports.wording import clock
from tests.benchmarks.batches.campaign_findings import GOAL, LARGE, Campaign, fleets, misses, stages

Line = tuple[str, ...]
STAGE_HEAD: Line = ("stage", "CPU µs a picture", "of fetching and analysis")
FLEET_HEAD: Line = ("machines", "pictures/s", f"{LARGE:,} take (h:min:s)", "cores of PostgreSQL")


def show(campaign: Campaign, console: Console) -> None:
    """Everything, for the terminal."""
    console.print(circumstances(campaign))
    for title, head, lines in _tables(campaign):
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for name in head:
            table.add_column(name, justify="left" if name == head[0] else "right")
        for line in lines:
            table.add_row(*line)
        console.print(table)
    for miss in misses(campaign):
        console.print(f"! {miss}", style="yellow")


def markdown(campaign: Campaign) -> str:
    """The same for the documentation."""
    parts = [circumstances(campaign)]
    for title, head, lines in _tables(campaign):
        rule = ("---", *("---:" for _ in head[1:]))
        parts += [f"{title}:", "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *lines))]
    return "\n\n".join(parts)


def circumstances(campaign: Campaign) -> str:
    """What was done, where, and how fast."""
    megapixels = campaign.width * campaign.height / 1e6
    origin = campaign.run.origin / campaign.rows * 1e6
    workers = f"{campaign.workers} workers" if campaign.workers > 1 else "one worker"
    cores = f"{campaign.cores} cores and used {campaign.cores_used:.2f} of them" if campaign.cores > 1 else "one core"
    return (
        f"{campaign.rows:,} pictures of {megapixels:.1g} MP and {campaign.picture_bytes / 1e3:.0f} kB by {workers} in "
        f"{campaign.seconds:,.0f} s: {campaign.rate:,.0f} pictures/s. Each of them has exactly one result, with the "
        f"right SHA-256. Measured on {campaign.machine}, Python {campaign.python}, {campaign.started_at[:10]}: "
        f"everything, with the origin, shared {cores}. The origin's {origin:,.0f} CPU µs a picture are not counted "
        "below."
    )


def _tables(campaign: Campaign) -> list[tuple[str, Line, list[Line]]]:
    return [
        ("Where the time goes", STAGE_HEAD, _stages(campaign)),
        ("A large campaign on machines like this one", FLEET_HEAD, _fleets(campaign)),
    ]


def _stages(campaign: Campaign) -> list[Line]:
    told: list[Line] = [
        (
            stage.name,
            f"{stage.seconds / campaign.rows * 1e6:,.1f}",
            f"{stage.seconds / campaign.work:.1%}" if stage.is_own else "",
        )
        for stage in stages(campaign)
    ]
    own = f"{campaign.own / campaign.rows * 1e6:,.1f}"
    told.append((f"the pipeline's own together (goal ≤ {GOAL:.0%})", own, f"{campaign.overhead:.1%}"))
    return told


def _fleets(campaign: Campaign) -> list[Line]:
    return [
        (f"{machines}", f"{rate:,.0f}", clock(seconds), f"{database:.2f}")
        for machines, rate, seconds, database in fleets(campaign)
    ]
