"""Runs and judgements as a load test leaves them, built from a seed, one for every way a run can end."""

from __future__ import annotations

import math
import random

import msgspec

from slo import record
from slo.exits import ExitCode
from slo.histogram import Histogram
from slo.model import (
    Comparison,
    Distrust,
    Judgement,
    Limit,
    ObjectiveVerdict,
    Overall,
    Reading,
    RelativeLimits,
    RunFacts,
    State,
    Unit,
)

WARM_UP_S = 10
SECONDS = 60
RATE = 80

Judged = tuple[record.Run, Judgement]

HOSTILE = "</script><script>alert(1)</script> | *x* `y` @all \x1b[31m --> ]]> \u2028"
"""What a text from outside may try: ends of elements, markup, mentions, escapes, separators."""

HEADLINES = {
    Overall.MET: "All 4 enforced objectives are met: 98.4 % of comments were answered within 200 ms.",
    Overall.MISSED: "comments missed 2 of 4 enforced objectives: only 91.6 % of requests were answered within 200 ms.",
    Overall.INCONCLUSIVE: "The run is too short to decide 1 of 4 enforced objectives; none is missed.",
    Overall.UNJUDGED: "The run cannot be judged: the load generator could not keep up with its plan.",
}
EXITS = {
    Overall.MET: ExitCode.MET,
    Overall.MISSED: ExitCode.MISSED,
    Overall.INCONCLUSIVE: ExitCode.MET,
    Overall.UNJUDGED: ExitCode.UNJUDGED,
}


def header() -> record.Header:
    return record.Header(
        format=record.FORMAT,
        id="20260131T123000Z-7f3a",
        started_at="2026-01-31T12:30:00Z",
        seed=7,
        commit="41afb61d0c",
        plan=record.PlanFacts(
            name="comments",
            description="short comments, Poisson arrivals",
            arrivals="poisson",
            stages=(
                record.Stage(name="warm-up", seconds=WARM_UP_S, rate_from=10, rate_to=RATE, judged=False),
                record.Stage(name="steady", seconds=SECONDS - WARM_UP_S, rate_from=RATE, rate_to=RATE, judged=True),
            ),
            mix={"comments": 1.0},
            objectives=("comments",),
        ),
        machine=record.MachineFacts(
            cpu="AMD EPYC 7763", cores=2, memory_bytes=8 * 2**30, kernel="6.8.0", python="3.11.7"
        ),
        target=record.TargetFacts(url="http://127.0.0.1:8000", version="0.1.0", environment="staging", workers=1),
    )


