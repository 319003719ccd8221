"""The words of calibration: what was planted, a gate that was kept, and what the gate turned out to do."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from slo.duel.model import Outcome, Samples
from slo.record import Count, MachineFacts
from slo.stats import Interval, clopper_pearson

FORMAT = "loadstone.calibration/1"
CONFIDENCE = 0.95

Change = Annotated[float, msgspec.Meta(gt=-1, le=100)]


class Planted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A slowdown of known size; ``metric`` is empty where base and head are the same."""

    metric: str = ""
    size: Change = 0.0
    """head / base − 1 of that metric."""

    @property
    def is_nothing(self) -> bool:
        """Whether base and head are equal, so that every alarm is a false one."""
        return not self.metric

    @property
    def name(self) -> str:
        """For file names and tables: ``nothing``, ``p50+10%``."""
        return "nothing" if self.is_nothing else f"{self.metric}{100 * self.size:+g}%"


NOTHING = Planted()


class Ruling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the gate said, in as few words as calibration needs."""

    outcome: Outcome
    failed: frozenset[str] = frozenset()
    """The metrics that failed, in any workload."""


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One real gate: what was planted, what was measured, what was said."""

    format: Literal["loadstone.calibration/1"] = "loadstone.calibration/1"
    planted: Planted
    samples: Samples
    ruling: Ruling

    @property
    def is_judged(self) -> bool:
        """Whether it says anything about error rates; a gate that refused to judge does not."""
        return not self.samples.distrusts and self.ruling.outcome is not Outcome.INVALID


class Tally(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many of so many gates alarmed, and how many could not decide."""

    gates: Count = 0
    failed: Count = 0
    undecided: Count = 0

    @property
    def interval(self) -> Interval:
        """The exact 95 % interval of the share that failed; all of 0 to 1 without a gate."""
        return clopper_pearson(self.failed, self.gates, CONFIDENCE) if self.gates else Interval(0.0, 1.0)


class Power(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How often a change of one size in one metric was found."""

    planted: Planted
    found: Count
    gates: Count

    @property
    def share(self) -> float:
        """Of gates that found it."""
        return self.found / self.gates

    @property
    def interval(self) -> Interval:
        """The exact 95 % interval of the share."""
        return clopper_pearson(self.found, self.gates, CONFIDENCE)


class Spread(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far the centres of the launches of one gate lie apart in a metric (`slo.stats.LaunchSpread`)."""

    metric: str
    workload: str = ""
    variance: Annotated[float, msgspec.Meta(gt=0)]
    degrees: Annotated[float, msgspec.Meta(gt=0)] | None
    """Of freedom that the variance is worth; None for endless."""


class Leaning(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """By how much a head differs from an equal base on average; the 95 % interval holds 0 where both are fair."""

    metric: str
    workload: str = ""
    change: float
    low: float
    high: float


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that is known of the gate on one machine, in one rhythm."""

    format: Literal["loadstone.calibration/1"] = "loadstone.calibration/1"
    machine: MachineFacts
    measured_on: str
    """A date, ISO 8601: that of the last gate."""
    rhythm: str
    plan: str
    looks: tuple[int, ...]
    """Launches done at each look."""
    budgets: dict[str, float]
    """By metric: the change that a gate still lets pass."""
    minutes: float
    """How long a gate took, the median."""
    real: Tally
    """Gates between equal builds."""
    refused: Count
    """Gates that could not be judged; they are in no rate."""
    resampled: Tally
    """Gates that were drawn from the windows of the real ones."""
    planted: tuple[Power, ...]
    """Real gates with a planted slowdown."""
    power: tuple[Power, ...]
    """Resampled gates with a change put into one metric."""
    spreads: tuple[Spread, ...]
    leanings: tuple[Leaning, ...] = ()
    """Of the real gates between equal builds; drawn gates turn their launches at random and so cannot show them."""
    seed: int
    """Of the resampling."""

    def smallest(self, metric: str, share: float = 0.95) -> float | None:
        """The smallest change in ``metric`` that was tried from which on at least ``share`` of the gates found it."""
        tried = sorted(
            (each for each in self.power if each.planted.metric == metric), key=lambda each: abs(each.planted.size)
        )
        found = None
        for each in reversed(tried):
            if each.share < share:
                break
            found = each.planted.size
        return found
