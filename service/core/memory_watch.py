"""Gives up the dispensable before the kernel takes everything: caches first, then bulk work, then all that is new.

    taken / limit    0 %                80 %            90 %          95 %        100 %
                     └── all is well ────┴─ caches half ─┴─ no bulk ───┴─ no work ──┴── the kernel kills
                                                            caches a tenth

The way back begins `RETREAT` lower, so that nothing flickers on the edge.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum

from service.core.call import Priority
from service.core.errors import OverloadError
from service.core.memory_accounts import MemoryAccount
from service.core.metrics import RELIEFS, SHORT_OF_MEMORY, Metrics

LOOK_SECONDS = 1.0
RETREAT = 0.05
"""A shortage is over when so large a share of the limit is free below its begin."""
RETRY_SECONDS = 5.0
LOOKS_A_RELEASE = 10
"""While memory is short, what was freed is handed back to the kernel every so many looks."""

_log = logging.getLogger(__name__)


class Shortage(IntEnum):
    """How short memory is, by what is given up."""

    NONE = 0
    CACHE = 1
    BULK = 2
    ALL = 3


BEGINS = {Shortage.CACHE: 0.80, Shortage.BULK: 0.90, Shortage.ALL: 0.95}
"""The share of the limit from which on memory is so short."""
CACHE_SHARE = {Shortage.NONE: 1.0, Shortage.CACHE: 0.5, Shortage.BULK: 0.1, Shortage.ALL: 0.1}
"""The share of their room that caches may take then."""
MEANING = {
    Shortage.NONE: "memory is no longer short",
    Shortage.CACHE: "memory gets short: caches keep half",
    Shortage.BULK: "memory is short: caches keep a tenth, bulk work is refused",
    Shortage.ALL: "memory runs out: what is not cached is refused",
}


@dataclass(frozen=True, slots=True)
class MemoryReading:
    """The account that is nearest to its limit, at one moment."""

    account: str
    taken: int
    limit: int

    @property
    def share(self) -> float:
        """Of the limit."""
        return self.taken / self.limit


class MemoryWatch:
    """Watches ``accounts`` for one worker.

    ``relieve`` is told which share of their room the caches may take, whenever that changes; ``release`` hands the
    kernel what was freed.
    """

    __slots__ = ("_accounts", "_levels", "_looks", "_release", "_relieve", "_timer", "reading", "shortage")

    def __init__(
        self,
        accounts: Sequence[MemoryAccount],
        metrics: Metrics,
        relieve: Callable[[float], None],
        release: Callable[[], None] | None = None,
    ) -> None:
        self._accounts = accounts
        self._levels = {
            shortage: metrics.level(SHORT_OF_MEMORY, relief) for shortage, relief in zip(BEGINS, RELIEFS, strict=True)
        }
        self._relieve = relieve
        self._release = release or give_back
        self._timer: asyncio.TimerHandle | None = None
        self._looks = 0
        self.reading: MemoryReading | None = None
        """The latest; None before the first."""
        self.shortage = Shortage.NONE

    def check(self, priority: Priority) -> None:
        """OverloadError when there is no memory for new work of ``priority``; never while ``shortage`` is NONE."""
        if self.shortage + priority >= Shortage.ALL:
            raise OverloadError("the service is short of memory", RETRY_SECONDS)

    def start(self) -> None:
        """Look now, and every second from now on, in the running event loop."""
        self.look()
        self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self.start)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def look(self) -> None:
        """Read the accounts and act on the fullest."""
        readings = self._readings()
        if not readings:
            return
        self.reading = max(readings, key=lambda reading: reading.share)
        shortage = judged(self.reading.share, self.shortage)
        if shortage is not self.shortage:
            self._change(shortage, self.reading)
            self._looks = 0
        if shortage:
            if self._looks % LOOKS_A_RELEASE == 0:
                self._release()
            self._looks += 1

    def exposition(self) -> bytes:
        """Limits and what is taken of them in Prometheus text format."""
        limits = [f'loadstone_memory_limit_bytes{{account="{one.name}"}} {one.limit}' for one in self._accounts]
        taken = [f'loadstone_memory_taken_bytes{{account="{one.account}"}} {one.taken}' for one in self._readings()]
        lines = [
            *("# HELP loadstone_memory_limit_bytes Memory that an account may take.",),
            *("# TYPE loadstone_memory_limit_bytes gauge", *limits),
            *("# HELP loadstone_memory_taken_bytes Memory that an account takes.",),
            *("# TYPE loadstone_memory_taken_bytes gauge", *taken),
        ]
        return "".join(f"{line}\n" for line in lines).encode()

    def _readings(self) -> list[MemoryReading]:
        readings = []
        for account in self._accounts:
            with suppress(OSError, ValueError):  # what cannot be read now is read again in a second
                readings.append(MemoryReading(account.name, account.taken(), account.limit))
        return readings

    def _change(self, shortage: Shortage, reading: MemoryReading) -> None:
        _log.log(
            logging.WARNING if shortage > self.shortage else logging.INFO,
            "%s (%d of %d MiB of the %s are taken)",
            MEANING[shortage],
            reading.taken >> 20,
            reading.limit >> 20,
            reading.account,
        )
        self.shortage = shortage
        for level, cell in self._levels.items():
            cell.set(float(shortage >= level))
        self._relieve(CACHE_SHARE[shortage])


def judged(share: float, before: Shortage) -> Shortage:
    """How short memory is with ``share`` of it taken, where it was so short ``before``."""
    reached = max((level for level, begin in BEGINS.items() if share >= begin), default=Shortage.NONE)
    held = max(
        (level for level, begin in BEGINS.items() if level <= before and share >= begin - RETREAT),
        default=Shortage.NONE,
    )
    return max(reached, held)


def give_back() -> None:
    """Collect garbage, and hand the kernel what the allocator keeps for later."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; others have none and need none
    if trim is not None:
        trim(0)
