"""The words of a judgement: objectives and budgets as they are judged, readings, verdicts, and the whole.

All are frozen values that msgspec encodes as they stand; the JSON report is an encoded `Judgement`.
Values carry base units (seconds, bytes, ratios from 0 to 1) and name their unit beside them.

    Objective ──┐
                ├─▶ ObjectiveVerdict ──┐
    Reading ────┘                      ├─▶ Judgement
    Distrust ──────────────────────────┘
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from slo.record import MachineFacts, TargetFacts

LATENCY_EDGES = (
    *(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5),
    *(1.0, 2.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""Upper bucket edges of the service's latency histograms, in seconds. A latency threshold must be one of them:
only there does the live histogram count exactly what a run record counts."""


class Unit(StrEnum):
    """What a figure counts in."""

    RATIO = "ratio"
    SECONDS = "s"
    BYTES = "B"
    PER_SECOND = "1/s"
    SECONDS_PER_REQUEST = "s/request"
    BYTES_PER_REQUEST = "B/request"
    COUNT = "1"


class Comparison(StrEnum):
    """On which side of a limit the good values lie."""

    AT_MOST = "<="
    AT_LEAST = ">="


class State(StrEnum):
    """What the data say about one objective."""

    PASSED = "pass"
    """The critical limit is kept, and the whole interval says so."""
    WARNING = "warning"
    """The critical limit is kept for certain; the measured value is beyond the warning limit."""
    INCONCLUSIVE = "inconclusive"
    """The interval has the critical limit inside, or the events are too few to pass."""
    CRITICAL = "critical"
    """The whole interval lies beyond the critical limit."""
    NO_DATA = "no data"
    """The record holds nothing to judge by; this never passes."""
    NEEDS_BASE = "needs a base"
    """The objective is relative; a run on its own neither keeps nor breaks it."""


class Overall(StrEnum):
    """What a run amounts to."""

    MET = "met"
    MISSED = "missed"
    INCONCLUSIVE = "inconclusive"
    UNJUDGED = "cannot be judged"


class NoDataPolicy(StrEnum):
    """What an enforced objective without data does to the whole; passing is not among the choices."""

    FAIL = "fail"
    """The objective counts as missed."""
    REFUSE = "refuse"
    """The run cannot be judged."""


class InconclusivePolicy(StrEnum):
    """What an enforced objective that the data do not decide does to the whole."""

    WARN = "warn"
    """The whole is inconclusive."""
    FAIL = "fail"
    """The objective counts as missed."""


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The edge of the good values, in the unit of what it limits."""

    comparison: Comparison
    value: float
    """The edge itself is good."""

    def keeps(self, value: float) -> bool:
        """Whether ``value`` is good."""
        return value <= self.value if self.comparison is Comparison.AT_MOST else value >= self.value

    def stricter_than(self, other: Limit) -> bool:
        """Whether every value this limit calls good is good by ``other`` too, and some are good by ``other`` alone."""
        return other.keeps(self.value) and self.value != other.value


class RelativeLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Limits on a change against a base; 0.05 is five percent more than the base."""

    metric: str
    """The indicator that is compared, such as ``p95``; empty for the objective's own value."""
    warning: Limit | None = None
    critical: Limit | None = None


class SeriesRatio(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="ratio"):
    """Good among all events, by selectors. ``le`` in ``good`` is the latency that still counts as good.

    Selectors named ``requests``, ``ok`` and ``items`` count on the run record; any other name is a server's counter.
    """

    good: str
    total: str
    query_good: str
    query_total: str
    """The same events in PromQL, for the exporters and the live burn rate."""
    inverted: bool = False
    """The value is the share of events that are *not* good."""
    threshold: float | None = None
    """The latency in seconds behind ``le``, if there is one."""


class SeriesUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="resource"):
    """What the server used: a counter's growth per request, or a gauge's highest value."""

    resource: str
    """OpenTelemetry's name, such as ``process.cpu.time``."""
    title: str
    """What people call it."""
    selector: str
    requests: str = ""
    """The counter of requests by which the growth is divided; empty for the highest value of a gauge."""
    unit: Unit


