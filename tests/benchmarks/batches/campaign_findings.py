"""What a measured campaign says: the cost of a picture by stage, and how long larger campaigns take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from tests.benchmarks.batches.expenses import Expenses

GOAL: Final = 0.10
"""The pipeline's own expenses, as a share of the work, at most."""
LARGE: Final = 15_000_000
"""Pictures of a large campaign."""
FLEETS: Final = (1, 2, 5, 10, 20, 50)
"""How many machines may share it."""


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """One campaign and its circumstances."""

    started_at: str
    machine: str
    cores: int
    python: str
    rows: int
    width: int
    height: int
    picture_bytes: int
    """Of one file, on average."""
    options: str
    """Of the batch, as JSON."""
    workers: int
    seconds: float
    """From its start until the last row was done."""
    upload: Expenses
    """Of taking the rows in."""
    run: Expenses
    """From its start to its end."""
    fetching: float
    """CPU seconds of the same number of fetches alone, by the workers' own fetcher."""

    @property
    def rate(self) -> float:
        """Pictures a second."""
        return self.rows / self.seconds

    @property
    def cores_used(self) -> float:
        """On average, by everything together."""
        return self.run.total / self.seconds

    @property
    def work(self) -> float:
        """CPU seconds of fetching and analysis."""
        return self.run.analysis + self.fetching

    @property
    def own(self) -> float:
        """CPU seconds of all else but the origin, from the upload on."""
        return sum(stage.seconds for stage in stages(self) if stage.is_own)

    @property
    def overhead(self) -> float:
        """The pipeline's own expenses as a share of the work."""
        return self.own / self.work


class Stage(NamedTuple):
    """One line of the bill."""

    name: str
    seconds: float
    """CPU seconds of the whole campaign."""
    is_own: bool
    """Neither fetching nor analysis."""


class Fleet(NamedTuple):
    """Machines like this one that share a large campaign and one database."""

    machines: int
    rate: float
    seconds: float
    database: float
    """Cores that PostgreSQL is kept busy on."""


def stages(campaign: Campaign) -> Sequence[Stage]:
    """What the CPU time of everything but the origin went into."""
    run, upload = campaign.run, campaign.upload
    return (
        Stage("analysis: decoding, hashes, quality, colours", run.analysis, is_own=False),
        Stage("fetching", campaign.fetching, is_own=False),
        Stage("workers: claims, cache, lanes, results", run.loop - campaign.fetching, is_own=True),
        Stage("PostgreSQL", run.postgres + upload.postgres, is_own=True),
        Stage("Valkey", run.valkey + upload.valkey, is_own=True),
        Stage("service: upload, progress", run.service + upload.service, is_own=True),
    )


def fleets(campaign: Campaign, rows: int = LARGE) -> Sequence[Fleet]:
    """How long ``rows`` pictures take, each machine being as fast as this one was with everything on it."""
    database = (campaign.run.postgres + campaign.upload.postgres) / campaign.rows
    return [
        Fleet(machines, rate, rows / rate, rate * database)
        for machines in FLEETS
        for rate in [machines * campaign.rate]
    ]


def misses(campaign: Campaign) -> list[str]:
    """Goals that were not reached."""
    if campaign.overhead <= GOAL:
        return []
    return [f"the pipeline's own expenses are {campaign.overhead:.1%} of the work, not {GOAL:.0%}"]
