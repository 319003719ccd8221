"""A run record and objectives to a judgement.

An objective with an interval is critical only if the whole interval lies beyond its limit, and passes only if the whole
interval keeps it. A warning is a hint and no decision, so the measured value alone tells it. An objective
without a critical limit therefore never fails. Too few events never pass; they may fail.
"""

from __future__ import annotations

from collections.abc import Sequence

from slo.gate import Judged, exit_code, misses, overall
from slo.indicators import FIGURES, judged_seconds, measure
from slo.model import (
    Budget,
    Comparison,
    Distrust,
    Judgement,
    Limit,
    Objective,
    ObjectiveVerdict,
    Overall,
    Reading,
    RunFacts,
    SeriesRatio,
    SeriesUse,
    State,
    Unit,
)
from slo.quantities import written
from slo.record import Run
from slo.spec import Specifications
from slo.trust import LIMITS, TrustLimits, distrusts

DEFAULT_CONFIDENCE = 0.95
"""Of the readings that no objective rests on."""


def judge(
    run: Run,
    specifications: Specifications,
    *,
    environment: str,
    strict: bool = False,
    limits: TrustLimits = LIMITS,
) -> Judgement:
    """Judge ``run`` by the budgets that its plan names; raises `SpecError` for an unknown budget or environment."""
    budgets = [specifications.budget(name, environment) for name in dict.fromkeys(run.header.plan.objectives)]
    judged = [
        (
            budget.name,
            objective,
            measure(run, objective.source, workload=objective.workload, confidence=objective.confidence),
        )
        for budget in budgets
        for objective in budget.objectives
    ]
    pairs = [(objective, verdict(objective, reading, budget)) for budget, objective, reading in judged]
    doubts = (*distrusts(run, limits), *_nothing_decides(budgets, pairs), *_target_gone(run, pairs))
    outcome = overall(pairs, doubts)
    return Judgement(
        run=_facts(run),
        budgets=tuple(budget.name for budget in budgets),
        environment=environment,
        overall=outcome,
        headline=_headline(outcome, pairs, doubts),
        exit_code=int(exit_code(outcome, strict=strict)),
        strict=strict,
        verdicts=tuple(each for _, each in pairs),
        distrusts=doubts,
        readings=_readings(run, [(objective, reading) for _, objective, reading in judged]),
    )


def verdict(objective: Objective, reading: Reading, budget: str = "") -> ObjectiveVerdict:
    """What ``reading`` says about ``objective``."""
    state = _state(objective, reading)
    return ObjectiveVerdict(
        name=objective.name,
        budget=budget,
        description=objective.description,
        indicator=reading.title,
        unit=reading.unit,
        state=state,
        reason=_reason(objective, reading, state),
        value=reading.value,
        low=reading.low,
        high=reading.high,
        confidence=reading.confidence,
        events=reading.events,
        effective_events=reading.effective_events,
        min_events=objective.min_events,
        warning=objective.warning,
        critical=objective.critical,
        relative=objective.relative,
        threshold=objective.source.threshold if isinstance(objective.source, SeriesRatio) else None,
        key=objective.key,
        enforced=objective.enforced,
        slo=objective.slo,
    )


def _state(objective: Objective, reading: Reading) -> State:
    if objective.critical is None and objective.warning is None:
        return State.NEEDS_BASE
    if reading.value is None:
        return State.NO_DATA
    if objective.critical is not None:
        ends = (reading.value, *(end for end in (reading.low, reading.high) if end is not None))
        kept = [objective.critical.keeps(end) for end in ends]
        if not any(kept):
            return State.CRITICAL
        if not all(kept):
            return State.INCONCLUSIVE
    if reading.events < objective.min_events:
        return State.INCONCLUSIVE
    if objective.warning is not None and not objective.warning.keeps(reading.value):
        return State.WARNING
    return State.PASSED


def _reason(objective: Objective, reading: Reading, state: State) -> str:
    measured = _measured(reading)
    match state:
        case State.NEEDS_BASE:
            seen = f"; here it is {measured}" if reading.value is not None else ""
            return f"It compares with a base, and this is one run alone{seen}."
        case State.NO_DATA:
            return f"Nothing was measured: {reading.missing}."
        case State.CRITICAL:
            return f"It is {measured}, where {_asked(objective.critical, reading.unit)} is asked for."
        case State.WARNING:
            kept = "" if objective.critical is None else f"; {_asked(objective.critical, reading.unit)} is kept"
            return f"It is {measured}, beyond the warning of {_asked(objective.warning, reading.unit)}{kept}."
        case State.PASSED:
            asked = _asked(objective.critical or objective.warning, reading.unit)
            return f"It is {measured}, where {asked} is asked for."
        case State.INCONCLUSIVE:
            asked = _asked(objective.critical or objective.warning, reading.unit)
            if reading.events < objective.min_events:
                events = f"{reading.events:,} events are fewer than the {objective.min_events:,} it takes to pass"
                return f"It is {measured}, where {asked} is asked for; {events}."
            return f"It is {measured}, which does not decide whether it is {asked}."


