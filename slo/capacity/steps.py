"""From the run record of a step to what became of it.

Doubt comes first, but not all of it is the generator's fault: arrivals that were dropped while it was neither late nor
out of CPU found too many requests under way, and that is the service that fell behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from slo.capacity import resources
from slo.capacity.flow import flow
from slo.capacity.knee import Seconds
from slo.capacity.model import Step, StepObjective, StepState
from slo.capacity.resources import Place, Sight
from slo.capacity.search import Trial
from slo.evaluate import verdict
from slo.histogram import Histogram
from slo.indicators import judged_seconds, measure
from slo.model import Distrust, Objective, Reading, RunFigure, SeriesRatio, State
from slo.record import OK, Cell, Run
from slo.spec import Specifications
from slo.trust import LIMITS, TrustLimits, distrusts

FOLLOWS = 0.98
"""The share of its arrivals that a service which keeps up answers rightly in the same time; below it, a queue grows."""
LEANING = 0.5
"""The weight of a step that is not decided: half a trial, for the side on which its figures lie."""

_GENERATOR = frozenset(
    {"generator-saturated", "starts-late", "generator-lost", "arrivals-missing", "arrivals-not-started"}
)
_BEHIND = frozenset({"arrivals-dropped", "requests-unaccounted"})
_SERVICE = _BEHIND | {"arrivals-not-started"}
"""Codes of `slo.trust`; one that is in none of these sets spoils a step."""


class Observed(NamedTuple):
    """A step with what its figures rest on."""

    step: Step
    seconds: Seconds
    good: bool
    """Whether the measured values themselves keep every limit, whatever their intervals say."""

    @property
    def follows(self) -> bool:
        """Whether answers followed the arrivals."""
        return self.step.answered_per_s >= FOLLOWS * self.step.arrived_per_s


class _Judged(NamedTuple):
    told: StepObjective
    good: bool
    few: bool
    """Its events are fewer than it takes to pass."""


class Measure(NamedTuple):
    """What every step is judged by."""

    objectives: tuple[tuple[str, Objective], ...]
    """Budgets' names with their objectives."""
    place: Place = Place()
    limits: TrustLimits = LIMITS


def objectives(
    specifications: Specifications, budgets: Sequence[str], environment: str, mix: Mapping[str, float]
) -> tuple[tuple[str, Objective], ...]:
    """Those that decide whether a rate is carried: enforced limits on what requests experience.

    Resources are told apart from them, and what a duty costs does not depend on the rate. Raises `SpecError`.
    """
    return tuple(
        (name, objective)
        for name in dict.fromkeys(budgets)
        for objective in specifications.budget(name, environment).objectives
        if objective.enforced
        and objective.critical is not None
        and isinstance(objective.source, SeriesRatio | RunFigure)
        and (not objective.workload or objective.workload in mix)
    )


def observe(run: Run, sights: Sequence[Sight], by: Measure, *, number: int, record: str) -> Observed:
    """What became of the step in ``run``."""
    inside = judged_seconds(run)
    cells = [cell for cell in run.judged() if cell.second in set(inside)]
    seconds = _by_second(inside, cells, run.header.plan.stages[-1].rate_from)
    lasted = max(len(inside), 1)
    latency = Histogram.merged(Histogram.decode(cell.latency) for cell in cells)
    requests, right = sum(cell.requests for cell in cells), float(seconds.answers.sum())
    moved = flow(run.cells, inside)
    answered = float(moved.left.sum()) / lasted
    generator = _generator(run, inside)
    judged = tuple(_judged(run, budget, objective) for budget, objective in by.objectives)
    doubts = distrusts(run, by.limits)
    arrived = sum(pulse.intended for pulse in run.pulses if pulse.second in set(inside)) / lasted
    state, reason = _state(judged, doubts, follows=answered >= FOLLOWS * arrived)
    cpu = resources.cpu_per_request(run)
    step = Step(
        number=number,
        offered_per_s=seconds.rate,
        arrived_per_s=arrived,
        answered_per_s=answered,
        requests=requests,
        failed_ratio=1 - right / requests if requests else 0.0,
        in_flight=float(moved.inside.sum()) / lasted,
        time_ms=1000 * float(seconds.time.sum()) / right if right else 0.0,
        p50_ms=latency.quantile(0.5) * 1000,
        p95_ms=latency.quantile(0.95) * 1000,
        p99_ms=latency.quantile(0.99) * 1000,
        cpu_ms_per_request=None if cpu is None else cpu * 1000,
        generator_cpu=generator,
        uses=resources.uses(run, sights, by.place, rate=answered + (requests - right) / lasted, generator=generator),
        state=state,
        reason=reason,
        objectives=tuple(each.told for each in judged),
        record=record,
    )
    return Observed(step, seconds, good=all(each.good for each in judged))