class RunFigure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="figure"):
    """A figure that `slo.indicators` takes from the record alone, by name: ``p95``, ``throughput-ratio``."""

    name: str
    unit: Unit


class DutyCost(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="duty"):
    """What a duty of the server adds to a request, as the record's duties tell it; ``name`` is without ``duty.``."""

    name: str


class ChangeFigure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="change"):
    """What only a duel of base and head tells: a metric of `slo.duel.metrics`, by name, without ``change.``."""

    name: str


Source = SeriesRatio | SeriesUse | RunFigure | DutyCost | ChangeFigure
"""Where an objective's value comes from."""


class Objective(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing promised, resolved for one environment."""

    name: str
    description: str
    workload: str
    """The workload whose requests count; empty for all."""
    source: Source
    unit: Unit
    slo: str = ""
    """The OpenSLO document it rests on, if any."""
    warning: Limit | None = None
    critical: Limit | None = None
    relative: RelativeLimits | None = None
    key: bool = False
    """When critical, this objective alone decides, and the headline names it."""
    enforced: bool = True
    """One that is not enforced is reported and decides nothing."""
    min_events: int
    """Fewer events never pass."""
    confidence: float
    on_no_data: NoDataPolicy
    on_inconclusive: InconclusivePolicy


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A set of objectives, resolved for one environment; a plan names it."""

    name: str
    service: str
    environment: str
    plan: str
    """The load plan that measures it best; empty if it does not say."""
    objectives: tuple[Objective, ...]


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a run measured of one indicator."""

    indicator: str
    """Its name: ``p95``, ``error-ratio``, ``requests-per-second``, ``process.cpu.time`` …"""
    title: str
    """For people: ``95th percentile of latency``."""
    unit: Unit
    value: float | None
    """None where the record does not hold it."""
    low: float | None = None
    high: float | None = None
    """Ends of the interval; None for a figure that one run gives only once."""
    confidence: float | None = None
    events: int = 0
    """How many events it rests on: requests, or seconds, or snapshots for figures of the server."""
    effective_events: float | None = None
    """How many independent events tell as much; see `slo.stats.effective_sample`."""
    missing: str = ""
    """Why there is no value, as a sentence."""


class ObjectiveVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One objective, judged."""

    name: str
    budget: str
    description: str
    indicator: str
    """What was measured, for people: ``requests answered rightly within 200 ms``."""
    unit: Unit
    state: State
    reason: str
    """One sentence that holds the figures it rests on."""
    value: float | None
    low: float | None
    high: float | None
    confidence: float | None
    events: int
    effective_events: float | None
    min_events: int
    warning: Limit | None
    critical: Limit | None
    relative: RelativeLimits | None
    threshold: float | None
    """Seconds, for a latency ratio."""
    key: bool
    enforced: bool
    slo: str


class Distrust(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One reason why a run cannot be judged."""

    code: str
    """Stable, for machines: ``generator-saturated``."""
    reason: str
    """One sentence with the figures."""
    evidence: dict[str, float | int | str]


class RunFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which run was judged."""

    id: str
    started_at: str
    ended_at: str
    """Empty for an aborted run."""
    plan: str
    plan_description: str
    arrivals: str
    planned_seconds: float
    judged_stages: tuple[str, ...]
    judged_seconds: float
    seed: int
    commit: str
    target: TargetFacts
    machine: MachineFacts
    requests: int
    """Of the judged stages."""
    failures: int


class Judgement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A run, judged: what everybody downstream (reports, exit code) reads."""

    run: RunFacts
    budgets: tuple[str, ...]
    environment: str
    overall: Overall
    headline: str
    """One sentence for somebody who reads nothing else."""
    exit_code: int
    """`slo.gate.ExitCode`."""
    strict: bool
    verdicts: tuple[ObjectiveVerdict, ...]
    """In the order of the files; worst first is the reader's choice."""
    distrusts: tuple[Distrust, ...]
    """Where there is one, the run cannot be judged; the verdicts are then shown and decide nothing."""
    readings: tuple[Reading, ...]
    """The run's figures, whether an objective rests on them or not."""

    def count(self, state: State) -> int:
        """How many verdicts are in ``state``."""
        return sum(verdict.state is state for verdict in self.verdicts)
