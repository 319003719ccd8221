"""One plan, whole: its course, its stages, what each workload sends, what it is judged by."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from loadtests import _workloads
from loadtests._planning._catalogue import length
from loadtests._planning._course_drawing import drawing, ends
from loadtests._planning._plan import Plan

_WITHOUT_END = 1e12
"""Requests after which a cache knows all that repeats."""
WIDEST = 100
"""Characters of the drawing on a wide terminal."""


def portrayed(plan: Plan) -> bytes:
    """``plan`` as JSON: what the file says, defaults filled in, and what follows from it."""
    whole = {
        **msgspec.to_builtins(plan),
        "payloads": {workload: _payloads(plan, workload) for workload in plan.mix},
        "shares": plan.shares,
        "seconds": plan.seconds,
        "warm_up_seconds": plan.warm_up_seconds,
        "requests": plan.arrivals_expected(judged_only=False),
        "judged_requests": plan.arrivals_expected(judged_only=True),
        "hit_ratios": {workload: _hit_ratio(plan, workload) for workload in plan.mix},
        "doubts": plan.doubts,
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2)


def portrait(plan: Plan, console: Console) -> None:
    """Print ``plan`` for people."""
    console.print(Text(plan.name, style="bold"), Text(plan.description), soft_wrap=True)
    console.print()
    for line in drawing(plan, min(console.width, WIDEST)):
        console.print(Text(line), no_wrap=True, crop=True)
    console.print()
    console.print(_stages(plan))
    console.print()
    for name, value in _facts(plan):
        console.print(Text(f"{name:<10}", style="dim"), Text(value), soft_wrap=True)


def _stages(plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("stage")
    for name in ("length", "users" if plan.closed else "requests/s", "requests"):
        table.add_column(name, justify="right")
    table.add_column("")
    for stage in plan.stages:
        first, last = ends(plan, stage)
        span = f"{first:,.4g}" if first == last else f"{first:,.4g} → {last:,.4g}"
        notes = [] if stage.judged else ["not judged"]
        notes += [] if stage.side == "both" else [f"{stage.side} alone"]
        requests = sum(plan.rates_of(stage)) / 2.0 * stage.seconds
        table.add_row(
            stage.name, length(stage.seconds), span, _requests(plan, requests), Text(", ".join(notes), style="dim")
        )
    return table


def _facts(plan: Plan) -> Iterator[tuple[str, str]]:
    requests = plan.arrivals_expected(judged_only=False)
    judged = plan.arrivals_expected(judged_only=True)
    yield "in all", f"{length(plan.seconds)}, {_requests(plan, requests)} requests, {_requests(plan, judged)} judged"
    if plan.closed:
        yield "arrivals", f"closed: a user waits for the answer, then {plan.think_seconds:g} s on average"
    else:
        each = f"{plan.users} users for each workload with up to {plan.in_flight} requests under way each"
        yield "arrivals", f"open, {plan.arrivals}; {each}"
    yield "timeout", length(plan.timeout_seconds)
    if plan.cache != "as-is":
        yield "cache", {"cold": "emptied before the judged part", "warm": "filled before the run"}[plan.cache]
    for workload, share in plan.shares.items():
        yield "sends", f"{workload} {share:.4g}" if len(plan.shares) > 1 else workload
        for name, value in _payloads(plan, workload).items():
            if value not in ({}, 0.0):
                yield "", f"  {name} = {_toml(value)}"
        yield "", f"  a cache that never forgets can answer {_hit_ratio(plan, workload):.0%} of it"
    yield "seed", str(plan.seed)
    yield "judged by", ", ".join(plan.objectives) or "nothing: the plan names no objectives"
    for doubt in plan.doubts:
        yield "note", doubt


def _requests(plan: Plan, number: float) -> str:
    """A closed plan's number is the most: as if every answer came at once."""
    if not isfinite(number):
        return "as many as it can"
    return f"{'≤ ' if plan.closed else ''}{number:,.0f}"


def _payloads(plan: Plan, workload: str) -> dict[str, Any]:
    kind = _workloads.payloads_of(workload).Payloads
    table: dict[str, Any] = msgspec.to_builtins(plan.payloads.of(workload, kind), str_keys=True)
    return table


def _hit_ratio(plan: Plan, workload: str) -> float:
    module = _workloads.payloads_of(workload)
    requests = plan.shares[workload] * plan.arrivals_expected(judged_only=False)
    return module.hit_ratio(
        plan.payloads.of(workload, module.Payloads), requests if isfinite(requests) else _WITHOUT_END
    )


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml(inner)}' for key, inner in value.items())} }}"
    return f"{value:g}" if isinstance(value, float) else str(value)
