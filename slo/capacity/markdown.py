"""A capacity test in Markdown, for a pull request or a page of documentation."""

from __future__ import annotations

from collections.abc import Sequence

from slo.capacity import wording
from slo.capacity.model import Agreement, Capacity
from slo.reports.markup import bullets, escaped, table

_STEPS = ("offered", "answered", "p50", "p95", "p99", "in flight", "CPU a request", "outcome")
_RESOURCES = ("resource", "at the lowest rate", "at the highest carried", "at most", "full from")


def render(runs: Sequence[Capacity], agreement: Agreement | None) -> str:
    """The whole, as `tables` has it, under a heading."""
    return f"# Capacity of {escaped(runs[-1].plan)}\n\n{tables(runs, agreement)}\n"


def tables(runs: Sequence[Capacity], agreement: Agreement | None) -> str:
    """Headline, figures, steps and resources of the last of ``runs``; without a heading."""
    found = runs[-1]
    parts = [
        f"**{escaped(found.headline)}** {escaped(found.first_to_saturate)}",
        table(("figure", "value (95 % interval)"), wording.key_figures(found)),
    ]
    if found.scalability is not None:
        parts.append(escaped(found.scalability.reading))
    if agreement is not None:
        numbers = [f"test {number}" for number in range(1, len(agreement.runs) + 1)]
        parts += [escaped(agreement.reading), table(("figure", *numbers, "in common"), wording.agreements(agreement))]
    parts += [table(_STEPS, _rows(found)), table(_RESOURCES, [wording.bound(bound) for bound in found.resources])]
    if found.notes:
        parts.append(bullets(found.notes))
    return "\n\n".join([*parts, escaped(wording.circumstances(found))])


def _rows(found: Capacity) -> list[list[str]]:
    return [
        [*wording.cells(step), f"{wording.SIGNS[step.state]} {step.state.value}"]
        for step in sorted(found.steps, key=lambda each: each.offered_per_s)
    ]