def cell(second: int, requests: int, source: random.Random, route: str, slow: float, failed: int) -> record.Cell:
    served = [source.lognormvariate(math.log(0.018 * slow), 0.55) for _ in range(requests - failed)]
    waited = [duration + source.expovariate(1 / 0.0015) for duration in served]
    outcomes = {record.OK: requests - failed, "http-503": failed - failed // 3, "timeout": failed // 3}
    return record.Cell(
        second=second,
        stage="warm-up" if second < WARM_UP_S else "steady",
        workload="comments",
        route=route,
        outcomes={name: count for name, count in outcomes.items() if count},
        latency=Histogram.of(waited).encode(),
        service=Histogram.of(served).encode(),
        items=10 * (requests - failed),
        request_bytes=900 * requests,
        response_bytes=1_400 * requests,
    )


def example_run(overall: Overall) -> record.Run:
    """A minute of comments; a missed one slows down and fails around its 40th second."""
    source = random.Random(7)
    cells: list[record.Cell] = []
    pulses: list[record.Pulse] = []
    for second in range(SECONDS):
        planned = RATE * min(1.0, 0.125 + second / WARM_UP_S)
        due = max(2, round(source.gauss(planned, math.sqrt(planned))))
        trouble = math.exp(-(((second - 40) / 5) ** 2)) if overall is Overall.MISSED else 0.0
        slow = (1 + 9 * trouble) * (3 - second / 4 if second < 8 else 1)
        failed = round(due * 0.25 * trouble)
        single = due // 3
        cells.append(cell(second, due - single, source, "POST /v1/comments", slow, failed))
        cells.append(cell(second, single, source, "POST /v1/comments?quality=good", slow * 2, 0))
        late = 0.03 if overall is Overall.UNJUDGED else 0.0006
        pulses.append(
            record.Pulse(
                second=second,
                generator="generator-1",
                intended=due,
                started=due - (due // 9 if overall is Overall.UNJUDGED else 0),
                dropped=due // 9 if overall is Overall.UNJUDGED else 0,
                lateness=Histogram.of(source.expovariate(1 / late) for _ in range(due)).encode(),
                cpu=(0.93 if overall is Overall.UNJUDGED else 0.31) + source.uniform(-0.05, 0.05),
                steal=abs(source.gauss(0, 0.004)),
            )
        )
    requests = sum(each.requests for each in cells)
    footer = record.Footer(
        ended_at="2026-01-31T12:31:02Z",
        outcome="completed",
        generators={"generator-1": "finished"},
        cells=len(cells),
        requests=requests,
    )
    return record.Run(header=header(), cells=tuple(cells), pulses=tuple(pulses), footer=footer)


def verdict(name: str, state: State, value: float | None, **given: object) -> ObjectiveVerdict:
    defaults: dict[str, object] = {
        "budget": "comments",
        "description": "",
        "indicator": name,
        "unit": Unit.RATIO,
        "reason": "",
        "low": None,
        "high": None,
        "confidence": 0.95,
        "events": 4_012,
        "effective_events": 3_400.0,
        "min_events": 2_000,
        "warning": None,
        "critical": None,
        "relative": None,
        "threshold": None,
        "key": False,
        "enforced": True,
        "slo": "",
    }
    return msgspec.convert({"name": name, "state": state, "value": value, **defaults, **given}, ObjectiveVerdict)


def example_verdicts(overall: Overall) -> tuple[ObjectiveVerdict, ...]:
    missed, undecided = overall is Overall.MISSED, overall is Overall.INCONCLUSIVE
    within = (0.916, 0.9071, 0.9243) if missed else (0.958, 0.9421, 0.9706) if undecided else (0.9842, 0.9798, 0.9879)
    failing = (0.0213, 0.0171, 0.0262) if missed else (0.0, 0.0, 0.00092)
    bad = State.CRITICAL if missed else State.INCONCLUSIVE if undecided else State.PASSED
    return (
        verdict(
            "latency-p95",
            bad,
            within[0],
            low=within[1],
            high=within[2],
            indicator="requests answered rightly within 200 ms",
            description="A request that fails, however fast, is not within the time.",
            reason=f"{within[0]:.1%} came within 200 ms, and the interval is {within[1]:.1%} to {within[2]:.1%}.",
            critical=Limit(Comparison.AT_LEAST, 0.95),
            warning=Limit(Comparison.AT_LEAST, 0.97),
            threshold=0.2,
            key=True,
            slo="comments-latency-p95",
        ),
        verdict(
            "error-rate",
            State.CRITICAL if missed else State.PASSED,
            failing[0],
            low=failing[1],
            high=failing[2],
            indicator="requests not answered rightly",
            description="Refused, cut, timed out or answered wrongly.",
            reason=f"{failing[0]:.2%} of 4,012 requests failed.",
            critical=Limit(Comparison.AT_MOST, 0.001),
            warning=Limit(Comparison.AT_MOST, 0.0005),
        ),
        verdict(
            "resident",
            State.WARNING,
            402 * 2**20,
            unit=Unit.BYTES,
            indicator="process.memory.usage, highest seen",
            description="The most that all workers held together.",
            reason="The highest of 2 snapshots is 402 MiB, beyond the warning at 384 MiB.",
            critical=Limit(Comparison.AT_MOST, 512 * 2**20),
            warning=Limit(Comparison.AT_MOST, 384 * 2**20),
        ),
        verdict(
            "throughput",
            State.PASSED,
            0.9981,
            indicator="intended arrivals that were answered rightly",
            description="",
            reason="99.8 % of the planned arrivals were answered.",
            critical=Limit(Comparison.AT_LEAST, 0.98),
        ),
        verdict(
            "cpu-per-request",
            State.NEEDS_BASE,
            0.0021,
            unit=Unit.SECONDS_PER_REQUEST,
            indicator="process.cpu.time per request",
            description="CPU time of the service, against the base.",
            reason="This objective compares with a base; a run on its own neither keeps nor breaks it.",
            relative=RelativeLimits(metric="cpu-per-request", critical=Limit(Comparison.AT_MOST, 0.03)),
            enforced=False,
        ),
    )


def judgement_of(run: record.Run, overall: Overall) -> Judgement:
    head = run.header
    cells = tuple(run.judged())
    distrusts = (
        Distrust(
            code="arrivals-dropped",
            reason="473 of 4,290 arrivals were dropped (11 %); at most 2 % may be.",
            evidence={"dropped": 473, "intended": 4_290},
        ),
        Distrust(
            code="generator-saturated",
            reason="The generator's busiest process used 98 % of its core; beyond 80 % its clock cannot be trusted.",
            evidence={"cpu": 0.98, "limit": 0.8},
        ),
    )
    return Judgement(
        run=RunFacts(
            id=head.id,
            started_at=head.started_at,
            ended_at=run.footer.ended_at if run.footer else "",
            plan=head.plan.name,
            plan_description=head.plan.description,
            arrivals=head.plan.arrivals,
            planned_seconds=head.plan.seconds,
            judged_stages=tuple(run.judged_stages),
            judged_seconds=float(SECONDS - WARM_UP_S) if cells else 0.0,
            seed=head.seed,
            commit=head.commit,
            target=head.target,
            machine=head.machine,
            requests=sum(each.requests for each in cells),
            failures=sum(each.failures for each in cells),
        ),
        budgets=("comments",),
        environment="staging",
        overall=overall,
        headline=HEADLINES[overall],
        exit_code=EXITS[overall],
        strict=False,
        verdicts=example_verdicts(overall),
        distrusts=distrusts if overall is Overall.UNJUDGED else (),
        readings=(
            Reading(indicator="requests-per-second", title="Right answers a second", unit=Unit.PER_SECOND, value=79.6),
            Reading(
                indicator="cpu-per-request",
                title="CPU time a request",
                unit=Unit.SECONDS_PER_REQUEST,
                value=0.0021,
                low=0.00204,
                high=0.00217,
            ),
            Reading(
                indicator="hit-ratio",
                title="Answers from the cache",
                unit=Unit.RATIO,
                value=None,
                missing="The target gave no cache counters.",
            ),
        ),
    )


def example(overall: Overall) -> Judged:
    run = example_run(overall)
    return run, judgement_of(run, overall)
