"""What thresholds of other tools promise, in words that objectives can be made of."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Figure(StrEnum):
    """What a promise limits."""

    LATENCY = "latency"
    """Seconds, at most; ``share`` of the requests keep them."""
    FAILURES = "failures"
    """The share of requests that are not answered rightly, at most."""
    RATE = "rate"
    """Requests a second, at least."""


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """Something in a foreign file that does not become what it was."""

    where: str
    """Its path: ``options.thresholds.http_req_duration[0]``."""
    says: str
    """What stands there, perhaps shortened."""
    why: str
    """Why it cannot be taken over, or what became of it instead."""
    lost: bool = True
    """Nothing became of it; otherwise it was taken, and means something else."""


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """One threshold."""

    figure: Figure
    limit: float
    share: float = 0.0
    """Of requests that a latency is promised to; nothing for other figures."""
    right_only: bool = False
    """The latency speaks of right answers alone; a failure does not count as late."""
    workload: str = ""
    """Whose requests it speaks of; all where empty."""
    enforced: bool = True
    where: str
    says: str

    def remark(self, why: str, *, lost: bool = True) -> Remark:
        """A remark on what became of it."""
        return Remark(where=self.where, says=self.says, why=why, lost=lost)