def trial(observed: Observed) -> Trial:
    """What the search learns from a step; one that decides nothing weighs nothing."""
    rate = observed.step.offered_per_s
    match observed.step.state:
        case StepState.CARRIED:
            return Trial(rate, carried=True)
        case StepState.BROKEN:
            return Trial(rate, carried=False)
        case StepState.UNDECIDED:
            return Trial(rate, carried=observed.good, weight=LEANING)
        case _:
            return Trial(rate, carried=True, weight=0.0)


def _by_second(inside: Sequence[int], cells: Sequence[Cell], rate: float) -> Seconds:
    place = {second: index for index, second in enumerate(inside)}
    answers, time = np.zeros(len(inside)), np.zeros(len(inside))
    for cell in cells:
        right = cell.outcomes.get(OK, 0)
        answers[place[cell.second]] += right
        time[place[cell.second]] += right * Histogram.decode(cell.service).mean
    return Seconds(rate, answers, time)


def _generator(run: Run, inside: Sequence[int]) -> float:
    """The busiest process: the share of a core that it used or waited for."""
    by_process: dict[str, list[float]] = {}
    for pulse in run.pulses:
        if pulse.second in set(inside):
            by_process.setdefault(pulse.generator, []).append(pulse.cpu + pulse.waiting)
    return max((sum(values) / len(values) for values in by_process.values()), default=0.0)


def _judged(run: Run, budget: str, objective: Objective) -> _Judged:
    reading = measure(run, objective.source, workload=objective.workload, confidence=objective.confidence)
    found = verdict(objective, reading, budget)
    told = StepObjective(name=objective.name, budget=budget, state=found.state, reason=found.reason)
    return _Judged(told, _good(objective, reading), reading.events < objective.min_events)


def _good(objective: Objective, reading: Reading) -> bool:
    return reading.value is not None and objective.critical is not None and objective.critical.keeps(reading.value)


def _state(judged: Sequence[_Judged], doubts: Sequence[Distrust], *, follows: bool) -> tuple[StepState, str]:
    """The step's state and the sentence that says why."""
    codes = {doubt.code for doubt in doubts}
    if codes and not (codes & _BEHIND and codes <= _SERVICE):
        doubt = next((doubt for doubt in doubts if doubt.code in _GENERATOR), doubts[0])
        return StepState.GENERATOR if doubt.code in _GENERATOR else StepState.SPOILT, f"{doubt.reason}."
    missed = [each for each in judged if each.told.state in (State.CRITICAL, State.NO_DATA)]
    if missed:
        return StepState.BROKEN, f"{missed[0].told.name}: {missed[0].told.reason}"
    if codes or not follows:
        why = doubts[0].reason if doubts else "its answers no longer follow the arrivals"
        return StepState.BROKEN, f"The service fell behind: {why}."
    undecided = [each for each in judged if each.told.state is State.INCONCLUSIVE]
    if not undecided:
        return StepState.CARRIED, "Every objective holds."
    first = min(undecided, key=lambda each: (each.few, each.good))
    state = StepState.TOO_FEW if all(each.few and each.good for each in undecided) else StepState.UNDECIDED
    return state, f"{first.told.name}: {first.told.reason}"
