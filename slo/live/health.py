"""What the load generator itself does wrong just now: told the moment it happens, as no such run can be judged."""

from __future__ import annotations

from slo.histogram import Histogram
from slo.live.progress import Progress
from slo.model import Unit
from slo.quantities import written
from slo.record import Pulse
from slo.trust import LIMITS, TrustLimits

_CPU_SECONDS = 2
"""One busy second is no saturation."""
_LATE_STARTS = 3
"""One late start among a hundred is no bottleneck."""


class Health:
    """The generator's processes in the last seconds, the worst of them."""

    def __init__(self, progress: Progress, limits: TrustLimits = LIMITS) -> None:
        pulses = progress.pulses
        self._limits = limits
        seconds = len({pulse.second for pulse in pulses})
        self.seen = bool(seconds)
        self.due_per_s = sum(pulse.intended for pulse in pulses) / seconds if seconds else 0.0
        self.dropped = progress.dropped
        lateness = Histogram.merged(Histogram.decode(pulse.lateness) for pulse in pulses)
        self.late = lateness.quantile(0.99)
        self._late_starts = lateness.count - lateness.at_most(limits.lateness_p99)
        self.cpu, self.busiest = _busiest(pulses)
        self.steal = sum(pulse.steal for pulse in pulses) / len(pulses) if pulses else 0.0

    @property
    def figures(self) -> str:
        """In a few words."""
        late, cpu = written(self.late, Unit.SECONDS), written(round(self.cpu, 3), Unit.RATIO)
        return f"starts at most {late} late (99 %), {self.dropped:,} dropped, {cpu} of a core"

    def warnings(self) -> dict[str, str]:
        """A sentence for every limit of `slo.trust` that is crossed just now, by what crosses it."""
        limits = self._limits
        found = {}
        if self.cpu > limits.generator_cpu:
            share = written(round(self.cpu, 3), Unit.RATIO)
            found["cpu"] = f"The generator is the bottleneck: {self.busiest} uses or waits for {share} of a core."
        if self.late > limits.lateness_p99 and self._late_starts >= _LATE_STARTS:
            late = written(self.late, Unit.SECONDS)
            found["late"] = f"The generator is the bottleneck: one request in a hundred starts {late} late or later."
        if self.dropped > limits.dropped:
            reason = "too many requests were in flight, or it was too late for them"
            found["dropped"] = f"Arrivals given up so far: {self.dropped:,}, as {reason}."
        if self.steal > limits.steal:
            share = written(round(self.steal, 3), Unit.RATIO)
            found["steal"] = f"The machine's host takes {share} of the CPU time away."
        return found


def _busiest(pulses: list[Pulse]) -> tuple[float, str]:
    """The highest use of a core, or wait for one, that one process kept up for the newest seconds, and which it was."""
    newest: dict[str, list[float]] = {}
    for pulse in pulses:
        newest.setdefault(pulse.generator, []).append(pulse.cpu + pulse.waiting)
    return max(((min(use[-_CPU_SECONDS:]), name) for name, use in newest.items()), default=(0.0, ""))
