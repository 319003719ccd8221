"""The words of a capacity test: steps, the curve, resources, cost, and the whole.

All are frozen values that msgspec encodes as they stand; the JSON form is an encoded `Capacity` or `Agreement`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from slo.model import State
from slo.record import MachineFacts, TargetFacts

FORMAT = "loadstone.capacity/1"
"""The format of the JSON form; ``assets/schema.json`` describes it."""

NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0)]
"""A part of a limit; above 1 where a resource may exceed what counts as its limit."""


class Estimate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A value and its interval; an end is null where the data do not bound it, the value where they do not give it."""

    value: float | None
    low: float | None
    high: float | None


class StepState(StrEnum):
    """What became of a step."""

    CARRIED = "carried"
    """Every objective holds, and the whole interval says so."""
    BROKEN = "broken"
    """An objective is missed for certain, or the service fell behind."""
    UNDECIDED = "undecided"
    """An interval has its limit inside."""
    TOO_FEW = "too few requests"
    """Nothing speaks against it, yet so few requests decide nothing."""
    GENERATOR = "generator"
    """The generator was the bottleneck: the step says nothing of the service."""
    SPOILT = "spoilt"
    """Something else disturbed it, such as CPU time that the host took away."""


class StepObjective(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One objective in one step."""

    name: str
    budget: str
    state: State
    reason: str


class Use(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much of a resource a step took."""

    resource: str
    share: Share
    amount: str
    """In a reader's words, such as ``0.61 of 1 core``."""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rate, held for a while; the latencies count from the intended start."""

    number: int
    offered_per_s: NotNegative
    """The planned rate."""
    arrived_per_s: NotNegative
    """What chance made of it."""
    answered_per_s: NotNegative
    """Right answers that were complete in the step's time: the goodput."""
    requests: int
    failed_ratio: NotNegative
    in_flight: NotNegative
    """Mean number of requests in the service, of those that were answered rightly."""
    time_ms: NotNegative
    """Mean time in the service, from the actual start."""
    p50_ms: NotNegative
    p95_ms: NotNegative
    p99_ms: NotNegative
    cpu_ms_per_request: float | None
    """CPU time of the service's workers; null where it does not tell."""
    generator_cpu: NotNegative
    """The share of a core that the busiest generator process used or waited for, mean of the judged seconds."""
    uses: tuple[Use, ...]
    state: StepState
    reason: str
    objectives: tuple[StepObjective, ...]
    record: str
    """Where the run record lies, from the folder of the test."""


class CurvePoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The curve and its band at one number of requests in flight."""

    in_flight: float
    per_s: float
    low_per_s: float
    high_per_s: float


class Scalability(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The Universal Scalability Law through the steps: X(N) = γN / (1 + α(N − 1) + βN(N − 1))."""

    contention: Estimate
    """α; in a test with random arrivals it holds their queueing too."""
    coherency: Estimate
    """β."""
    single_per_s: Estimate
    """γ, answers a second with one request in flight at all times."""
    peak_in_flight: Estimate
    """N* = √((1 − α)/β), where more in flight is answered no faster."""
    peak_per_s: Estimate
    """X(N*); without β its limit γ/α."""
    knee_in_flight: Estimate
    knee_per_s: Estimate
    """Where one percent more load costs one percent more time (the maximum of Kleinrock's power X/R)."""
    retrograde: bool
    """Whether the data show that throughput falls beyond N*: β is above 0 for certain and N* was reached."""
    reading: str
    """What the fit says and what it does not, in a sentence or two."""
    steps: int
    residual: float
    """Typical relative distance of a step from the curve."""
    curve: tuple[CurvePoint, ...]


class Bound(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A resource over the steps."""

    resource: str
    title: str
    limit: str
    """What is full, in a reader's words."""
    at_lowest: Share | None
    at_highest_carried: Share | None
    highest: Share | None
    full_at_per_s: float | None
    """The offered rate at which it was first found full."""
    projected_per_s: float | None
    """Where a line through the carried steps reaches its limit; null where it does not rise."""


class Cost(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What requests cost, by the carried steps."""

    cpu_ms_per_request: Estimate
    """The slope of CPU time over requests (utilisation law): what one more request takes."""
    idle_cores: float
    """What the workers use without any request."""
    cpu_s_per_million: Estimate
    """At the target rate, idle time included."""
    price_per_hour: float | None = None
    money_per_million: float | None = None
    """The machine's price divided by what it answers at the target rate; in the currency of the price."""
    money_per_million_at_capacity: float | None = None
    """The same at the maximum sustainable rate, which is the least it can be."""


class Scaling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an autoscaler needs to know."""

    target_per_s: float
    """Requests a second for one replica: the knee, or the lower end of what is sustainable where that is less."""
    rests_on: Literal["the knee", "the sustainable rate"]
    workers: int
    """Of the replica that was measured."""
    target_per_s_per_worker: float
    target_utilisation: float | None
    """Share of the busiest resource at that rate; null where the service does not tell its CPU time."""
    target_in_flight: float | None


EndedBy = Literal["objectives", "generator", "range"]


class Capacity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="capacity"):
    """What one test found."""

    format: str
    plan: str
    mix: dict[str, float]
    """Workloads to their parts of the rate."""
    budgets: tuple[str, ...]
    environment: str
    started_at: str
    seed: int
    commit: str
    target: TargetFacts
    machine: MachineFacts
    settle_seconds: float
    step_seconds: float
    confidence: float
    ended_by: EndedBy
    """What set the upper end: objectives that broke, a generator that could not send more, or the range asked for."""
    headline: str
    notes: tuple[str, ...]
    """What a reader must know about these figures, a sentence each."""
    sustainable_per_s: Estimate
    """The highest rate under the objectives; without a high end, it is at least the value."""
    highest_carried_per_s: float | None
    lowest_broken_per_s: float | None
    limited_by: str
    """The objective that broke first; empty where none did."""
    elbow_per_s: Estimate
    """Where latency leaves its floor, by the steps alone (Kneedle)."""
    scalability: Scalability | None
    first_to_saturate: str
    """The resource, and at which rate; in a sentence."""
    resources: tuple[Bound, ...]
    cost: Cost | None
    scaling: Scaling | None
    steps: tuple[Step, ...]
    """In the order in which they were run."""


class Agreeing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One figure over several tests."""

    figure: str
    title: str
    values: tuple[Estimate, ...]
    common: tuple[float, float] | None
    """What all intervals share; null where they share nothing."""
    spread: float | None
    """(largest − smallest value) / middle one."""


class Agreement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="agreement"):
    """Several tests of the same kind, one after another."""

    format: str
    agree: bool
    """Whether the intervals of the sustainable rate share a point, and so do those of the knee where it is known."""
    reading: str
    figures: tuple[Agreeing, ...]
    runs: tuple[Capacity, ...]
