"""The duel as one HTML page."""

from __future__ import annotations

import base64
import math
from urllib.parse import quote

import msgspec

from slo.duel.model import Culprit, Distribution, Duel, Finding, Outcome
from slo.histogram import Histogram
from slo.model import Unit
from slo.reports import page, wording
from slo.reports.duel import facts, findings, forest, guilt, knowledge, launches, outcomes
from slo.reports.duel.scale import Scale
from slo.reports.figures.distribution import bars

_PER_DECADE = 40
"""Each bar of a distribution is about 6 % wider than the one before."""
_MARKS = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A quantile of both sides."""

    label: str
    base_ms: float
    head_ms: float


class Overlay(msgspec.Struct, frozen=True, kw_only=True):
    """The latencies of one workload: the share of requests between each edge and the next; the last share is 0."""

    edges_ms: tuple[float, ...]
    base: tuple[float, ...]
    head: tuple[float, ...]
    marks: tuple[Mark, ...]


class ChartData(msgspec.Struct, frozen=True, kw_only=True):
    """What the page's script draws."""

    overlays: tuple[Overlay, ...]


def render(duel: Duel, drawing: bytes = b"") -> str:
    """The page; ``drawing`` is the flame graph to be seen on it, as SVG."""
    drawn = [(each.workload, overlay) for each in duel.distributions if (overlay := _overlay(each))]
    scales = forest.scales(duel.findings)
    panels = [panel for each in duel.findings if (panel := launches.panel(each))]
    return page.render(
        "duel.html.j2",
        script="duel.js",
        styles=("duel.css",),
        data=ChartData(overlays=tuple(overlay for _, overlay in drawn)),
        look=outcomes.LOOKS[duel.outcome],
        heading=outcomes.HEADINGS[duel.outcome],
        headline=page.together(wording.plain(duel.headline)),
        tally=outcomes.tally(duel),
        plan=wording.plain(duel.samples.plan),
        started=page.moment(duel.samples.started_at),
        invalid=duel.outcome is Outcome.INVALID,
        figures=_figures(duel),
        doubts=[page.together(each) for each in facts.doubts(duel)],
        expired=[wording.plain(each) for each in duel.expired],
        axis=forest.ticks(scales[False], Unit.COUNT),
        rows=[_row(each, scales[each.unit is Unit.RATIO]) for each in duel.findings],
        culprits=[_culprit(each) for each in duel.culprits],
        blind=[wording.plain(each) for each in duel.blind],
        flame_graphs=[(wording.plain(title), f"./{quote(file)}") for title, file in duel.flame_graphs],
        drawing=base64.b64encode(drawing).decode(),
        workloads=[workload for workload, _ in drawn],
        panels=panels,
        size=(launches.WIDTH, launches.HEIGHT),
        knowledge=[page.together(each) for each in knowledge.sentences(duel)],
        sights=knowledge.sights(duel),
        facts=facts.facts(duel),
        exit_code=duel.exit_code,
        exits=outcomes.exit_codes(duel),
    )


def _figures(duel: Duel) -> list[dict[str, str]]:
    base, head = facts.requests(duel)
    windows = max((sum(map(len, each.launches)) for each in duel.samples.series), default=0)
    found = [
        ("Base", wording.plain(duel.samples.base.name), wording.commit(duel.samples.base.commit)),
        ("Head", wording.plain(duel.samples.head.name), wording.commit(duel.samples.head.commit)),
        ("Launches", str(facts.launches(duel)), f"{windows} windows, start order swapped"),
        ("Requests", f"{base + head:,}", f"{base:,} to base, {head:,} to head"),
        ("Took", wording.clock(duel.samples.seconds), f"rhythm {duel.samples.rhythm}"),
    ]
    return [{"label": label, "value": value, "note": wording.plain(note)} for label, value, note in found]


def _row(finding: Finding, scale: Scale) -> dict[str, object]:
    return {
        "name": findings.name(finding),
        "metric": finding.metric,
        "enforced": finding.enforced,
        "exact": finding.exact,
        "base": page.together(findings.value(finding, finding.base)),
        "head": page.together(findings.value(finding, finding.head)),
        "change": page.together(findings.change(finding)),
        "budget": page.together(findings.limits(finding)),
        "chance": findings.chance(finding),
        "branch": forest.branch(finding, scale),
        "points": finding.unit is Unit.RATIO,
        "look": outcomes.LOOKS[finding.outcome],
        "word": wording.capitalised(outcomes.WORDS[finding.outcome]),
        "notes": [page.together(each) for each in findings.notes(finding)],
    }


def _culprit(culprit: Culprit) -> dict[str, object]:
    return {
        "function": wording.plain(culprit.function),
        "kind": guilt.KINDS[culprit.kind],
        "place": guilt.place(culprit),
        "detail": wording.plain(culprit.detail),
        "costs": guilt.costs(culprit),
        "rise": guilt.rise(culprit),
        "explains": guilt.explains(culprit),
        "width": round(min(max(culprit.explains, 0.0), 1.0) * 100, 1),
        "calls": guilt.calls(culprit),
        "memory": guilt.memory(culprit),
        "touch": guilt.touch(culprit),
        "touched": culprit.touched or bool(culprit.touched_callees),
    }


def _overlay(distribution: Distribution) -> Overlay | None:
    """Both histograms on the same edges; nothing unless both sides have answered."""
    base, head = Histogram.decode(distribution.base), Histogram.decode(distribution.head)
    if not base.count or not head.count:
        return None
    of_base, of_head = ({bar.over_ms: bar for bar in bars(each, _PER_DECADE)} for each in (base, head))
    every = {**of_base, **of_head}
    edges = sorted({*every, *(bar.to_ms for bar in every.values())})
    return Overlay(
        edges_ms=tuple(edges),
        base=tuple(of_base[edge].requests / base.count if edge in of_base else 0.0 for edge in edges),
        head=tuple(of_head[edge].requests / head.count if edge in of_head else 0.0 for edge in edges),
        marks=tuple(
            Mark(label=label, base_ms=base.quantile(fraction) * 1000, head_ms=head.quantile(fraction) * 1000)
            for fraction, label in _MARKS
            if math.floor(min(base.count, head.count) * (1 - fraction)) >= 1
        ),
    )
