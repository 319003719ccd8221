"""Whole duels, one for every way a duel can end, and one whose every free text attacks."""

from __future__ import annotations

import math
import random
from typing import Any

import msgspec

from slo.duel.metrics import METRICS
from slo.duel.model import (
    Culprit,
    CulpritPlace,
    Distribution,
    Duel,
    Finding,
    Known,
    Outcome,
    Samples,
    Series,
    SideFacts,
)
from slo.exits import ExitCode
from slo.histogram import Histogram
from slo.model import Comparison, Distrust, Limit
from slo.record import MachineFacts
from tests.slo.reports.examples import HOSTILE

MACHINE = MachineFacts(cpu="AMD EPYC 7763", cores=2, memory_bytes=8 * 2**30, kernel="6.8.0", python="3.11.7")
COMMIT = "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432"

EXITS = {Outcome.FAILED: ExitCode.MISSED, Outcome.INVALID: ExitCode.UNJUDGED}

DISTRUSTS = (
    Distrust(code="generator-saturated", reason="in launch 2 the generator used 93 % of its core", evidence={}),
    Distrust(code="clock-jumped", reason="the machine's clock was set by 3.1 s while a launch ran", evidence={}),
)

CULPRITS = (
    Culprit(
        kind="cpu",
        unit="bytecodes",
        function="Sentiment.score (service/engine/sentiment.py)",
        place=CulpritPlace(file="service/engine/sentiment.py", line=41, end_line=58),
        before=12_400.0,
        after=14_900.0,
        low=2_500.0,
        high=2_500.0,
        share=0.31,
        explains=0.84,
        calls_before=8.0,
        calls_after=8.0,
        touched=True,
    ),
    Culprit(
        kind="wait",
        unit="waited µs",
        function="Keyring.find (service/keys/keyring.py)",
        place=CulpritPlace(file="service/keys/keyring.py", line=90, end_line=104),
        before=210.0,
        after=640.0,
        low=390.0,
        high=470.0,
        share=0.2,
        explains=0.1,
        touched_callees=("Pool.acquire", "Pool.release"),
        detail="PostgreSQL: waiting for a connection",
    ),
    Culprit(
        kind="query",
        unit="queries",
        function="Jobs.page (service/jobs/store.py)",
        place=CulpritPlace(file="service/jobs/store.py", line=12),
        before=1.0,
        after=21.0,
        low=20.0,
        high=20.0,
        share=1.0,
        explains=1.0,
        detail="SELECT id, state FROM jobs WHERE tenant = $1 AND id = $2",
    ),
    Culprit(
        kind="allocations",
        unit="bytes",
        function="Sentiment.score (service/engine/sentiment.py)",
        place=CulpritPlace(file="service/engine/sentiment.py", line=41, end_line=58),
        before=4_096.0,
        after=69_632.0,
        low=65_536.0,
        high=65_536.0,
        share=0.05,
        explains=0.97,
        bytes_before=4_096.0,
        bytes_after=69_632.0,
        touched=True,
    ),
    Culprit(
        kind="payload",
        unit="bytes",
        function="msgspec encoder",
        place=None,
        before=812.0,
        after=830.0,
        low=17.0,
        high=19.0,
        share=1.0,
        explains=1.0,
    ),
)


def windows(source: random.Random, change: float, spread: float) -> tuple[tuple[float, ...], ...]:
    """Four launches of eight windows around ``change``."""
    starts = (source.gauss(0, spread / 4) for _ in range(4))
    return tuple(tuple(math.log1p(change) + start + source.gauss(0, spread) for _ in range(8)) for start in starts)


def finding(metric: str, outcome: Outcome, base: float, change: float, *, budget: float = 0.03, **more: Any) -> Finding:
    """A finding of ``metric`` that moved by ``change``; a share moves by as many points."""
    described = METRICS[metric]
    share, exact = metric == "errors", described.design == "exact"
    spread = 0.0 if exact or share else 0.03
    comparison = Comparison.AT_LEAST if described.higher_is_better else Comparison.AT_MOST
    edge = -budget if described.higher_is_better else budget
    width = 0.001 if share else 0.0 if exact else 0.011
    values: dict[str, Any] = {
        "metric": metric,
        "title": described.title,
        "workload": "",
        "unit": described.unit,
        "outcome": outcome,
        "reason": f"it moved by {change:+.3f}",
        "base": base,
        "head": base + change if share else base * (1 + change),
        "change": change,
        "low": change - width,
        "high": change + width,
        "p": None if exact else 0.001,
        "p_adjusted": None if exact else 0.0042,
        "warning": Limit(comparison, edge * 2 / 3),
        "critical": Limit(comparison, edge),
        "exact": exact,
        "smallest": None if exact or share else 0.021,
        "launches": windows(random.Random(metric), change, spread) if spread else (),
    }
    return Finding(**{**values, **more})


