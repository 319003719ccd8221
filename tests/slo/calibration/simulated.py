"""Gates between equal builds as the machine gives them: windows that differ by 2 %, launches by 0.8 %."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from slo.calibration.model import NOTHING, Gate, Planted, Ruling
from slo.duel.model import Outcome, Samples, Series, SideFacts
from slo.model import Distrust
from slo.record import MachineFacts

MACHINE = MachineFacts(cpu="Test CPU", cores=2, memory_bytes=8 * 2**30, kernel="6.1.0", python="3.11.7")
WINDOW, LAUNCH = 0.02, 0.008
LAUNCHES, WINDOWS = 4, 8


def samples(seed: int, metrics: Sequence[str] = ("cpu-per-request", "p50"), **changes: object) -> Samples:
    """A gate whose metrics all show the same noise, so that each tells of the other."""
    random = np.random.default_rng(seed)
    windows = random.normal(0, LAUNCH, (LAUNCHES, 1)) + random.normal(0, WINDOW, (LAUNCHES, WINDOWS))
    launches = tuple(tuple(each.tolist()) for each in windows)
    levels = tuple((0.002,) * WINDOWS for _ in launches)
    facts = {
        "id": f"duel-{seed}",
        "started_at": f"2026-11-{seed % 28 + 1:02d}T10:00:00Z",
        "seconds": 150.0,
        "base": SideFacts(name="base"),
        "head": SideFacts(name="head"),
        "plan": "duel",
        "rhythm": "quick",
        "seed": seed,
        "machine": MACHINE,
        "series": tuple(
            Series(metric=name, launches=launches, levels=levels, base=0.002, head=0.002) for name in metrics
        ),
    }
    return Samples(**{**facts, **changes})  # type: ignore[arg-type]  # keywords of a test


def gate(seed: int, planted: Planted = NOTHING, outcome: Outcome = Outcome.PASSED, **changes: object) -> Gate:
    """A kept gate; one that failed did so in what was planted."""
    failed = frozenset({planted.metric} if outcome is Outcome.FAILED else ())
    return Gate(planted=planted, samples=samples(seed, **changes), ruling=Ruling(outcome=outcome, failed=failed))  # type: ignore[arg-type]  # keywords of a test


DISTRUST = Distrust(code="host-busy", reason="the host took 20 % of the CPU time away", evidence={})


@dataclass(frozen=True)
class MeanAbove:
    """A judge of one rule, whose error rates are known in closed form: the mean of all windows lies above ``limit``."""

    metric: str
    limit: float
    launches: int = LAUNCHES

    def ruling(self, drawn: Samples) -> Ruling:
        """What it says of ``drawn``."""
        series = next(each for each in drawn.series if each.metric == self.metric)
        if fmean(value for launch in series.launches for value in launch) > self.limit:
            return Ruling(outcome=Outcome.FAILED, failed=frozenset({self.metric}))
        return Ruling(outcome=Outcome.PASSED)