def _measured(reading: Reading) -> str:
    if reading.value is None:
        return "unknown"
    value = written(reading.value, reading.unit)
    if reading.low is None or reading.high is None:
        return value
    return f"{value} ({written(reading.low, reading.unit)} to {written(reading.high, reading.unit)})"


def _asked(limit: Limit | None, unit: Unit) -> str:
    if limit is None:
        return "nothing"
    words = "at most" if limit.comparison is Comparison.AT_MOST else "at least"
    return f"{words} {written(limit.value, unit)}"


def _nothing_decides(budgets: Sequence[Budget], judged: Sequence[Judged]) -> tuple[Distrust, ...]:
    if not budgets:
        return (Distrust(code="no-objectives", reason="the plan names no objectives to judge by", evidence={}),)
    if any(objective.enforced and each.state is not State.NEEDS_BASE for objective, each in judged):
        return ()
    reason = "none of the objectives is enforced and can be judged without a base"
    return (Distrust(code="nothing-enforced", reason=reason, evidence={"objectives": len(judged)}),)


def _target_gone(run: Run, judged: Sequence[Judged]) -> tuple[Distrust, ...]:
    """A target that died late enough to miss nothing must not pass for a good one; one that misses is simply missed."""
    gone = run.footer is not None and run.snapshot("judged") is not None and run.snapshot("end") is None
    if not gone or any(misses(*pair) for pair in judged):
        return ()
    reason = "the target gave its counters when the judged part began and none at the end: it is probably gone"
    return (Distrust(code="target-gone", reason=reason, evidence={"snapshots": len(run.snapshots)}),)


def _headline(outcome: Overall, judged: Sequence[Judged], doubts: Sequence[Distrust]) -> str:
    match outcome:
        case Overall.UNJUDGED if doubts:
            return f"The run cannot be judged: {doubts[0].reason}{_more(len(doubts) - 1, 'reason')}."
        case Overall.UNJUDGED:
            named = [pair for pair in judged if pair[0].enforced and pair[1].state is State.NO_DATA]
            return f"The run cannot be judged. {_named(named)}"
        case Overall.MISSED:
            return f"Missed. {_named([pair for pair in judged if misses(*pair)])}"
        case Overall.INCONCLUSIVE:
            named = [pair for pair in judged if pair[0].enforced and pair[1].state is State.INCONCLUSIVE]
            return f"The data do not decide. {_named(named)}"
        case Overall.MET:
            enforced = [each for objective, each in judged if objective.enforced and each.state is not State.NEEDS_BASE]
            warnings = sum(each.state is State.WARNING for each in enforced)
            hint = f", {warnings} with a warning" if warnings else ""
            return f"Met: {_counted(len(enforced), 'enforced objective')}{hint}."


def _named(pairs: Sequence[Judged]) -> str:
    """The first that is key, or else the first that is critical, or else the first; and how many more there are."""
    first = min(pairs, key=lambda pair: (not pair[0].key, pair[1].state is not State.CRITICAL))
    reason = f"{first[1].name}: {first[1].reason}"
    return reason if len(pairs) == 1 else f"{reason.removesuffix('.')}{_more(len(pairs) - 1, 'objective')}."


def _more(count: int, noun: str) -> str:
    return f" (and {_counted(count, f'more {noun}')})" if count else ""


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _facts(run: Run) -> RunFacts:
    cells = list(run.judged())
    plan = run.header.plan
    return RunFacts(
        id=run.header.id,
        started_at=run.header.started_at,
        ended_at=run.footer.ended_at if run.footer else "",
        plan=plan.name,
        plan_description=plan.description,
        arrivals=plan.arrivals,
        planned_seconds=plan.seconds,
        judged_stages=tuple(stage.name for stage in plan.stages if stage.judged),
        judged_seconds=float(len(set(judged_seconds(run)) & {pulse.second for pulse in run.pulses})),
        seed=run.header.seed,
        commit=run.header.commit,
        target=run.header.target,
        machine=run.header.machine,
        requests=sum(cell.requests for cell in cells),
        failures=sum(cell.failures for cell in cells),
    )


def _readings(run: Run, judged: Sequence[tuple[Objective, Reading]]) -> tuple[Reading, ...]:
    """Every figure of the record, then what the objectives read of the server, each once."""
    figures = [figure.measure(run, "", DEFAULT_CONFIDENCE) for figure in FIGURES.values()]
    used = {
        (reading.indicator, reading.title): reading
        for objective, reading in judged
        if isinstance(objective.source, SeriesUse)
    }
    return (*figures, *used.values())
