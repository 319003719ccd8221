"""From the steps of a survey to a `Capacity`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from slo import stats
from slo.capacity import costs, knee, resources, scalability
from slo.capacity.model import (
    FORMAT,
    Capacity,
    Cost,
    EndedBy,
    Estimate,
    Scalability,
    Scaling,
    Step,
    StepState,
)
from slo.capacity.scalability import Point
from slo.capacity.steps import Observed
from slo.capacity.survey import NotLoadedError, Setting
from slo.model import State
from slo.record import Header

CONFIDENCE = 0.95
MOST_FAILED = 0.05
"""Steps with more failures stay out of the curve: what is refused takes time from what is answered, so the two do not
share one throughput."""
_UNUSABLE = (StepState.GENERATOR, StepState.SPOILT)
_BOOTSTRAP_SEED = 20_110_620


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a survey leaves: its setting, the first record's header, the steps, and what the search concluded."""

    setting: Setting
    header: Header
    observed: tuple[Observed, ...]
    estimate: stats.Estimate | None
    """Of the sustainable rate; None where no step was too high."""
    carried: float
    ceiling: float
    """The lowest rate the generator could not send; infinite where it sent all."""
    environment: str
    price_per_hour: float | None = None


def summarise(found: Found) -> Capacity:
    """The whole; raises `NotLoadedError` when no step says anything of the service."""
    steps = tuple(each.step for each in found.observed)
    if all(step.state in _UNUSABLE for step in steps):
        raise NotLoadedError(f"no step says anything of the service: {steps[0].reason if steps else 'none was run'}")
    broken = [step for step in steps if step.state is StepState.BROKEN]
    ended_by = _ended_by(found)
    sustainable = _sustainable(found, ended_by)
    curve = scalability.scalability(_points(found.observed), CONFIDENCE)
    random = np.random.default_rng(_BOOTSTRAP_SEED)
    elbow = knee.elbow([each.seconds for each in found.observed if _follows(each)], CONFIDENCE, random)
    bounds = resources.bounds(steps)
    safe = sustainable.low or sustainable.value or 0.0
    scaled = _scaling(found, steps, curve, safe) if safe else None
    plan, header = found.header.plan, found.header
    return Capacity(
        format=FORMAT,
        plan=found.setting.name,
        mix=plan.mix,
        budgets=tuple(dict.fromkeys(name for name, _ in found.setting.measure.objectives)),
        environment=found.environment,
        started_at=header.started_at,
        seed=found.setting.seed,
        commit=header.commit,
        target=header.target,
        machine=header.machine,
        settle_seconds=found.setting.course.settle_seconds,
        step_seconds=found.setting.course.step_seconds,
        confidence=CONFIDENCE,
        ended_by=ended_by,
        headline=_headline(sustainable, ended_by),
        notes=_notes(steps, curve),
        sustainable_per_s=sustainable,
        highest_carried_per_s=found.carried or None,
        lowest_broken_per_s=min((step.offered_per_s for step in broken), default=None),
        limited_by=_limited_by(broken),
        elbow_per_s=elbow,
        scalability=curve,
        first_to_saturate=resources.first_to_saturate(bounds),
        resources=bounds,
        cost=_cost(found, steps, scaled, sustainable),
        scaling=scaled,
        steps=steps,
    )


def _ended_by(found: Found) -> EndedBy:
    if found.estimate is not None:
        return "objectives"
    return "generator" if found.ceiling < float("inf") else "range"


def _sustainable(found: Found, ended_by: EndedBy) -> Estimate:
    """Without a step that broke there is a lower bound and no upper one; without one that held, an upper one alone."""
    if ended_by != "objectives" or found.estimate is None:
        value = found.carried or None
        return Estimate(value=value, low=value, high=None)
    if not found.carried:
        return Estimate(value=None, low=None, high=found.estimate.high)
    return Estimate(value=found.estimate.value, low=found.estimate.low, high=found.estimate.high)


def _follows(observed: Observed) -> bool:
    return observed.follows and observed.step.state not in _UNUSABLE


def _points(observed: Sequence[Observed]) -> list[Point]:
    steps = [each.step for each in observed]
    return [
        Point(step.in_flight, step.answered_per_s)
        for step in steps
        if step.state not in _UNUSABLE and step.failed_ratio <= MOST_FAILED and step.in_flight > 0
    ]


def _scaling(found: Found, steps: Sequence[Step], curve: Scalability | None, safe: float) -> Scaling:
    at = None if curve is None else curve.knee_per_s.value
    workers = found.header.target.workers or 1
    return costs.scaling([step for step in steps if step.state not in _UNUSABLE], at, safe, workers)


def _cost(found: Found, steps: Sequence[Step], scaled: Scaling | None, sustainable: Estimate) -> Cost | None:
    if scaled is None or sustainable.value is None:
        return None
    return costs.cost(steps, scaled.target_per_s, sustainable.value, found.price_per_hour, CONFIDENCE)


def _limited_by(broken: Sequence[Step]) -> str:
    """The objective that the lowest broken step missed, or why it broke."""
    if not broken:
        return ""
    first = min(broken, key=lambda step: step.offered_per_s)
    missed = [each for each in first.objectives if each.state in (State.CRITICAL, State.NO_DATA)]
    return f"{missed[0].budget}: {missed[0].name}" if missed else first.reason


def _headline(sustainable: Estimate, ended_by: EndedBy) -> str:
    if sustainable.value is None and ended_by != "objectives":
        return "No step that the service itself shaped decides anything: let the steps last longer."
    if sustainable.value is None:
        below = "" if sustainable.high is None else f" They break below {sustainable.high:,.0f} requests/s."
        return f"No rate that was tried keeps the objectives.{below}"
    if ended_by == "objectives" and sustainable.low is not None and sustainable.high is not None:
        interval = f"{sustainable.low:,.0f} to {sustainable.high:,.0f}"
        return f"The service carries {sustainable.value:,.0f} requests/s under its objectives ({interval})."
    why = "the generator ended it" if ended_by == "generator" else "the range asked for ended it"
    return f"The service carries at least {sustainable.value:,.0f} requests/s; {why}."


def _notes(steps: Sequence[Step], curve: Scalability | None) -> tuple[str, ...]:
    notes = []
    for state, what in (
        (StepState.GENERATOR, "Steps that tell nothing of the service, because the generator was the bottleneck"),
        (StepState.SPOILT, "Steps that tell nothing, because something else disturbed them"),
        (StepState.UNDECIDED, "Steps that lie too close to a limit to decide, and weigh half"),
        (StepState.TOO_FEW, "Steps with too few requests to decide, which weigh nothing"),
    ):
        count = sum(step.state is state for step in steps)
        if count:
            notes.append(f"{what}: {count} of {len(steps)}.")
    usable = [step for step in steps if step.state not in _UNUSABLE]
    failed = sum(step.failed_ratio > MOST_FAILED for step in usable)
    if failed:
        notes.append(f"Steps with more than {MOST_FAILED:.0%} failures, which the curve leaves out: {failed}.")
    if curve is None:
        notes.append("Too few steps, or too much alike, for a scalability curve.")
    return tuple(notes)
