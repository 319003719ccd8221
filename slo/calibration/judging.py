"""How calibration asks the gate: the one place that calls the real verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from slo.calibration.model import Ruling
from slo.calibration.pool import Key
from slo.duel import verdict
from slo.duel.budgets import Limits
from slo.duel.model import Outcome, Samples
from slo.stats import LaunchSpread


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The gate's own verdict, look after look, as a real gate comes to it."""

    limits: Limits
    """Budgets of the change."""
    looks: tuple[int, ...]
    """Launches done at each look."""
    spreads: Mapping[Key, LaunchSpread] = field(default_factory=dict)

    @property
    def launches(self) -> int:
        """The most that a gate looks at."""
        return self.looks[-1]

    def ruling(self, samples: Samples) -> Ruling:
        """What the gate says of ``samples``: at the first look that decides, or at the last that they reach."""
        done = max((len(each.launches) for each in samples.series), default=0)
        for look, launches in enumerate(self.looks, 1):
            seen = _seen(samples, launches, look)
            findings = verdict.judged(seen, self.limits, spreads=self.spreads, planned_looks=len(self.looks))
            outcome = verdict.outcome(findings, samples.distrusts)
            if outcome is not Outcome.INCONCLUSIVE or launches >= done:
                break
        return Ruling(
            outcome=outcome,
            failed=frozenset(found.metric for found in findings if found.enforced and found.outcome is Outcome.FAILED),
        )


def _seen(samples: Samples, launches: int, look: int) -> Samples:
    """What there is of ``samples`` after so many launches."""
    series = tuple(
        replace(each, launches=each.launches[:launches], levels=each.levels[:launches]) for each in samples.series
    )
    return replace(samples, looks=look, series=series)
