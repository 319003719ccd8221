"""What a duel found: what everybody downstream (reports, history, exit code) reads.

A duel compares a *base* with a *head*: the same service before and after a change.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from slo.model import Distrust, Limit, Unit
from slo.record import MachineFacts

FORMAT = "loadstone.duel/1"

Side = Literal["base", "head"]
SIDES: tuple[Side, Side] = ("base", "head")


class Outcome(StrEnum):
    """What was found, of one metric or of the whole."""

    PASSED = "passed"
    """Whatever the change does, it stays within the budget."""
    WARNING = "warning"
    """Within the budget, and beyond its hint."""
    ACCEPTED = "accepted"
    """Beyond the budget, and somebody has answered for it in a file of the change."""
    INCONCLUSIVE = "inconclusive"
    """The data do not decide."""
    FAILED = "failed"
    """Beyond the budget for certain."""
    REPORTED = "reported"
    """No budget holds it; shown and decides nothing."""
    NOT_MEASURED = "not-measured"
    """The metric could not be had; ``reason`` says why."""
    INVALID = "invalid"
    """The duel cannot be judged; only of the whole."""


class SideFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What fought on one side."""

    name: str
    """For people: ``main``, ``this work tree``, a command or a URL."""
    commit: str = ""
    """In full; with ``+dirty`` behind it where files were changed and not committed."""
    url: str = ""


class Series(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One metric of one workload, as measured: ln(head / base) window by window, launch by launch.

    The unit of sampling is the window, its cluster the launch; a request is never a sample.
    """

    metric: str
    """A name of `slo.duel.metrics.METRICS`."""
    workload: str = ""
    """Empty for all together."""
    launches: tuple[tuple[float, ...], ...] = ()
    """ln(head / base) of every window, nothing for a launch that does not tell it; empty for what is counted
    (``errors`` and the exact metrics)."""
    levels: tuple[tuple[float, ...], ...] = ()
    """The base's own figure in every one of these windows."""
    base: float
    head: float
    """The metric over all windows, in its unit: median of windows, or the exact count."""
    base_events: int = 0
    head_events: int = 0
    """What it rests on: requests of each side."""
    base_bad: int = 0
    head_bad: int = 0
    """Of ``errors``: the requests that failed."""


class Samples(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that a duel measured and a verdict rests on; small enough to keep, and to draw resamples from."""

    format: str = FORMAT
    id: str
    started_at: str
    seconds: float
    """How long the duel took."""
    base: SideFacts
    head: SideFacts
    plan: str
    """The load plan, or the Locust file."""
    rhythm: str
    """``quick`` or ``full`` (`slo.duel.plan`)."""
    seed: int
    machine: MachineFacts
    looks: int = 1
    """How often the data were looked at: 1, and one more for each time the duel extended itself."""
    series: tuple[Series, ...]
    distrusts: tuple[Distrust, ...] = ()
    """Why it cannot be judged; empty when it can."""


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One metric of one workload, judged."""

    metric: str
    title: str
    """For people: ``CPU time per request``."""
    workload: str
    unit: Unit
    outcome: Outcome
    reason: str
    """One sentence that holds the figures it rests on."""
    base: float | None
    head: float | None
    change: float | None
    """head / base − 1; of ``errors`` the difference of the two shares."""
    low: float | None = None
    high: float | None = None
    """The 95 % interval of ``change``; both are ``change`` itself for what is counted exactly."""
    p: float | None = None
    """One-sided, that head is worse; None for what is counted exactly."""
    p_adjusted: float | None = None
    """After Holm, over all metrics of the duel."""
    warning: Limit | None = None
    critical: Limit | None = None
    """The budget of the change."""
    enforced: bool = True
    """One that is not enforced is reported and decides nothing."""
    exact: bool = False
    smallest: float | None = None
    """The smallest change that this duel would have found in 95 of 100 cases; None if exact or unknown."""
    launches: tuple[tuple[float, ...], ...] = ()
    """As in `Series`, for drawing."""
    acceptance: str = ""
    """The reason given in ``slo/accepted.toml``, with its expiry."""


class CulpritPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a function stands in the head."""

    file: str
    """As seen from the project's root."""
    line: int
    """Its first line; 1 where it is not known."""
    end_line: int = 0


class Culprit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A function that made requests dearer, or a wait or query that it causes."""

    kind: Literal["cpu", "wait", "query", "allocations", "payload"]
    unit: str
    """Of the costs: ``bytecodes``, ``samples``, ``bytes``, ``allocations``, ``calls``, ``waited µs``, ``queries``."""
    function: str
    """``Class.function (package/file.py)``."""
    place: CulpritPlace | None
    before: float
    """Its own cost per request."""
    after: float
    """``before`` and all that it owes of the rise: what it does more itself, and what it has done more often."""
    low: float
    high: float
    """The interval of ``after`` − ``before``; equal ends where the cost is counted."""
    share: float
    """Of what a whole request cost before."""
    explains: float
    """Of the rise of a whole request."""
    calls_before: float | None = None
    calls_after: float | None = None
    bytes_before: float | None = None
    bytes_after: float | None = None
    """Per request, where they were counted."""
    touched: bool = False
    """Whether the change edits the function itself."""
    touched_callees: tuple[str, ...] = ()
    """Functions called by it that the change edits."""
    detail: str = ""
    """What it waits for or asks: the SQL text, the kind of wait."""


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a gate of this rhythm is known to do on a machine, from calibration."""

    machine: MachineFacts
    measured_on: str
    """A date, ISO 8601."""
    false_alarms: int
    gates: int
    """Of so many real gates between equal builds, how many failed."""
    resampled_false_alarms: int
    resampled: int
    power: tuple[tuple[str, float, float], ...]
    """(metric, size of a planted change as head / base − 1, share of gates that found it)."""
    same_machine: bool
    """Whether that is the machine of this duel."""


class Distribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Latencies of a workload while both sides were mixed, as encoded histograms (`slo.histogram`)."""

    workload: str
    base: str
    head: str


class Duel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole duel, judged."""

    samples: Samples
    outcome: Outcome
    headline: str
    """One sentence for somebody who reads nothing else."""
    exit_code: int
    findings: tuple[Finding, ...]
    """Worst first."""
    culprits: tuple[Culprit, ...] = ()
    """Who explains most first, kind by kind."""
    blind: tuple[str, ...] = ()
    """Sentences about what could not be looked at: no right to sample, no trees to count in."""
    known: Known | None = None
    distributions: tuple[Distribution, ...] = ()
    flame_graphs: tuple[tuple[str, str], ...] = ()
    """(title, file name beside the report) of differential flame graphs and speedscope files."""
    expired: tuple[str, ...] = ()
    """Acceptances whose time is over, as sentences."""
    repeat: str = ""
    """The command that repeats the duel."""
    environment: str = "development"
    """Whose budgets were applied."""
