"""What the core knows of one call beside its content: for whom, how urgent, and where its time went."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from service.core.limits import Traffic
    from service.core.metrics import Count

PUBLIC_TENANT: Final = "public"
"""Everybody's tenant where no keys are asked for."""


class Priority(IntEnum):
    """Who waits for the answer; the higher is refused first when there is no room."""

    INTERACTIVE = 0
    """A person."""
    BULK = 1
    """A program that can come back."""


class Timing:
    """Seconds that one request spent in each stage, as its ``Server-Timing`` tells them."""

    __slots__ = ("batch", "cache", "compute", "db", "fetch", "queue")

    def __init__(self) -> None:
        self.fetch = 0.0
        """Fetching what it names, the slowest of it."""
        self.queue = 0.0
        """Waiting for admission and for a batch to begin."""
        self.cache = 0.0
        """Asking the tiers of the cache."""
        self.batch = 0.0
        """From the begin of its batch to the outcome, the analysis left out."""
        self.compute = 0.0
        """Analysing, the whole batch's time."""
        self.db = 0.0
        """Waiting for PostgreSQL."""


class Call:
    """One call. ``timing`` is None unless somebody wants to know."""

    __slots__ = ("admitted_at", "analysed", "counts", "life", "priority", "tenant", "timing", "waited")

    def __init__(
        self, tenant: str = PUBLIC_TENANT, priority: Priority = Priority.INTERACTIVE, timing: Timing | None = None
    ) -> None:
        self.tenant = tenant
        self.priority = priority
        self.timing = timing
        self.counts: tuple[tuple[Count, int], ...] = ()
        """The counters of items, and what the pipeline added to them; the same is due for the same answer again."""
        self.admitted_at = 0.0
        """In seconds of the pipeline's clock."""
        self.waited = 0.0
        """Seconds that it waited for its turn."""
        self.analysed: tuple[Traffic, int] | None = None
        """The lane in which items had to be analysed for it, and how many; None when there were none."""
        self.life = math.inf
        """Seconds for which the answer may be kept; the pipeline shortens it."""