def findings(worst: Outcome) -> tuple[Finding, ...]:
    """Metrics of every design, the first with ``worst``."""
    change = {Outcome.PASSED: 0.004, Outcome.WARNING: 0.024, Outcome.INCONCLUSIVE: 0.027}.get(worst, 0.128)
    first = Outcome.FAILED if worst is Outcome.INVALID else worst
    acceptance = "we now check spelling too (until 2026-06-30)" if worst is Outcome.ACCEPTED else ""
    return (
        finding("cpu-per-request", first, 0.00212, change, acceptance=acceptance),
        finding("p50", Outcome.PASSED, 0.0041, 0.012, budget=0.05, workload="comments"),
        finding("p95", Outcome.INCONCLUSIVE, 0.0124, 0.04, budget=0.05, workload="comments", low=-0.02, high=0.11)
        if worst is Outcome.INCONCLUSIVE
        else finding("p95", Outcome.PASSED, 0.0124, 0.01, budget=0.1, workload="comments", low=-0.03, high=0.06),
        finding("throughput", Outcome.PASSED, 812.0, -0.012),
        finding("errors", Outcome.PASSED, 0.0004, 0.0001, budget=0.002, workload="comments"),
        finding("bytecodes", first if first is Outcome.FAILED else Outcome.PASSED, 48_120.0, change / 4, budget=0.005),
        finding("allocations", Outcome.PASSED, 911.0, 0.0),
        finding("resident-memory", Outcome.FAILED, 96.0 * 2**20, 0.34, enforced=False),
        finding("start-up", Outcome.REPORTED, 1.21, 0.02, enforced=False, warning=None, critical=None),
        msgspec.structs.replace(
            finding("waited", Outcome.NOT_MEASURED, 0.0, 0.0, enforced=False),
            **dict.fromkeys(("base", "head", "change", "low", "high")),
        ),
    )


def histogram(seed: int, slow: float) -> str:
    source = random.Random(seed)
    return Histogram.of(slow * (0.002 + source.lognormvariate(-6, 0.7)) for _ in range(3000)).encode()


def duel(outcome: Outcome) -> Duel:
    """A whole one that ended so."""
    found = findings(outcome)
    samples = Samples(
        id="20260131T123000Z-7f3a",
        started_at="2026-01-31T12:30:00Z",
        seconds=161.0,
        base=SideFacts(name="main", commit="41afb61d0c41afb61d0c41afb61d0c41afb61d0c"),
        head=SideFacts(name="this work tree", commit=COMMIT),
        plan="duel",
        rhythm="quick",
        seed=7,
        machine=MACHINE,
        series=tuple(
            Series(
                metric=each.metric,
                workload=each.workload,
                launches=each.launches,
                base=each.base or 0.0,
                head=each.head or 0.0,
                base_events=4_810,
                head_events=4_809,
            )
            for each in found
        ),
        distrusts=DISTRUSTS if outcome is Outcome.INVALID else (),
    )
    guilty = outcome in {Outcome.FAILED, Outcome.ACCEPTED}
    return Duel(
        samples=samples,
        outcome=outcome,
        headline="The change makes the service worse: CPU time +12.8 %."
        if outcome is Outcome.FAILED
        else f"A duel that ended as {outcome}.",
        exit_code=EXITS.get(outcome, ExitCode.MET),
        findings=found,
        culprits=CULPRITS if guilty else (),
        blind=("No right to sample other processes: stacks of the server were not taken.",),
        known=Known(
            machine=MACHINE,
            measured_on="2026-01-20",
            false_alarms=0,
            gates=34,
            resampled_false_alarms=12,
            resampled=10_000,
            power=(("cpu-per-request", 0.05, 0.98), ("cpu-per-request", 0.1, 1.0), ("p50", 0.1, 0.96)),
            same_machine=True,
        ),
        distributions=(Distribution(workload="comments", base=histogram(1, 1.0), head=histogram(2, 1.12)),),
        flame_graphs=(("Difference of CPU time", "difference cpu.svg"),) if guilty else (),
        expired=("p95: the acceptance of 2025-11-01 is over.",) if outcome is Outcome.FAILED else (),
        repeat="loadstone gate duel --base main --seed 7 --quick",
    )


def attacked(text: str = HOSTILE) -> Duel:
    """A failed duel in which every free text is ``text``."""
    whole = duel(Outcome.FAILED)
    replace = msgspec.structs.replace
    side = SideFacts(name=text, commit=text, url=text)
    samples = replace(
        whole.samples, id=text, base=side, head=side, plan=text, rhythm=text, machine=replace(MACHINE, cpu=text)
    )
    found = tuple(replace(each, title=text, workload=text, reason=text, acceptance=text) for each in whole.findings)
    guilty = tuple(
        replace(
            each,
            function=text,
            unit=text,
            detail=text,
            place=each.place and CulpritPlace(file=text, line=3),
            touched_callees=(text,),
            touched=False,
        )
        for each in whole.culprits
    )
    known = whole.known and replace(whole.known, measured_on=text, machine=samples.machine, power=((text, 0.05, 0.5),))
    return replace(
        whole,
        samples=samples,
        headline=text,
        findings=found,
        culprits=guilty,
        known=known,
        blind=(text,),
        expired=(text,),
        flame_graphs=((text, text),),
        repeat=text,
        environment=text,
        distributions=tuple(replace(each, workload=text) for each in whole.distributions),
    )
