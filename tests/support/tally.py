"""What became of requests: each one that was sent is answered or lost, and a refusal is an answer too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil
from typing import Self

REFUSALS = frozenset({429, 503})
"""Statuses that send the caller away; they count as refusals only with a Retry-After."""


@dataclass(slots=True)
class Tally:
    """Counts requests by what became of them; tallies add up."""

    sent: int = 0
    answered: Counter[int] = field(default_factory=Counter)
    """Whole answers by status."""
    refused: int = 0
    """Of the answers, those that said when to come back."""
    lost: int = 0
    """Sent, and never wholly answered."""
    unreached: int = 0
    """Never sent: nobody took the connection."""
    reconnected: int = 0
    """Requests sent anew because their idle connection was closed by the time they came."""
    unheard: int = 0
    """Requests sent anew because their new connection ended without a byte."""
    latencies: list[float] = field(default_factory=list)
    """Of the answers with a status below 300: seconds since the request was due."""

    def count(self, status: int, latency: float, *, says_when: bool) -> None:
        """An answer came; ``says_when`` is whether it has a Retry-After."""
        self.answered[status] += 1
        if status in REFUSALS and says_when:
            self.refused += 1
        elif status < 300:
            self.latencies.append(latency)

    @property
    def accepted(self) -> int:
        """Answers that gave what was asked for."""
        return len(self.latencies)

    @property
    def failed(self) -> int:
        """Answers with a server's error that are no refusals."""
        return sum(count for status, count in self.answered.items() if status >= 500 or status == 429) - self.refused

    @property
    def ended(self) -> int:
        """Requests of which it is known what became."""
        return self.answered.total() + self.lost + self.unreached

    def latency(self, share: float) -> float:
        """The latency that ``share`` of the accepted requests stayed within, in seconds; some must be accepted."""
        return sorted(self.latencies)[ceil(share * len(self.latencies)) - 1]

    @classmethod
    def sum(cls, tallies: Iterable[Self]) -> Self:
        """All of them together."""
        whole = cls()
        for tally in tallies:
            whole.sent += tally.sent
            whole.answered += tally.answered
            whole.refused += tally.refused
            whole.lost += tally.lost
            whole.unreached += tally.unreached
            whole.reconnected += tally.reconnected
            whole.unheard += tally.unheard
            whole.latencies += tally.latencies
        return whole

    @property
    def counts(self) -> str:
        """All counts in one line."""
        statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(self.answered.items()))
        parts = [f"sent {self.sent:,}", f"answered {self.answered.total():,}" + (f" ({statuses})" if statuses else "")]
        parts += [f"refused {self.refused:,}", f"lost {self.lost:,}"]
        rare = ("unreached", "reconnected", "unheard")
        parts += [f"{name} {count:,}" for name in rare if (count := getattr(self, name))]
        return " · ".join(parts)

    def __str__(self) -> str:
        if not self.latencies:
            return self.counts
        return f"{self.counts} · p50 {self.latency(0.5) * 1000:.1f} ms, p99 {self.latency(0.99) * 1000:.1f} ms"
