"""A campaign under way, as the faults that are inflicted on it see it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from service.core.batches import BatchState
from tests.faults.campaigns.observer import Observer
from tests.faults.campaigns.sources import Source
from tests.faults.campaigns.workforce import Worker, Workforce
from tests.faults.ground import POLL_SECONDS, Ground

STALL_SECONDS = 60.0
"""A campaign in which nothing is done for so long, and nothing is inflicted, has failed."""


class Holder(NamedTuple):
    """A worker that has something in hand, and the name under which it has."""

    worker: Worker
    name: str


@dataclass
class Scene:
    """Everything that a fault may lay hands on."""

    ground: Ground
    source: Source
    workforce: Workforce
    observer: Observer
    draw: Random
    rows: int
    lease: float
    tell: Callable[[int], None] = lambda done: None
    """Is told how many rows are done."""

    @property
    def is_over(self) -> bool:
        """Whether the batch is completed."""
        return self.observer.state is BatchState.COMPLETED

    @property
    def done(self) -> int:
        """Rows that have a result."""
        return self.observer.of(lambda watch: watch.done)

    def wait_until(self, holds: Callable[[], bool]) -> bool:
        """Come back when it ``holds`` (True), the campaign is over, or it has stalled (False)."""
        done, since = self.done, time.monotonic()
        while not holds():
            self.workforce.restore()
            if self.done != done:
                done, since = self.done, time.monotonic()
                self.tell(done)
            if self.is_over or time.monotonic() > since + STALL_SECONDS:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def pause(self, seconds: float) -> None:
        """Let the campaign go on for so long, or until it is over."""
        until = time.monotonic() + seconds
        self.wait_until(lambda: time.monotonic() >= until)

    def holder(self) -> Holder | None:
        """Any worker that has something in hand; None when the campaign is over before there is one."""
        found: list[Holder] = []

        def look() -> bool:
            names = sorted({held.worker for held in self.observer.of(lambda watch: watch.running)})
            pairs = itertools.product(self.workforce.workers, names)
            found[:] = [Holder(worker, name) for worker, name in pairs if worker.holds_as(name)]
            return bool(found)

        return self.draw.choice(found) if self.wait_until(look) else None

    def unattended(self, act: Callable[[], None]) -> None:
        """Do what makes it impossible for everybody to do anything about a lease until it is over."""
        self.observer.of(lambda watch: watch.leave())
        try:
            act()
        finally:
            self.observer.of(lambda watch: watch.attend())
