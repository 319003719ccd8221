"""The table of all plans, made from their files.

``python -m loadtests._planning._plan_table docs/plans.md`` writes it.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from loadtests import _workloads
from loadtests._planning import _plan
from loadtests._planning._plan import Plan

BEGIN = "<!-- plans: written by `python -m loadtests._planning._plan_table docs/plans.md` -->"
END = "<!-- /plans -->"


def table() -> str:
    """All plans as a Markdown table."""
    head = ("plan", "what it is for", "arrivals", "length", "load", "warm-up", "requests", "repeated", "judged by")
    rows = [head, ("---",) * len(head), *(_row(_plan.load(name)) for name in _plan.names())]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def renewed(page: str) -> str:
    """``page`` with the present table between its two marks; raises ValueError where these are missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"there is no place for the table: {BEGIN} and {END} are missing")
    return f"{before}{BEGIN}\n\n{table()}\n{END}{after}"


def _row(plan: Plan) -> tuple[str, ...]:
    return (
        f"`{plan.name}`",
        plan.description,
        {"poisson": "Poisson", "constant": "constant"}.get(plan.arrivals, plan.arrivals),
        _length(plan.seconds),
        _load(plan),
        _length(plan.warm_up_seconds),
        f"{'≤ ' if plan.closed else ''}{plan.arrivals_expected(judged_only=True):,.0f}",
        f"{_repeated(plan):.0%}",
        ", ".join(f"`{name}`" for name in plan.objectives),
    )


def _load(plan: Plan) -> str:
    """The judged stages' rates, or users, in their order."""
    unit = " users" if plan.closed else "/s"
    stages = (stage for stage in plan.stages if stage.judged)
    ends = [stage.users_or(plan.users) if plan.closed else stage.rates for stage in stages]
    spans = [f"{first:g}" if first == last else f"{first:g}–{last:g}" for first, last in ends]
    return ", ".join(spans) + unit


def _repeated(plan: Plan) -> float:
    """The share of items that an endless cache is expected to answer, over all workloads by their shares."""
    total = math.inf if plan.cache == "warm" else plan.arrivals_expected(judged_only=plan.cache == "cold")
    ratio = 0.0
    for workload, share in plan.shares.items():
        module = _workloads.payloads_of(workload)
        ratio += share * module.hit_ratio(plan.payloads.of(workload, module.Payloads), share * total)
    return ratio


def _length(seconds: float) -> str:
    for size, unit in ((3600.0, "h"), (60.0, "min")):
        if seconds >= size and seconds % (size / 2) == 0.0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
