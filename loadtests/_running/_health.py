"""How the generators fared, in a sentence for whoever watches the run; the judge looks at it second by second."""

from __future__ import annotations

from collections.abc import Iterable

from slo.histogram import Histogram
from slo.record import Pulse


class Health:
    """Sums up the pulses from second ``since`` on, when the warm-up is over."""

    def __init__(self, since: float) -> None:
        self._since = since
        self._seen = False
        self._busiest = 0.0
        self._dropped = 0
        self._lateness = Histogram()

    def add(self, pulses: Iterable[Pulse]) -> None:
        """Take in what generators reported."""
        for pulse in pulses:
            if pulse.second >= self._since:
                self._seen = True
                self._busiest = max(self._busiest, pulse.cpu + pulse.waiting)
                self._dropped += pulse.dropped
                self._lateness.add(Histogram.decode(pulse.lateness))

    @property
    def sentence(self) -> str:
        """The figures that show whether the run was waiting for the generators; empty when there are none yet."""
        if not self._seen:
            return ""
        late = self._lateness.quantile(0.99) * 1000.0
        return (
            f"the generators' busiest second took {self._busiest:.0%} of a core, one start in a hundred was "
            f"{late:.1f} ms late or more, and {self._dropped:,} arrivals were dropped"
        )
