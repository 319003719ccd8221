"""The plans of a duel's launch, made from any plan: what it sends, in the order in which two sides are compared.

    open      warm-up ─ mixed ─ blocks A B B A, A B B A …     Poisson arrivals at one rate
    closed    warm-up ─ blocks A B B A …                      users who do not pause: what a side can do at most

In *mixed* stages every pair of requests goes to both sides, so that they share each moment of the machine; in a *block*
one side has all requests, so that no queue of the other delays its own. A B B A cancels whatever drifts steadily.
"""

from __future__ import annotations

import tomllib
from typing import Literal

import msgspec

from loadtests._planning._plan import Plan, PlanInvalidError, parse
from loadtests._planning._stages import SHORTEST_SECONDS, PlanStage
from loadtests._planning._writing import written

Side = Literal["base", "head"]

WARM_UP = "warm-up"
MIXED = "mixed"
CLOSED_WARM_UP_SECONDS = SHORTEST_SECONDS
_FEWEST_USERS = 8


def duel_plans(
    plan: Plan,
    *,
    seed: int,
    first: Side,
    warm_up_seconds: float,
    mixed_seconds: float,
    block_seconds: float,
    block_rounds: int,
    closed_seconds: float,
    closed_rounds: int,
    users: int,
) -> tuple[Plan, Plan]:
    """The open and the closed plan of one launch, with the mix and the payloads of ``plan``.

    The open one has Poisson arrivals at `steady_rate` of ``plan``, whatever its stages and arrivals; the closed one
    has ``users`` users of all workloads who do not pause, and finds the caches as the open one left them. The first
    block of every round is of the side ``first``. Seconds are those of a stage, of a block each. Raises
    `PlanInvalidError`, also when ``plan`` has no rate of its own.
    """
    rate = steady_rate(plan)
    opened = msgspec.structs.replace(
        plan,
        name=f"{plan.name}-duel",
        arrivals="poisson",
        users=_FEWEST_USERS if plan.closed else plan.users,
        stages=(
            PlanStage(name=WARM_UP, seconds=warm_up_seconds, rate=rate, judged=False),
            PlanStage(name=MIXED, seconds=mixed_seconds, rate=rate),
            *_blocks(first, block_rounds, block_seconds, rate),
        ),
    )
    closed = msgspec.structs.replace(
        plan,
        name=f"{plan.name}-duel-closed",
        arrivals="closed",
        users=users,
        think_seconds=0.0,
        cache="as-is",
        stages=(
            PlanStage(name=WARM_UP, seconds=CLOSED_WARM_UP_SECONDS, judged=False),
            *_blocks(first, closed_rounds, closed_seconds),
        ),
    )
    return _sown(opened, seed), _sown(closed, seed)


def steady_rate(plan: Plan) -> float:
    """Arrivals a second that a duel takes from ``plan``: the highest that a judged stage keeps to.

    Where all of them ramp it is the highest mean of one; of a closed plan it is what its users reach if every answer
    comes at once. Raises `PlanInvalidError` where that is no rate: users who do not pause have none.
    """
    judged = [plan.rates_of(stage) for stage in plan.stages if stage.judged]
    kept = [rates for rates in judged if rates[0] == rates[1]] or judged
    rate = max((begin + end) / 2.0 for begin, end in kept)
    if not 0.0 < rate < float("inf"):
        raise PlanInvalidError(
            f"plan {plan.name!r} has no rate that a duel could keep to: its users do not pause"
            if rate
            else f"plan {plan.name!r} has no rate that a duel could keep to: it is 0 wherever it is steady and judged"
        )
    return rate


def block_sides(first: Side, rounds: int) -> dict[str, Side]:
    """The blocks of a run by their names, in order: A B B A for each of ``rounds``, A being ``first``."""
    second: Side = "head" if first == "base" else "base"
    order: tuple[Side, ...] = (first, second, second, first) * rounds
    return {f"block-{number}-{side}": side for number, side in enumerate(order, start=1)}


def _blocks(first: Side, rounds: int, seconds: float, rate: float | None = None) -> tuple[PlanStage, ...]:
    return tuple(
        PlanStage(name=name, seconds=seconds, rate=rate, side=side) for name, side in block_sides(first, rounds).items()
    )


def _sown(plan: Plan, seed: int) -> Plan:
    """With ``seed``, and as it will be once it was a file: judged by the same rules as those that people write."""
    plan = msgspec.structs.replace(plan, seed=seed, source="", time_scale=1.0, rate_scale=1.0)
    return parse(tomllib.loads(written(plan)), name=plan.name, shown=f"the duel of plan {plan.name!r}")
